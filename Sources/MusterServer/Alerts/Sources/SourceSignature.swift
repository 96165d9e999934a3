import FoundationEssentials
import HTTPTypes
import IncidentDomain
import NIOCore

/// How a source signs its messages, and the secrets for it, which are sealed under a key derived from the source's own
/// key: that is in the URL of each message and stored nowhere.
struct SourceSignature: Sendable {
    /// Who defined the form.
    enum Scheme: String, CaseIterable, Sendable {
        /// Grafana's webhook: HMAC-SHA256 of the body, or of `TIMESTAMP:BODY` when a timestamp header is named.
        case grafana
        /// PagerDuty's webhooks V3: `v1=HEX`, several with commas between.
        case pagerduty
        /// Standard Webhooks 1.0: `v1,BASE64` of `ID.TIMESTAMP.BODY`; the secret begins with `whsec_`.
        case standardWebhooks = "standard-webhooks"
        /// GitHub's and many others': `sha256=HEX` of the body.
        case sha256
    }

    var scheme: Scheme
    /// The header that has the signature; nil takes the scheme's own.
    var header: String?
    /// For Grafana: the header that has the time.
    var timestampHeader: String?
    /// How far a timestamp may be from now.
    var toleranceSeconds = 300
    /// Sealed; empty while they are being read from a body.
    var sealedSecrets: [UInt8] = []

    static let secretsMax = 2
    private static let separator: UInt8 = 0

    /// - Throws: `Problem` `signatureInvalid` when no secret made this signature.
    func check(_ request: ForeignRequest, sourceKey: String) throws {
        guard let given = value(header ?? defaultHeader, request) else {
            throw Problem(.signatureInvalid, "The header \(header ?? defaultHeader) is missing.")
        }
        let prefix = try signedPrefix(request)
        let candidates = codes(in: given)
        for secret in try secrets(sourceKey: sourceKey) {
            let code = OpenSSL.hmacSHA256(key: secret, prefix + request.body.readableBytesView)
            if candidates.contains(where: { OpenSSL.areEqual($0, code) }) { return }
        }
        throw Problem(.signatureInvalid, "The signature in \(header ?? defaultHeader) does not match the body.")
    }

    private var defaultHeader: String {
        switch scheme {
        case .grafana: "X-Grafana-Alerting-Signature"
        case .pagerduty: "X-PagerDuty-Signature"
        case .standardWebhooks: "webhook-signature"
        case .sha256: "X-Hub-Signature-256"
        }
    }

    /// What is signed before the body.
    private func signedPrefix(_ request: ForeignRequest) throws -> [UInt8] {
        switch scheme {
        case .pagerduty, .sha256: return []
        case .grafana:
            guard let timestampHeader else { return [] }
            return Array((try timestamp(timestampHeader, request) + ":").utf8)
        case .standardWebhooks:
            guard let id = value("webhook-id", request) else {
                throw Problem(.signatureInvalid, "The header webhook-id is missing.")
            }
            return Array("\(id).\(try timestamp("webhook-timestamp", request)).".utf8)
        }
    }

    private func timestamp(_ header: String, _ request: ForeignRequest) throws -> String {
        guard let text = value(header, request), let seconds = Int64(text) else {
            throw Problem(.signatureInvalid, "The header \(header) should be a Unix time in seconds.")
        }
        let distance = abs(request.receivedAt.milliseconds / 1000 - min(max(seconds, 0), 1 << 40))
        guard distance <= toleranceSeconds else {
            throw Problem(.signatureInvalid, "The time in \(header) is \(distance) s from now; is a clock wrong?")
        }
        return text
    }

    private func value(_ header: String, _ request: ForeignRequest) -> String? {
        HTTPField.Name(header).flatMap { request.headers[$0] }
    }

    /// 32 bytes in hex.
    private static func digest(_ text: String) -> [UInt8]? {
        text.utf8.count == 64 ? Hex.decode(text.utf8) : nil
    }

    /// The codes that a header has, as bytes.
    private func codes(in header: String) -> [[UInt8]] {
        switch scheme {
        case .grafana: [Self.digest(header), Base64.decode(header)].compactMap(\.self)
        case .sha256:
            [Self.digest(header.hasPrefix("sha256=") ? String(header.dropFirst(7)) : header)].compactMap(\.self)
        case .pagerduty:
            header.split(separator: ",").compactMap { part in
                let part = part.drop { $0 == " " }
                return part.hasPrefix("v1=") ? Self.digest(String(part.dropFirst(3))) : nil
            }
        case .standardWebhooks:
            header.split(separator: " ").compactMap { part in
                part.hasPrefix("v1,") ? Base64.decode(String(part.dropFirst(3))) : nil
            }
        }
    }
}

// MARK: - Secrets

extension SourceSignature {
    /// Seals secrets under a source's key.
    static func seal(_ secrets: [String], sourceKey: String) throws -> [UInt8] {
        let plain = Array(secrets.map { Array($0.utf8) }.joined(separator: [separator]))
        return try OpenSSL.seal(plain, key: sealingKey(sourceKey))
    }

    /// The same secrets under another key; nil when `old` is not the source's key.
    func resealed(old: String, new: String) throws -> [UInt8]? {
        guard let plain = try OpenSSL.open(sealedSecrets, key: Self.sealingKey(old)) else { return nil }
        return try OpenSSL.seal(plain, key: Self.sealingKey(new))
    }

    private func secrets(sourceKey: String) throws -> [[UInt8]] {
        guard let plain = try OpenSSL.open(sealedSecrets, key: Self.sealingKey(sourceKey)) else {
            throw Problem(.signatureInvalid, "The source's secrets cannot be decrypted with this key; set them again.")
        }
        return plain.split(separator: Self.separator).map { secret in
            guard scheme == .standardWebhooks else { return Array(secret) }
            let text = String(decoding: secret, as: UTF8.self)
            return Base64.decode(text.hasPrefix("whsec_") ? String(text.dropFirst(6)) : text) ?? Array(secret)
        }
    }

    private static func sealingKey(_ sourceKey: String) -> [UInt8] {
        OpenSSL.derivedKey(secret: Array(sourceKey.utf8), salt: [], purpose: "muster source signature")
    }
}

// MARK: - JSON

extension SourceSignature {
    /// Reads the settings of a body; the secrets, in words, beside them.
    static func read(_ body: inout BodyReader) -> (signature: SourceSignature, secrets: [String]) {
        let scheme: Scheme = body.enumeration("scheme")
        var signature = SourceSignature(scheme: scheme)
        signature.header = body.optionalString("header", 1...100)
        signature.timestampHeader = body.optionalString("timestamp_header", 1...100)
        if signature.timestampHeader != nil, scheme != .grafana {
            body.refuse("timestamp_header", "is only for the scheme grafana")
        }
        signature.toleranceSeconds = body.optionalInteger("tolerance_seconds", 1...3600) ?? 300
        let secrets = body.strings("secrets", max: secretsMax, 8...500)
        return (signature, secrets)
    }

    /// The settings without the secrets.
    var json: JSONValue {
        var object = JSONObject()
        object["scheme"] = .string(scheme.rawValue)
        object["header"] = .string(header ?? defaultHeader)
        object["timestamp_header"] = timestampHeader.map { .string($0) } ?? .null
        object["tolerance_seconds"] = .integer(toleranceSeconds)
        return .object(object)
    }

    /// As it is stored; nil when it is none.
    init?(_ json: JSONValue, sealedSecrets: [UInt8]) {
        guard let scheme = json["scheme"]?.string.flatMap(Scheme.init) else { return nil }
        self.scheme = scheme
        header = json["header"]?.string
        timestampHeader = json["timestamp_header"]?.string
        toleranceSeconds = json["tolerance_seconds"]?.integer ?? 300
        self.sealedSecrets = sealedSecrets
    }
}
