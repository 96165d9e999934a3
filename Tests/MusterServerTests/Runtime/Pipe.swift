import Glibc

/// A pipe of the kernel's, closed with the last reference.
final class Pipe {
    struct Failure: Error {}

    private var readEnd: Int32
    let writeEnd: Int32

    init() throws {
        // Writing into a pipe that nobody reads is to be an error, as it is in the daemon, and no signal.
        signal(SIGPIPE, SIG_IGN)
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw Failure() }
        readEnd = ends[0]
        writeEnd = ends[1]
    }

    deinit {
        closeReadEnd()
        close(writeEnd)
    }

    /// What stands in the pipe now.
    func read() -> String {
        var bytes = [UInt8](repeating: 0, count: 1 << 17)
        let count = Glibc.read(readEnd, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    func closeReadEnd() {
        if readEnd >= 0 { close(readEnd) }
        readEnd = -1
    }
}
