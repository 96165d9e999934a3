import FoundationEssentials
import Glibc
import IncidentDomain
package import Logging
import Synchronization

/// Logs as JSON, one object a line: `ts`, `level`, `message`, `logger`, then the metadata, flattened.
struct JSONLogHandler: LogHandler {
    let label: String
    let output: LogOutput
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    init(label: String, output: LogOutput = .standardError, level: Logger.Level) {
        self.label = label
        self.output = output
        logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let now = output.isJournal ? nil : Timestamp.now()
        var line = Self.line(event, label: label, metadata: LogMetadata.merged(self, event), now: now)
        if line.count > LogOutput.lineBytesMax {
            // Cut off anywhere, it would be no object any more.
            let mark = [LogMetadata(key: "cut", value: .bool(true))]
            line = Self.line(event, label: label, metadata: mark, now: now, messageMax: 4096)
        }
        output.write(line, event.level)
    }

    /// The line of an event; keys of the metadata that are ours already get an underscore.
    ///
    /// - Parameters:
    ///   - now: Left out for a reader that keeps the time itself.
    ///   - messageMax: Characters of the message that are kept.
    static func line(
        _ event: LogEvent, label: String, metadata: [LogMetadata], now: Timestamp?, messageMax: Int = .max
    ) -> [UInt8] {
        var json = JSONWriter(capacity: 256)
        json.object { json in
            if let now { json.member("ts", now) }
            json.member("level", event.level.rawValue)
            json.member("message", String(event.message.description.prefix(messageMax)))
            json.member("logger", label)
            for entry in metadata {
                let isOurs = ["ts", "level", "message", "logger"].contains(entry.key)
                json.member(isOurs ? "\(entry.key)_" : entry.key, entry.value)
            }
        }
        return json.bytes
    }
}

/// One pair of metadata, after nested ones were flattened: `{"a": {"b": 1}}` becomes `a.b`.
struct LogMetadata: Hashable {
    let key: String
    let value: JSONValue

    /// The metadata of handler, request, provider and event, the later ones winning, sorted by key.
    static func merged(_ handler: some LogHandler, _ event: LogEvent) -> [LogMetadata] {
        var all = handler.metadata
        if let request = RequestNames.current { all.merge(request.metadata) { _, new in new } }
        if let provided = handler.metadataProvider?.get() { all.merge(provided) { _, new in new } }
        if let own = event.metadata { all.merge(own) { _, new in new } }
        if let error = event.error { all["error"] = .string(String(reflecting: error)) }
        return flattened(all)
    }

    private static func flattened(_ metadata: Logger.Metadata) -> [LogMetadata] {
        metadata.sorted { $0.key < $1.key }.flatMap { key, value in flattened(key, value) }
    }

    /// Empty texts are left out: they stand for what is not known.
    private static func flattened(_ key: String, _ value: Logger.MetadataValue) -> [LogMetadata] {
        switch value {
        case .string(let text): text.isEmpty ? [] : [LogMetadata(key: key, value: .string(text))]
        case .stringConvertible(let value): [LogMetadata(key: key, value: scalar(value))]
        case .array(let values): [LogMetadata(key: key, value: .array(values.map { .string($0.description) }))]
        case .dictionary(let nested):
            nested.sorted { $0.key < $1.key }.flatMap { flattened("\(key).\($0.key)", $0.value) }
        }
    }

    /// Numbers stay numbers, so that a log can be summed.
    private static func scalar(_ value: any CustomStringConvertible & Sendable) -> JSONValue {
        switch value {
        case let value as Int: .integer(value)
        case let value as Double: .number(JSONNumber(value))
        case let value as Bool: .bool(value)
        case let value as Int32: .integer(Int(value))
        case let value as Int64: .integer(Int(value))
        default: .string(value.description)
        }
    }
}

/// Logs as a person reads: time, level, message, then `key=value`.
struct TextLogHandler: LogHandler {
    let label: String
    let output: LogOutput
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    init(label: String, output: LogOutput = .standardError, level: Logger.Level) {
        self.label = label
        self.output = output
        logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let line = Self.line(event, metadata: LogMetadata.merged(self, event), now: output.isJournal ? nil : .now())
        output.write(line, event.level)
    }

    static func line(_ event: LogEvent, metadata: [LogMetadata], now: Timestamp?) -> [UInt8] {
        let level = event.level.rawValue.uppercased()
        var line =
            (now.map { "\($0) " } ?? "")
            + "\(level)\(String(repeating: " ", count: max(0, 8 - level.count))) \(event.message)"
        for entry in metadata {
            line += " \(entry.key)=\(text(entry.value))"
        }
        // A line is one line, whatever was logged.
        return line.utf8.flatMap { byte -> [UInt8] in byte == 0x0A ? Array("\\n".utf8) : byte < 0x20 ? [0x20] : [byte] }
    }

    private static func text(_ value: JSONValue) -> String {
        guard let text = value.string, !text.contains(where: { $0 == " " || $0 == "\"" }) else {
            return String(decoding: value.bytes, as: UTF8.self)
        }
        return text
    }
}

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

extension ServerConfiguration {
    /// The daemon's logger, on standard error.
    ///
    /// - Parameter environment: Tells whether journald reads it.
    package func makeLogger(label: String = "musterd", environment: [String: String] = [:]) -> Logger {
        let level = log.level
        let output = LogOutput.standardError(environment: environment)
        switch log.format {
        case .json: return Logger(label: label) { JSONLogHandler(label: $0, output: output, level: level) }
        case .text: return Logger(label: label) { TextLogHandler(label: $0, output: output, level: level) }
        }
    }
}
