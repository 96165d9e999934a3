import Glibc
import Logging
import Synchronization

/// Where log lines go: a file descriptor, normally standard error.
///
/// One write(2) a line, so that lines of several threads do not mix (a pipe keeps up to 4096 bytes together), and no
/// buffer that a crash could lose. A reader that is too slow costs lines, not answers.
struct LogOutput: Sendable {
    let fileDescriptor: Int32
    /// Whether journald reads: it keeps the time of each line itself, and takes its priority from a prefix.
    var isJournal = false

    static let standardError = LogOutput(fileDescriptor: STDERR_FILENO)

    /// Standard error, which is journald's when `JOURNAL_STREAM` names the very file that it is.
    static func standardError(environment: [String: String]) -> LogOutput {
        var output = standardError
        var info = stat()
        if let stream = environment["JOURNAL_STREAM"], fstat(STDERR_FILENO, &info) == 0 {
            output.isJournal = stream == "\(info.st_dev):\(info.st_ino)"
        }
        return output
    }

    /// Whether the last line found no room. One thread at a time looks for room and writes, or two would share the same room.
    private static let isStuck = Mutex(false)
    /// How long a line waits for a reader that is behind. While the reader stands still, only the first one waits.
    private static let patienceMilliseconds: Int32 = 100
    /// A pipe or socket that takes anything takes this much without blocking.
    private static let chunkBytesMax = 4_096

    /// Longer lines are cut: a log is no place for documents.
    static let lineBytesMax = 32 * 1024

    /// Writes one line, which has no line end yet, with its priority if journald reads.
    func write(_ line: [UInt8], _ level: Logger.Level) {
        write(line, after: isJournal ? Array("<\(level.journalPriority)>".utf8) : [])
    }

    /// Writes one line, which has no line end yet.
    func write(_ line: [UInt8], after prefix: [UInt8] = []) {
        var bytes = prefix + line.prefix(Self.lineBytesMax)
        bytes.append(UInt8(ascii: "\n"))
        Self.isStuck.withLock { isStuck in
            var written = 0
            while written < bytes.count {
                isStuck = !hasRoom(within: isStuck ? 0 : Self.patienceMilliseconds)
                if isStuck { return }
                let count = bytes.withUnsafeBytes { buffer in
                    Glibc.write(
                        fileDescriptor, buffer.baseAddress! + written, min(buffer.count - written, Self.chunkBytesMax))
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

    /// A descriptor that is broken has room: the write then says so.
    private func hasRoom(within milliseconds: Int32) -> Bool {
        var waited = pollfd(fd: fileDescriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&waited, 1, milliseconds) != 0
    }
}

extension Logger.Level {
    /// As syslog counts.
    fileprivate var journalPriority: Int {
        switch self {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}
