import FoundationEssentials
import IncidentDomain

/// Where a subscriber hears: a mailbox or a URL, in the one form by which it is found again.
struct SubscriberAddress: Hashable, Sendable {
    let channel: SubscriptionChannel
    /// A mail address in lower case, or a URL as `ProbeURL` writes it.
    let text: String

    static let bytesMax = 2_000

    /// What is wrong with a mail address is told as the rest of a sentence.
    static func mail(_ text: String) -> Result<SubscriberAddress, FieldComplaint> {
        guard let mailbox = Mailbox(text), mailbox.name == nil else {
            return .failure(FieldComplaint(detail: "should be a mail address, as ana@example.org"))
        }
        return .success(SubscriberAddress(channel: .mail, text: mailbox.address.lowercased()))
    }

    static func webhook(_ text: String) -> Result<SubscriberAddress, FieldComplaint> {
        guard let url = ProbeURL(text), text.utf8.count <= bytesMax else {
            return .failure(FieldComplaint(detail: ProbeURL.complaint(about: text) ?? "is too long"))
        }
        if let complaint = OutboundReach.complaint(about: url) {
            return .failure(FieldComplaint(detail: complaint))
        }
        return .success(SubscriberAddress(channel: .webhook, text: url.text))
    }

    private init(channel: SubscriptionChannel, text: String) {
        (self.channel, self.text) = (channel, text)
    }

    /// What is read back from a sealed row.
    init?(channel: SubscriptionChannel, stored: String) {
        let read = channel == .mail ? Self.mail(stored) : Self.webhook(stored)
        guard case .success(let address) = read else { return nil }
        self = address
    }

    /// Under which an address is known.
    var key: String { "\(channel.rawValue) \(text)" }

    /// Who is bothered by a question: a mailbox without what stands behind `+`, or the host of a webhook.
    var receiver: String {
        switch channel {
        case .mail:
            let parts = text.split(separator: "@")
            let local = parts.first?.prefix { $0 != "+" } ?? ""
            return "mailbox \(local)@\(parts.last ?? "")"
        case .webhook: return "host \(ProbeURL(text)?.host ?? "")"
        }
    }

    /// As lists show it: `a***@example.org`, `https://example.org/***`.
    var masked: String {
        switch channel {
        case .mail:
            let parts = text.split(separator: "@")
            return "\(parts.first?.first.map(String.init) ?? "")***@\(parts.last ?? "")"
        case .webhook: return "\(ProbeURL(text)?.origin ?? "")/***"
        }
    }
}

/// A random text in a link. Whoever has it may do what the link is for; only its SHA-256 is looked up.
struct SubscriptionToken: Hashable, Sendable {
    let text: String

    private static let bytes = 24

    static func make() throws -> SubscriptionToken {
        SubscriptionToken(text: Base64URL.encode(try OpenSSL.randomBytes(bytes)))
    }

    private init(text: String) { self.text = text }

    /// Nil of what can be none.
    init?(_ text: String) {
        guard Base64URL.decode(text)?.count == Self.bytes else { return nil }
        self.text = text
    }

    var code: [UInt8] { OpenSSL.sha256(Array(text.utf8)) }
}

/// What of a subscription is sealed.
struct SubscriptionSecrets: Hashable, Codable, Sendable {
    var address: String
    /// Of the links in every message.
    var token: String
    /// Of the question whether it is wanted.
    var question: String
    /// With which a webhook's messages are signed, as `whsec_…`.
    var signing: String?

    /// What names the question in messages, and does not tell its token.
    var questionID: String { "ask-\(HashChain.hex(Array(OpenSSL.sha256(Array(question.utf8)).prefix(8))))" }

    /// What it is sealed for, so that no row can take another one's place.
    static func place(_ code: [UInt8]) -> String { "subscription \(HashChain.hex(code))" }

    func sealed(by box: SecretBox, for code: [UInt8]) async throws -> String {
        try await box.seal(try StoredJSON.text(self), for: Self.place(code))
    }

    /// Nil when it was sealed with another key.
    static func opened(_ sealed: String, with box: SecretBox, for code: [UInt8]) async throws -> SubscriptionSecrets? {
        guard let text = try await box.open(sealed, for: place(code)) else { return nil }
        return try? JSONDecoder().decode(SubscriptionSecrets.self, from: Data(text.utf8))
    }
}

/// Who hears of what is public.
struct Subscription: Sendable {
    let id: UUID
    let channel: SubscriptionChannel
    let addressCode: [UInt8]
    let sealed: String
    /// Ids of public components; nil for everything.
    let components: [String]?
    let language: Language
    let createdAt: Timestamp
    let confirmedAt: Timestamp?
    let failingSince: Timestamp?
    let disabledAt: Timestamp?
    let disabledReason: String?

    /// Under which its place in the sealing is known.
    func secrets(_ box: SecretBox) async throws -> SubscriptionSecrets? {
        try await SubscriptionSecrets.opened(sealed, with: box, for: addressCode)
    }

    var state: String {
        if disabledAt != nil { return "disabled" }
        return confirmedAt == nil ? "pending" : "confirmed"
    }

    static let states = ["pending", "confirmed", "disabled"]
}

/// What somebody asks for.
struct SubscriptionWish: Hashable, Sendable {
    let address: SubscriberAddress
    var components: [String]?
    var language: Language
}
