import FoundationEssentials
import IncidentDomain

/// Signed webhooks for programs: the specification Standard Webhooks 1.0 (`standard-webhooks/standard-webhooks`,
/// `spec/standard-webhooks.md`).
///
/// The body is `{"type", "timestamp", "data"}` with the notice as `data`. The signature covers id, time of the attempt and
/// body: `v1` is HMAC-SHA256, `v1a` is ed25519. While a secret is rotated, there is one of each secret, the newest first.
enum StandardWebhooksFormat: OutboundFormat {
    static let isSigned = true

    static func message(_ message: OutboundMessage) throws(OutboundMistake) -> OutboundRequest {
        var json = JSONWriter()
        json.object { json in
            json.member("type", message.notice.type)
            json.member("timestamp", message.notice.occurredAt)
            json.member("data", message.notice)
        }
        let signature = try WebhookSignature.headers(of: json.bytes, message)
        return OutboundRequest(
            url: message.url, headers: [("content-type", "application/json")] + signature, body: json.bytes)
    }
}

/// The three headers of Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`.
enum WebhookSignature {
    static let hmacPrefix = "whsec_"
    static let privateKeyPrefix = "whsk_"
    static let publicKeyPrefix = "whpk_"

    static func headers(of body: [UInt8], _ message: OutboundMessage) throws(OutboundMistake) -> [(
        name: String, value: String
    )] {
        try headers(of: body, id: message.id, at: message.sentAt, message.secrets)
    }

    /// - Parameters:
    ///   - id: The same in each attempt, without a full stop.
    ///   - moment: Of the attempt.
    static func headers(
        of body: [UInt8], id: String, at moment: Timestamp, _ secrets: [EndpointSecret]
    ) throws(OutboundMistake) -> [(name: String, value: String)] {
        let seconds = String(moment.milliseconds / 1000)
        let signed = Array("\(id).\(seconds).".utf8) + body
        var signatures: [String] = []
        for secret in secrets {
            switch secret.algorithm {
            case .hmac: signatures.append("v1," + Base64.encode(OpenSSL.hmacSHA256(key: secret.key, signed)))
            case .ed25519:
                guard let signature = try? OpenSSL.ed25519Signature(of: signed, seed: secret.key) else {
                    throw OutboundMistake(reason: "the ed25519 key of the endpoint is unusable; rotate its secret")
                }
                signatures.append("v1a," + Base64.encode(signature))
            }
        }
        return [
            ("webhook-id", id), ("webhook-timestamp", seconds),
            ("webhook-signature", signatures.joined(separator: " ")),
        ]
    }
}

extension EndpointSecret {
    /// A new one, from the system's random source.
    static func make(_ algorithm: Algorithm) throws -> EndpointSecret {
        EndpointSecret(key: try OpenSSL.randomBytes(32), algorithm: algorithm)
    }

    /// What whoever checks signatures needs: the secret itself (`whsec_…`), or the public key (`whpk_…`).
    func shown() throws -> String {
        switch algorithm {
        case .hmac: WebhookSignature.hmacPrefix + Base64.encode(key)
        case .ed25519: WebhookSignature.publicKeyPrefix + Base64.encode(try OpenSSL.ed25519PublicKey(seed: key))
        }
    }

    /// As it is stored, sealed: `whsec_…` or `whsk_…`.
    var stored: String {
        switch algorithm {
        case .hmac: WebhookSignature.hmacPrefix + Base64.encode(key)
        case .ed25519: WebhookSignature.privateKeyPrefix + Base64.encode(key)
        }
    }

    /// Reads a stored secret, or one that a person chose; nil when it is not of 24 to 64 bytes (ed25519: 32 bytes) in base 64
    /// with its prefix.
    init?(_ text: String) {
        let (prefix, algorithm, bytes) =
            text.hasPrefix(WebhookSignature.privateKeyPrefix)
            ? (WebhookSignature.privateKeyPrefix, Algorithm.ed25519, 32...32)
            : (WebhookSignature.hmacPrefix, Algorithm.hmac, 24...64)
        guard text.hasPrefix(prefix), let key = Base64.decode(String(text.dropFirst(prefix.count))),
            bytes.contains(key.count)
        else { return nil }
        self.init(key: key, algorithm: algorithm)
    }
}
