import FoundationEssentials
import IncidentDomain

/// The channels that an endpoint may be: the one table of outbound formats, one file each.
enum EndpointFormat: String, CaseIterable, Sendable {
    case standardWebhooks = "standard-webhooks"

    var format: any OutboundFormat.Type {
        switch self {
        case .standardWebhooks: StandardWebhooksFormat.self
        }
    }
}

/// How a notice becomes a message of one channel, and what the channel's answers mean. Pure: no clock, no I/O.
///
/// The same notice for the same endpoint always gives the same bytes, except for what signs the attempt.
protocol OutboundFormat: Sendable {
    /// The options that it takes, beside URL, filters and headers.
    static var options: [EndpointOption] { get }
    /// Where messages go when the endpoint names no URL; empty for a channel that has none, nil when one has to be named.
    static var usualURL: String? { get }
    /// Whether its messages are signed by Muster, so that the endpoint has a signing secret.
    static var isSigned: Bool { get }
    /// Whether it tells of such a notice at all: a pager hears only of what opens, is acknowledged or ends.
    static func tells(_ notice: Notice) -> Bool
    /// - Throws: `OutboundMistake` when no message can be made: the notification is given up with its reason.
    static func message(_ message: OutboundMessage) throws(OutboundMistake) -> OutboundRequest
    /// What an answer means. The default is `OutboundVerdict.usual`.
    static func verdict(of answer: OutboundAnswer) -> OutboundVerdict
}

extension OutboundFormat {
    static var options: [EndpointOption] { [] }
    static var usualURL: String? { nil }
    static var isSigned: Bool { false }
    static func tells(_ notice: Notice) -> Bool { true }
    static func verdict(of answer: OutboundAnswer) -> OutboundVerdict { .usual(answer) }
}

/// An option of a format, as `channel`, with the check of its values.
struct EndpointOption: Sendable {
    let name: String
    let isRequired: Bool
    /// A token or key: sealed at rest and never shown.
    let isSecret: Bool
    /// What it is for and which values are allowed, in one sentence.
    let description: String
    /// Nil when the value is good, else what is wrong with it, as `should be …`.
    let complaint: @Sendable (String) -> String?

    init(
        _ name: String, isRequired: Bool = false, isSecret: Bool = false, _ description: String,
        complaint: @escaping @Sendable (String) -> String? = { _ in nil }
    ) {
        self.name = name
        self.isRequired = isRequired
        self.isSecret = isSecret
        self.description = description
        self.complaint = complaint
    }
}

/// All that a format needs to make a message.
struct OutboundMessage: Sendable {
    var notice: Notice
    /// Stable over retries and replays, as `ntf_42`: what receivers know repeats by.
    var id: String
    /// When this attempt is made, by the database's clock: what is signed.
    var sentAt: Timestamp
    /// The public address of the daemon without a slash at the end, as `https://muster.example`.
    var publicURL: String
    /// The endpoint's URL; empty for channels that have none, as mail.
    var url: String
    /// The options of the endpoint, secrets opened.
    var options: [String: String]
    /// The signing secrets, the newest first; the second only while rotating.
    var secrets: [EndpointSecret]
    /// What an earlier message of this incident got as its reference at this endpoint; nil for the first.
    var thread: String?

    /// The whole address of what there is to read.
    var link: String? { notice.link.map { publicURL + $0 } }
}

/// A secret that messages are signed with.
struct EndpointSecret: Hashable, Sendable {
    /// 24 to 64 bytes for HMAC, 32 (the seed) for ed25519.
    var key: [UInt8]
    var algorithm: Algorithm

    enum Algorithm: String, CaseIterable, Sendable {
        case hmac = "hmac-sha256"
        case ed25519
    }
}

/// A message that is ready to be sent.
struct OutboundRequest: Hashable, Sendable {
    var method = "POST"
    var url: String
    /// Names in lower case.
    var headers: [(name: String, value: String)]
    var body: [UInt8]
    /// What carries it: HTTP, or the machine's mail program, which gets the body as its input.
    var carrier: Carrier = .http

    enum Carrier: Hashable, Sendable {
        case http
        case mail(recipients: [String])
    }

    static func == (one: OutboundRequest, other: OutboundRequest) -> Bool {
        one.method == other.method && one.url == other.url && one.body == other.body && one.carrier == other.carrier
            && one.headers.map(\.name) == other.headers.map(\.name)
            && one.headers.map(\.value) == other.headers.map(\.value)
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(url)
        hasher.combine(body)
    }
}

/// What a receiver answered.
struct OutboundAnswer: Sendable {
    var status: Int
    /// Names in lower case.
    var headers: [String: String]
    /// Its beginning, at most `bodyBytesMax`.
    var body: [UInt8]
    var receivedAt: Timestamp

    static let bodyBytesMax = 64 << 10

    var text: String { String(decoding: body, as: UTF8.self) }
}

/// What becomes of a notification after an attempt.
enum OutboundVerdict: Hashable, Sendable {
    /// It was taken. The reference is what the channel calls the message, where it says so.
    case delivered(reference: String? = nil)
    /// It may be taken later: by the schedule, or not before so many seconds.
    case retry(reason: String, afterSeconds: Double? = nil)
    /// This message will never be taken, and says nothing about the next.
    case failed(reason: String)
    /// The endpoint takes nothing any more: it is disabled.
    case disabled(reason: String)
}

extension OutboundVerdict {
    /// What most receivers mean: 2xx is taken; 408, 425, 429 and 5xx come again, with what `Retry-After` says (seconds or a
    /// date, RFC 9110 10.2.3); 410 is gone for good; everything else is final for this message.
    static func usual(_ answer: OutboundAnswer) -> OutboundVerdict {
        switch answer.status {
        case 200..<300: .delivered()
        case 408, 425, 429, 500..<600:
            .retry(reason: "status \(answer.status)", afterSeconds: RetryAfter.seconds(answer))
        case 410: .disabled(reason: "the receiver answered 410 Gone")
        case 300..<400: .failed(reason: "status \(answer.status): redirects are not followed")
        default: .failed(reason: "status \(answer.status)")
        }
    }
}

/// Why no message can be made of a notice, in words for the operator.
struct OutboundMistake: Error, Hashable {
    let reason: String
}
