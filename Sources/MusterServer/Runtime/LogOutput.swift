import Glibc

/// Where log lines go: a file descriptor, normally standard error.
///
/// One write(2) a line, so that lines of several threads do not mix (a pipe keeps up to 4096 bytes together), and no
/// buffer that a crash could lose. A reader that is too slow costs lines, not answers, when the descriptor does not block.
struct LogOutput: Sendable {
    let fileDescriptor: Int32

    static let standardError = LogOutput(fileDescriptor: STDERR_FILENO)

    /// Longer lines are cut: a log is no place for documents.
    static let lineBytesMax = 32 * 1024

    /// Writes one line, which has no line end yet.
    func write(_ line: [UInt8]) {
        var bytes = line.count > Self.lineBytesMax ? Array(line.prefix(Self.lineBytesMax)) : line
        bytes.append(UInt8(ascii: "\n"))
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(fileDescriptor, buffer.baseAddress! + written, buffer.count - written)
            }
            if count >= 0 {
                written += count
            } else if errno != EINTR {
                // Nowhere to complain to: the log itself is gone.
                return
            }
        }
    }
}
