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

    var status: HTTPResponse.Status { didSet { written = nil } }
    var headers: HTTPFields { didSet { written = nil } }
    var body: Body
    /// Whether the body says more than the version in `ETag` tells: what it says can change without it, as an expected time
    /// does. It is then always sent whole.
    var isOfTheMoment = false
    /// The members of the body that answer a write whose sender prefers little (`ReturnPreference`); empty where there is no choice.
    var minimalMembers: Set<String> = []
    /// Whether the body is the same bytes in memory for every client: to send it holds nothing that is counted.
    var isShared = false
    /// The status line and the header fields as they are sent, of an answer that is given many times (`writtenAhead`); nil where they are
    /// written for each client.
    private(set) var written: ByteBuffer?
    /// Beside `written`, `X-Request-Id`; else it stands among the header fields.
    private(set) var requestID: String?

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

    /// The same, with its status line and header fields written once. To change one of them undoes that.
    var writtenAhead: Answer {
        var answer = self
        answer.written = AnswerText.fields(of: self, ByteBufferAllocator())
        return answer
    }

    /// Says to its client by what the request is found in the log.
    mutating func name(_ requestID: String) {
        if written == nil {
            headers.append(HTTPField(name: .xRequestID, value: requestID))
        } else {
            self.requestID = requestID
        }
    }

    /// The status line and the header fields, without the line that ends them.
    fileprivate func writeFields(to buffer: inout ByteBuffer) {
        guard let written else { return AnswerText.writeFields(of: self, to: &buffer) }
        buffer.writeImmutableBuffer(written)
        guard let requestID else { return }
        buffer.writeString("X-Request-Id: ")
        // A text of ours, or one that `RequestID.isSane` took.
        buffer.writeString(requestID)
        buffer.writeString("\r\n")
    }

    /// 204.
    static let noContent = Answer(.noContent)

    /// Plain text in UTF-8.
    static func text(_ text: String, status: HTTPResponse.Status = .ok) -> Answer {
        Answer(status, text.utf8, type: "text/plain; charset=utf-8")
    }
}

/// An answer as HTTP/1.1 writes it (RFC 9112).
enum AnswerText {
    /// How the length of a body is told.
    enum Length: Hashable, Sendable {
        case bytes(Int)
        case chunked
        /// No body by definition, the answer to a HEAD, or one that ends with the connection.
        case none
    }

    /// What is said about the connection.
    enum Connection: Hashable, Sendable {
        case unsaid
        case close
        case keepAlive
    }

    /// The status line and the header fields, with room behind them for a small body.
    static func head(
        _ answer: Answer, length: Length, connection: Connection, _ allocator: ByteBufferAllocator
    ) -> ByteBuffer {
        var room = 384
        if case .bytes(let count) = length, count <= AnswerSending.sliceBytes { room += count }
        var buffer = allocator.buffer(capacity: room)
        answer.writeFields(to: &buffer)
        switch length {
        case .bytes(let count):
            buffer.writeString("Content-Length: ")
            buffer.writeString(String(count))
            buffer.writeString("\r\n")
        case .chunked: buffer.writeString("Transfer-Encoding: chunked\r\n")
        case .none: break
        }
        switch connection {
        case .close: buffer.writeString("Connection: close\r\n")
        case .keepAlive: buffer.writeString("Connection: keep-alive\r\n")
        case .unsaid: break
        }
        buffer.writeString("Date: ")
        buffer.writeString(HTTPDate.now())
        buffer.writeString("\r\n\r\n")
        return buffer
    }

    /// The status line and the header fields of an answer, for every client of it.
    fileprivate static func fields(of answer: Answer, _ allocator: ByteBufferAllocator) -> ByteBuffer {
        var buffer = allocator.buffer(capacity: 384)
        writeFields(of: answer, to: &buffer)
        return buffer
    }

    fileprivate static func writeFields(of answer: Answer, to buffer: inout ByteBuffer) {
        buffer.writeString("HTTP/1.1 ")
        buffer.writeString(String(answer.status.code))
        buffer.writeInteger(UInt8(ascii: " "))
        buffer.writeString(answer.status.reasonPhrase)
        buffer.writeString("\r\n")
        for field in answer.headers {
            buffer.writeString(field.name.rawName)
            buffer.writeString(": ")
            // `HTTPField` has made sure that no line ends within.
            buffer.writeString(field.value)
            buffer.writeString("\r\n")
        }
    }

    /// What stands before a chunk of so many bytes, of a body whose length nobody knows.
    static func chunkHead(_ bytes: Int) -> ByteBuffer {
        ByteBuffer(string: String(bytes, radix: 16) + "\r\n")
    }

    static let chunkEnd = ByteBuffer(string: "\r\n")

    /// 204 and 304 have no body by definition, and so no length.
    static func hasBody(_ status: HTTPResponse.Status) -> Bool {
        status != .noContent && status != .notModified && status.code >= 200
    }
}

/// How far the sending of one answer is.
struct AnswerSending {
    /// Answers are written in pieces of so much, so that it is seen whether a client reads.
    static let sliceBytes = 65_536

    /// Whether the request was a HEAD, whose answer has no body.
    let isHead: Bool
    /// What is not written yet.
    var rest = ByteBuffer()
    /// Whether `rest` is shared by all, and so not counted.
    var restIsShared = false
    /// Whether all of the answer is among what was written and `rest`.
    var isLast = false
    var hasContinued = false
    /// Bytes that the client's side has not taken, counted by the budget or shared.
    private(set) var unsent = 0
    private var waiting: CheckedContinuation<Void, any Error>?

    init(isHead: Bool = false) {
        self.isHead = isHead
    }

    var isDone: Bool { isLast && unsent == 0 }

    mutating func add(_ bytes: Int, _ budgets: ConnectionBudgets, isShared: Bool = false) {
        unsent += bytes
        if !isShared { budgets.unsent.add(bytes) }
    }

    mutating func remove(_ bytes: Int, _ budgets: ConnectionBudgets, isShared: Bool = false) {
        unsent -= bytes
        if !isShared { budgets.unsent.give(bytes) }
    }

    /// One writer waits at a time.
    mutating func wait(_ writer: CheckedContinuation<Void, any Error>) {
        waiting = writer
    }

    mutating func wake(_ result: Result<Void, any Error>) {
        let writer = waiting
        waiting = nil
        writer?.resume(with: result)
    }

    /// The connection has ended. What was written is given back by its promises.
    mutating func end(_ budgets: ConnectionBudgets) {
        let left = rest.readableBytes
        rest = ByteBuffer()
        remove(left, budgets, isShared: restIsShared)
        wake(.failure(ChannelError.ioOnClosedChannel))
    }
}

/// Where a streamed answer is written to.
protocol BodyWriter: Sendable {
    /// Sends a piece; returns when the client has taken it, so that no more waits than this.
    ///
    /// - Throws: `ChannelError` when the client has gone, or has not read for `http.write_timeout_seconds`.
    func write(_ bytes: ByteBuffer) async throws
}

struct StreamWriter: BodyWriter {
    private let connection: NIOLoopBound<HTTPConnection>
    private let loop: any EventLoop

    init(_ connection: HTTPConnection, loop: any EventLoop) {
        self.connection = NIOLoopBound(connection, eventLoop: loop)
        self.loop = loop
    }

    func write(_ bytes: ByteBuffer) async throws {
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            onLoop { $0.sendPiece(bytes, done) }
        }
    }

    func finish() {
        onLoop { $0.finishStream() }
    }

    func abandon() {
        onLoop { $0.closeAtOnce() }
    }

    private func onLoop(_ work: @escaping @Sendable (HTTPConnection) -> Void) {
        if loop.inEventLoop {
            work(connection.value)
        } else {
            loop.execute { [connection] in work(connection.value) }
        }
    }
}
