import FoundationEssentials
import IncidentDomain
import Logging

/// Makes a PDF of a page by a program of the machine that reads HTML and writes PDF, as WeasyPrint does with `weasyprint - -`. Nothing in our pages
/// is fetched from anywhere.
struct PDFProgram: Sendable {
    private let program: ExternalProgram?
    private let name: String
    private let timeout: Duration
    private let logger: Logger

    /// A program of that kind takes a core and a few hundred megabytes: one runs at a time, and a few wait.
    private static let turns = Turns(max: 1, waitingMax: 8, patience: .seconds(60))
    private static let bytesMax = 32 << 20
    /// Where Debian and most others put it.
    private static let usual = "/usr/bin/weasyprint"

    /// What it may take, also when the daemon is not there any more to end it: 2 GB and a minute of a core.
    private static var limits: [String] {
        let tool = "/usr/bin/prlimit"
        guard FileManager.default.isExecutableFile(atPath: tool) else { return [] }
        return [tool, "--as=2000000000", "--cpu=60", "--"]
    }

    /// - Parameter command: The program's path and its arguments; nil takes WeasyPrint if it is installed.
    init(command: [String]?, timeout: Duration = .seconds(60), logger: Logger) {
        let found = FileManager.default.isExecutableFile(atPath: Self.usual) ? [Self.usual, "-q", "-", "-"] : nil
        let command = command ?? found
        program = command.map {
            ExternalProgram(
                command: Self.limits + $0,
                environment: ["LANG": "C.UTF-8", "HOME": FileManager.default.temporaryDirectory.path])
        }
        name = command?.first ?? ""
        self.timeout = timeout
        self.logger = logger
    }

    /// - Throws: `Problem` 501 when no program is there, 503 when too many wait, 500 when it fails.
    func pdf(of html: [UInt8]) async throws -> [UInt8] {
        guard let program else {
            throw Problem(
                .pdfUnavailable,
                "No program that makes PDF is installed. Install WeasyPrint (Debian: apt install weasyprint), or set reviews.pdf_command, "
                    + "and restart; or print review.html from a browser.")
        }
        return try await Self.turns.take {
            do {
                let ended = try await program.run(html, outputMax: Self.bytesMax, within: timeout)
                guard ended.exitCode == 0, ended.output.starts(with: Array("%PDF-".utf8)) else {
                    throw failed(
                        "it \(ended.exitCode.map { "exited with \($0)" } ?? "was killed"): \(ForeignText.cut(ended.said.onOneLine, scalars: 500))"
                    )
                }
                return ended.output
            } catch ExternalProgram.Fault.tooSlow {
                throw failed("it did not end within \(timeout)")
            } catch ExternalProgram.Fault.cannotRun(let why) {
                throw failed(why)
            }
        }
    }

    /// What exactly it was is for the log: it can name paths.
    private func failed(_ why: String) -> Problem {
        logger.error("PDF program failed", metadata: ["program": "\(name)", "reason": "\(why)"])
        return Problem(
            .pdfFailed, "\(name) did not make a PDF; the log says why. Print review.html from a browser instead.")
    }
}
