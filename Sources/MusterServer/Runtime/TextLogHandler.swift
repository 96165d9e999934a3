import IncidentDomain
import Logging

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
