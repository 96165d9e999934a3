import HTTPTypes
import IncidentDomain
import NIOCore

/// A message as it came over HTTP, for a format to read.
struct ForeignRequest: Sendable {
    var body: ByteBuffer
    var headers: HTTPFields = [:]
    /// The query's parameters, in order.
    var query: [(name: String, value: String)] = []
    /// On database time; for signatures, and formats that say "now".
    var receivedAt: Timestamp
    /// The body as JSON, where somebody has read it already, as for a key within it.
    var parsed: JSONValue? = nil

    /// The media type without parameters, in lower case; nil when none was sent.
    var mediaType: String? {
        headers[.contentType].map { header in
            let type = header.prefix { $0 != ";" }
            return String(type).trimmingPrefix { $0 == " " }.lowercased().replacing(" ", with: "")
        }
    }

    /// The body as JSON; a doubled name keeps its last value, as nearly every sender's own parser does.
    func document() throws(Problem) -> JSONValue {
        if let parsed { return parsed }
        do {
            return try JSONParser.parse(unmarkedBody, doubledNames: .lastWins)
        } catch {
            throw Problem(.notJSON, "At byte \(error.offset): \(error.reason).")
        }
    }

    /// The body without the mark of the byte order that some write in front of UTF-8.
    var unmarkedBody: ByteBufferView { Self.unmarked(body.readableBytesView) }

    /// JSON that stands within a message, as a text or in base 64; nil when it is none.
    static func nested(_ bytes: [UInt8]) -> JSONValue? {
        try? JSONParser.parse(unmarked(bytes[...]), doubledNames: .lastWins)
    }

    static func unmarked<Bytes: Collection<UInt8>>(_ bytes: Bytes) -> Bytes where Bytes.SubSequence == Bytes {
        bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes
    }
}
