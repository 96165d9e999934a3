import HTTPTypes
import IncidentDomain
import NIOCore

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
            throw Problem(.malformedRequest, "Idempotency-Key should be 1 to 255 visible ASCII characters.")
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
