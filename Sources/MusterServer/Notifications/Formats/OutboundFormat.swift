import FoundationEssentials
import IncidentDomain

/// The channels that an endpoint may be: the one table of outbound formats, one file each.
enum EndpointFormat: String, CaseIterable, Sendable {
    case standardWebhooks = "standard-webhooks"
    case cloudEvents = "cloudevents"
    case slack
    case teams
    case discord
    case pagerDuty = "pagerduty"
    case opsgenie
    case alertmanager
    case ntfy
    case email
    case template

    var format: any OutboundFormat.Type {
        switch self {
        case .standardWebhooks: StandardWebhooksFormat.self
        case .cloudEvents: OutboundCloudEventsFormat.self
        case .slack: SlackFormat.self
        case .teams: TeamsFormat.self
        case .discord: DiscordFormat.self
        case .pagerDuty: OutboundPagerDutyFormat.self
        case .opsgenie: OutboundOpsgenieFormat.self
        case .alertmanager: OutboundAlertmanagerFormat.self
        case .ntfy: NtfyFormat.self
        case .email: EmailFormat.self
        case .template: TemplateFormat.self
        }
    }
}

/// How a notice becomes a message of one channel, and what the channel's answers mean. Pure: no clock, no I/O.
///
/// The same notice for the same endpoint always gives the same bytes, except for what says when the attempt was made: its
/// signature, and the date of a mail.
protocol OutboundFormat: Sendable {
    /// The options that it takes, beside URL, filters and headers.
    static var options: [EndpointOption] { get }
    /// Where messages go when the endpoint names no URL; empty for a channel that has none, nil when one has to be named.
    static var usualURL: String? { get }
    /// Whether its messages are signed by Muster, so that the endpoint has a signing secret.
    static var isSigned: Bool { get }
    /// What is wrong with options that are good one by one, as `channel is required with a token`; nil when they are good.
    ///
    /// - Parameter url: The endpoint's, or the usual one.
    static func complaint(url: String, options: [String: String]) -> String?
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
    static func complaint(url: String, options: [String: String]) -> String? { nil }
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

extension EndpointOption {
    /// A token or key that is sent in a header: one that cannot be written there is refused.
    static func key(_ name: String, isRequired: Bool = false, _ description: String) -> EndpointOption {
        EndpointOption(name, isRequired: isRequired, isSecret: true, description) { text in
            (1...500).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
                ? nil : "should be 1 to 500 characters of printable ASCII, without spaces"
        }
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
    /// The endpoint's URL, or the usual one; empty for channels that have none, as mail.
    var url: String
    /// The options of the endpoint, secrets opened.
    var options: [String: String]
    /// The signing secrets, the newest first; the second only while rotating.
    var secrets: [EndpointSecret]
    /// What an earlier message of this incident got as its reference at this endpoint; nil for the first.
    var thread: String?

    /// The whole address of what there is to read.
    var link: String? { notice.link.map { publicURL + $0 } }

    /// The name of the host in the public address, in lower case and without its port: `muster.example`.
    var host: String {
        let rest = publicURL.split(separator: "://", maxSplits: 1).last ?? ""
        let authority = rest.prefix { !"/?#".contains($0) }
        let host =
            authority.hasPrefix("[") ? authority.prefix { $0 != "]" }.dropFirst() : authority.prefix { $0 != ":" }
        return host.isEmpty ? "muster.invalid" : host.lowercased()
    }

    /// What every message of an incident has in common, and no other incident, here or at another Muster's: `INC-7@muster.example`.
    /// What belongs to no incident is alone.
    var key: String { "\(notice.incident?.id ?? id)@\(OutboundText.fit(host, 200, .bytes))" }
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
    /// What later messages of the incident get as their `thread`, where the answer gives no reference.
    var reference: String?

    enum Carrier: Hashable, Sendable {
        case http
        case mail(recipients: [String])
    }

    static func == (one: OutboundRequest, other: OutboundRequest) -> Bool {
        one.method == other.method && one.url == other.url && one.body == other.body && one.carrier == other.carrier
            && one.reference == other.reference
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
    /// The body as JSON; null when it is none.
    var json: JSONValue { (try? JSONParser.parse(body, doubledNames: .lastWins)) ?? .null }
}

/// What becomes of a notification after an attempt.
enum OutboundVerdict: Hashable, Sendable {
    /// It was taken. The reference is what the channel calls the message, where it says so.
    case delivered(reference: String? = nil)
    /// It may be taken later: by the schedule, or not before so many seconds.
    case retry(reason: String, afterSeconds: Double? = nil)
    /// The message that this one was to follow or change is gone: it is sent again at once, without `thread`.
    case anew(reason: String)
    /// This message will never be taken, and says nothing about the next.
    case failed(reason: String)
    /// The endpoint takes nothing any more: it is disabled.
    case disabled(reason: String)
}

extension OutboundVerdict {
    /// What most receivers mean: 2xx is taken; 408, 425, 429 and 5xx come again, with what `Retry-After` says (seconds or a
    /// date, RFC 9110 10.2.3); 410 is gone for good, as Standard Webhooks say it; everything else is final for this message.
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
