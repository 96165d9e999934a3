import HTTPTypes
import NIOCore

/// What a route answers: status, header fields and a body that is empty, in memory, or written as it comes.
struct Answer: Sendable {
    /// The body of an answer.
    enum Body: Sendable {
        case empty
        case bytes(ByteBuffer)
        /// Written piece by piece, as a stream of events is.
        case stream(@Sendable (any BodyWriter) async throws -> Void)
    }

    var status: HTTPResponse.Status
    var headers: HTTPFields
    var body: Body
    /// Whether the body says more than the version in `ETag` tells: what it says can change without it, as an expected time
    /// does. It is then always sent whole.
    var isOfTheMoment = false
    /// Whether the body is the same bytes in memory for every client: to send it holds nothing that is counted.
    var isShared = false

    init(_ status: HTTPResponse.Status, headers: HTTPFields = HTTPFields(), body: Body = .empty) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A body of the given media type.
    init(_ status: HTTPResponse.Status, _ bytes: some Sequence<UInt8>, type: String) {
        self.status = status
        headers = HTTPFields()
        headers.append(HTTPField(name: .contentType, value: type))
        body = .bytes(ByteBuffer(bytes: bytes))
    }

    /// A JSON body, with the version that `ETag` shows, if it has one.
    static func json(_ bytes: [UInt8], status: HTTPResponse.Status = .ok, version: Int? = nil) -> Answer {
        var answer = Answer(status, bytes, type: "application/json")
        if let version { answer.headers.append(HTTPField(name: .eTag, value: EntityTag.text(version))) }
        return answer
    }

    /// A JSON body that `write` writes.
    static func json(
        status: HTTPResponse.Status = .ok, version: Int? = nil, _ write: (inout JSONWriter) throws -> Void
    ) rethrows -> Answer {
        var json = JSONWriter()
        try write(&json)
        return .json(json.bytes, status: status, version: version)
    }

    /// 201 with the place of what was made.
    static func created(_ bytes: [UInt8], location: String, version: Int? = nil) -> Answer {
        var answer = Answer.json(bytes, status: .created, version: version)
        answer.headers.append(HTTPField(name: .location, value: location))
        return answer
    }

    /// 204.
    static let noContent = Answer(.noContent)

    /// Plain text in UTF-8.
    static func text(_ text: String, status: HTTPResponse.Status = .ok) -> Answer {
        Answer(status, text.utf8, type: "text/plain; charset=utf-8")
    }
}
