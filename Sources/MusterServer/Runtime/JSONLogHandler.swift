import FoundationEssentials
import IncidentDomain
import Logging

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
