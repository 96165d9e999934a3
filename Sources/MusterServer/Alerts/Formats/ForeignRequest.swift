import Glibc
import HTTPTypes
import IncidentDomain
import NIOCore

/// A message as it came over HTTP, for a format to read.
struct ForeignRequest: Sendable {
    var body: ByteBuffer
    var headers: HTTPFields = [:]
    /// The query's parameters, in order.
    var query: [(name: String, value: String)] = []
    /// Why there is no query, where one came that cannot be read.
    var queryProblem: Problem? = nil
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

    /// Whether a text of the document may hold U+0000, which JSON can only write as an escape: nearly no document does, and
    /// to look at the bytes costs next to nothing.
    private static func mayHoldNUL(_ body: ByteBuffer) -> Bool {
        body.withUnsafeReadableBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty, let start = UnsafeRawBufferPointer(rebasing: rest).baseAddress,
                let found = memchr(start, 0x5C, rest.count)
            {
                rest = rest.dropFirst(UnsafeRawPointer(found) - start)
                if rest.starts(with: "\\u0000".utf8) { return true }
                rest = rest.dropFirst(2)
            }
            return false
        }
    }

    /// The body as JSON, the one place where foreign documents are freed of what cannot be stored; a doubled name keeps its last value, as nearly every sender's own parser does.
    func document() throws(Problem) -> JSONValue {
        if let parsed { return parsed }
        do {
            let document = try JSONParser.parse(unmarkedBody, doubledNames: .lastWins)
            return Self.mayHoldNUL(body) ? document.withoutNUL : document
        } catch {
            throw Problem(
                .notJSON, ForeignBytes.reason(body.readableBytesView) ?? "At byte \(error.offset): \(error.reason).")
        }
    }

    /// The body without the mark of the byte order that some write in front of UTF-8.
    var unmarkedBody: ByteBufferView { ForeignBytes.unmarked(body.readableBytesView) }

    /// JSON that stands within a message, as a text or in base 64; nil when it is none.
    static func nested(_ bytes: [UInt8]) -> JSONValue? {
        try? JSONParser.parse(ForeignBytes.unmarked(bytes[...]), doubledNames: .lastWins)
    }
}
