import Glibc
import Testing

@testable import MusterServer

/// Who reads the log may stand still: a journal that restarts, a pipe into a program that hangs.
struct StuckLogTests {
    @Test(.timeLimit(.minutes(20)))
    func `a log that nobody reads costs lines and holds nobody up`() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { ends.forEach { _ = close($0) } }
        // More than a pipe holds, and blocking for ever before.
        let output = LogOutput(fileDescriptor: ends[1])
        for _ in 0..<2_000 { output.write(Array(repeating: UInt8(ascii: "x"), count: 99)) }

        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        let held = read(ends[0], &buffer, buffer.count)
        #expect(held > 50_000 && held < 200_000)
        output.write(Array("it goes on".utf8))
        let next = read(ends[0], &buffer, buffer.count)
        #expect(buffer[..<next].elementsEqual("it goes on\n".utf8))
    }
}
