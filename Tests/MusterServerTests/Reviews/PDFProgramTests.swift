import TestSupport
import Testing

@testable import MusterServer

/// The program that makes PDF, played by shells that end as programs do, and WeasyPrint itself.
@Suite(.timeLimit(.minutes(20))) struct PDFProgramTests {
    private static func program(_ script: String, timeout: Duration = .seconds(20)) -> PDFProgram {
        PDFProgram(command: ["/bin/sh", "-c", script], timeout: timeout, logger: TestServer.quietLogger)
    }

    private static func problem(_ program: PDFProgram) async -> ProblemKind? {
        do {
            _ = try await program.pdf(of: Array("<p>x</p>".utf8))
            return nil
        } catch {
            return (error as? Problem)?.kind
        }
    }

    @Test func `the page is its input, and what it writes is the document`() async throws {
        let program = Self.program("printf '%%PDF-1.7 '; cat; echo warning >&2")
        let pdf = try await program.pdf(of: Array("<p>INC-42</p>".utf8))
        #expect(String(decoding: pdf, as: UTF8.self) == "%PDF-1.7 <p>INC-42</p>")
    }

    @Test(arguments: [
        "exit 1", "echo no document", "kill -9 $$", "printf '%%PDF-'; head -c 40000000 /dev/zero", "exec cat /dev/zero",
    ])
    func `one that fails, writes something else or too much makes no document`(_ script: String) async {
        #expect(await Self.problem(Self.program(script)) == .pdfFailed)
    }

    @Test func `one that hangs is ended`() async {
        let clock = ContinuousClock()
        let start = clock.now
        #expect(await Self.problem(Self.program("sleep 300", timeout: .milliseconds(300))) == .pdfFailed)
        #expect(clock.now - start < .seconds(200), "it would sleep for 300 seconds")
    }

    @Test func `one that is not there says what to install`() async {
        let missing = PDFProgram(command: ["/nowhere/weasyprint"], logger: TestServer.quietLogger)
        #expect(await Self.problem(missing) == .pdfFailed)
        #expect(ProblemKind.pdfUnavailable.explanation.contains("apt install weasyprint"))
    }

    @Test func `WeasyPrint prints the sample review, on several pages`() async throws {
        let program = PDFProgram(command: nil, logger: TestServer.quietLogger)
        let page = ReviewHTML.render(ReviewRenderingTests.Moment.closed.document)
        let pdf = try await program.pdf(of: Array(page.utf8))
        #expect(pdf.starts(with: Array("%PDF-".utf8)) && pdf.count > 20_000)
    }
}

struct UnbrokenUnitTests {
    @Test(arguments: [
        ("after 2 h 3 min", "after 2~h 3~min"), ("17 s", "17~s"), ("100 % back", "100~% back"), ("4 days", "4 days"),
        ("1 second", "1 second"), ("3 d 4 h", "3~d 4~h"), ("x d", "x d"), ("5 h2", "5 h2"), ("", ""), ("9", "9"),
        ("9 ", "9 "),
    ])
    func `a number and its unit stay on one line`(_ text: String, _ expected: String) {
        #expect(text.withUnbrokenUnits == expected.replacing("~", with: "\u{A0}"))
    }
}
