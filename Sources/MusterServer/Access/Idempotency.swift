import FoundationEssentials
import HTTPTypes
import IncidentDomain
import Logging
import NIOCore

/// Carries out a request once per `Idempotency-Key`, however often it is sent: the first is claimed, its answer is kept
/// for a day, and repetitions get that answer.
///
/// A daemon that dies between the change and the keeping of its answer leaves a claim behind; when its lease is over the
/// next repetition runs again, under the same command id, by which the stores recognise what is done already.
struct IdempotencyDesk: Sendable {
    let store: IdempotencyStore
    let logger: Logger

    /// Longer than any request may take, so that two never run at once; and how long a key stays taken when a daemon dies.
    var lease: Duration = .seconds(60)
    /// How long an answer waits for the end of its claim: whoever repeats at once shall find it ended, as it nearly always is
    /// after a round trip; and nobody shall wait twice for a database that hangs.
    var releasePatience: Duration = .seconds(1)

    func carryOut(
        _ request: IdempotentRequest, _ work: (_ commandID: UUID) async throws -> Answer
    ) async throws -> Answer {
        let claimID = UUID.random()
        switch try await store.claim(request, claimID: claimID, lease: lease) {
        case .claimed(let commandID):
            return try await run(request, claimID: claimID, commandID: commandID, work)
        case .answered(let sealed):
            return try replay(sealed, of: request)
        case .inFlight(let secondsLeft):
            throw Problem.later(
                .idempotencyInFlight, "A request with this key is still running.",
                seconds: min(max(secondsLeft, 1), 5))
        case .otherBody:
            throw Problem(.idempotencyKeyReused, "This key was used with a different body. Use a new key.")
        }
    }

    private func run(
        _ request: IdempotentRequest, claimID: UUID, commandID: UUID, _ work: (UUID) async throws -> Answer
    ) async throws -> Answer {
        do {
            let answer = try await work(commandID)
            await keep(answer, of: request, claimID: claimID)
            return answer
        } catch {
            await release(request, claimID: claimID)
            throw error
        }
    }

    /// A fault is not kept: the repetition shall try again. What was committed before the fault is recognised by the
    /// command id, which the row keeps.
    private func keep(_ answer: Answer, of request: IdempotentRequest, claimID: UUID) async {
        guard answer.status.code < 500, let bytes = StoredAnswer.encode(answer) else {
            await release(request, claimID: claimID)
            return
        }
        do {
            let sealed = try OpenSSL.seal(bytes, key: request.answerKey)
            try await store.keep(sealed, of: request, incident: request.incident ?? Self.made(answer), claimID: claimID)
        } catch {
            // The caller has its answer; a repetition waits for the lease and is then recognised.
            logger.warning("an idempotent answer was not kept", metadata: ["error": .string(String(reflecting: error))])
        }
    }

    /// The incident that a request opened.
    private static func made(_ answer: Answer) -> Int? {
        answer.headers[.location].flatMap(IdempotentRequest.incident)
    }

    /// Ends the claim, so that a repetition may run at once. Where the database hangs this may take as long as the request
    /// did: the caller is then told first. Where the daemon ends before, the claim ends with its lease.
    private func release(_ request: IdempotentRequest, claimID: UUID) async {
        let (released, said) = AsyncStream<Void>.makeStream()
        Task {
            do {
                try await store.release(request, claimID: claimID)
            } catch {
                logger.warning(
                    "an idempotency claim was not released", metadata: ["error": .string(String(reflecting: error))])
            }
            said.finish()
        }
        let patience = Task {
            // Not a wait for something to settle but the limit of one: the end of the claim cancels it.
            try? await Task.sleep(for: releasePatience)
            said.finish()
        }
        for await _ in released {}
        patience.cancel()
    }

    private func replay(_ sealed: [UInt8], of request: IdempotentRequest) throws -> Answer {
        guard let bytes = try OpenSSL.open(sealed, key: request.answerKey), var answer = StoredAnswer.decode(bytes)
        else {
            throw Problem(.idempotencyKeyReused, "This key was used by another token. Use a new key.")
        }
        answer.headers.append(HTTPField(name: .idempotencyReplayed, value: "true"))
        return answer
    }
}

/// A request that carries an `Idempotency-Key`, reduced to what tells it from others.
struct IdempotentRequest: Sendable {
    /// SHA-256 of who asks, for what, under which key: two requests with the same scope are meant to be one.
    let scope: [UInt8]
    /// What tells a repetition from another request under the same key. Keyed, so that the row gives away nothing
    /// about a short body.
    let bodyHash: [UInt8]
    /// What the stored answer is encrypted with. It comes from the caller's token, which the daemon does not store, so
    /// that answers which hold secrets cannot be read from the database.
    let answerKey: [UInt8]
    /// The incident that the path names.
    let incident: Int?

    init(
        principal: Principal, token: Substring, method: HTTPRequest.Method, path: String, key: String, body: ByteBuffer
    ) {
        var text: [UInt8] = []
        for part in [principal.id, method.rawValue, path, key] {
            text.append(contentsOf: part.utf8)
            text.append(0)
        }
        scope = OpenSSL.sha256(text)
        incident = Self.incident(path)
        let secret = Array(token.utf8) + [0] + Array(key.utf8)
        answerKey = OpenSSL.derivedKey(secret: secret, salt: scope, purpose: "muster idempotent answer")
        let hashKey = OpenSSL.derivedKey(secret: secret, salt: scope, purpose: "muster idempotent request")
        bodyHash = OpenSSL.hmacSHA256(key: hashKey, body.readableBytesView)
    }

    /// The incident in a path such as `/v1/incidents/42/notes`.
    static func incident(_ path: String) -> Int? {
        let parts = path.split(separator: "?")[0].split(separator: "/")
        guard parts.count >= 3, parts[0] == "v1", parts[1] == "incidents" else { return nil }
        return Identifiers.incidentNumber(String(parts[2]))
    }

    /// The key of the header, with or without quotes; 400 when it is not 1 to 255 visible characters.
    static func key(_ header: String) throws(Problem) -> String {
        var key = header[...]
        if key.count >= 2, key.hasPrefix("\""), key.hasSuffix("\"") { key = key.dropFirst().dropLast() }
        guard (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw Problem(.malformedRequest, "Idempotency-Key must be 1 to 255 visible ASCII characters.")
        }
        return String(key)
    }
}

/// A stored answer: status, header fields and body in a form of our own, since it is encrypted as a whole.
enum StoredAnswer {
    /// Nil for an answer that is streamed, which cannot be kept.
    static func encode(_ answer: Answer) -> [UInt8]? {
        var buffer = ByteBuffer()
        buffer.writeInteger(UInt16(answer.status.code))
        buffer.writeInteger(UInt16(answer.headers.count))
        for field in answer.headers {
            write(field.name.rawName, into: &buffer)
            write(field.value, into: &buffer)
        }
        switch answer.body {
        case .empty: break
        case .bytes(let bytes): buffer.writeImmutableBuffer(bytes)
        case .stream: return nil
        }
        return Array(buffer.readableBytesView)
    }

    /// Nil when the bytes are no stored answer.
    static func decode(_ bytes: [UInt8]) -> Answer? {
        var buffer = ByteBuffer(bytes: bytes)
        guard let code: UInt16 = buffer.readInteger(), let count: UInt16 = buffer.readInteger() else { return nil }
        var answer = Answer(HTTPResponse.Status(code: Int(code)))
        for _ in 0..<count {
            guard let rawName = read(from: &buffer), let name = HTTPField.Name(rawName), let value = read(from: &buffer)
            else { return nil }
            answer.headers.append(HTTPField(name: name, value: value))
        }
        if buffer.readableBytes > 0 { answer.body = .bytes(buffer.slice()) }
        return answer
    }

    private static func write(_ text: String, into buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt32(text.utf8.count))
        buffer.writeString(text)
    }

    private static func read(from buffer: inout ByteBuffer) -> String? {
        guard let count: UInt32 = buffer.readInteger() else { return nil }
        return buffer.readString(length: Int(count))
    }
}

/// Deletes idempotency rows that are too old.
struct IdempotencyPruneRunner: PeriodicRunner {
    static let name = "idempotency"
    static let failure = "cannot remove old idempotency keys"

    let store: IdempotencyStore
    let logger: Logger
    let interval: Duration = .seconds(600)
    let delay: Duration = .seconds(600)

    private static let batchRows = 5_000

    func pass() async throws {
        while try await store.prune(max: Self.batchRows) == Self.batchRows {}
    }
}
