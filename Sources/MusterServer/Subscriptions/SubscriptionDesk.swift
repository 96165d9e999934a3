import FoundationEssentials
import IncidentDomain
import Metrics

/// The one door for subscriptions: makes codes and tokens, seals addresses, and holds the limits.
struct SubscriptionDesk: Sendable {
    let store: SubscriptionStore
    let box: SecretBox
    let offer: SubscriptionOffer
    let proxies: [NetworkRange]
    /// Requests within a minute, of a network and of all: what the database has to do with them at the most.
    let limiter: ReportLimiter
    /// To be woken when there is a question to send, by channel.
    let sending: [SubscriptionChannel: WakeSignal]

    /// Requests are decided one after the other anyway: of a daemon, one waits in the database, and the others here.
    private static let turns = Turns(max: 1, waitingMax: 200, patience: .seconds(5))

    static let refusedLabel = "muster_subscriptions_refused"
    static let askedLabel = "muster_subscriptions_asked"

    /// Takes a wish. What follows is the same for whoever asks, whether the address is known or not.
    ///
    /// - Throws: `Problem` `tooManyRequests`, by the limits of networks and of all.
    func ask(_ wish: SubscriptionWish, from request: RequestContext) async throws {
        let client = ReportClient(peer: request.peer, headers: request.head.headerFields, proxies: proxies)
        let network = client.network(key: try await box.code(of: "", for: "network"))
        if let seconds = limiter.admit(reporter: network, at: request.clock.now.milliseconds / 1000) {
            throw Self.refusal(.minute, seconds: seconds)
        }
        let (token, question) = (try SubscriptionToken.make(), try SubscriptionToken.make())
        let code = try await addressCode(wish.address)
        let secrets = SubscriptionSecrets(
            address: wish.address.text, token: token.text, question: question.text,
            signing: wish.address.channel == .webhook ? try EndpointSecret.make(.hmac).stored : nil)
        let asked = SubscriptionStore.Asked(
            id: UUID(), wish: wish, addressCode: code, networkCode: network,
            receiverCode: try await box.code(of: wish.address.receiver, for: "receiver"), tokenCode: token.code,
            questionCode: question.code, sealed: try await secrets.sealed(by: box, for: code))
        switch try await Self.turns.take({ try await store.ask(asked, offer.limits) }) {
        case .ask, .remind:
            Counter(label: Self.askedLabel, dimensions: [("channel", wish.address.channel.rawValue)]).increment()
            sending[wish.address.channel]?.wake()
        case .beQuiet: Counter(label: Self.refusedLabel, dimensions: [("limit", "receiver")]).increment()
        case .refuse(let limit): throw Self.refusal(limit, seconds: limit == .day ? 3_600 : 600)
        }
    }

    private static func refusal(_ limit: SubscriptionLimit, seconds: Int) -> Problem {
        Counter(label: refusedLabel, dimensions: [("limit", limit.rawValue)]).increment()
        return .later(.tooManyRequests, "Too many subscriptions are asked for; try again later.", seconds: seconds)
    }

    func addressCode(_ address: SubscriberAddress) async throws -> [UInt8] {
        try await box.code(of: address.key, for: "subscriber")
    }

    /// What is stored of one, opened; nil where it cannot be.
    func opened(_ subscription: Subscription) async throws -> OpenedSubscription {
        OpenedSubscription(subscription: subscription, secrets: try await subscription.secrets(box))
    }
}

/// A subscription with its address, as its owner and operators see it.
struct OpenedSubscription: Sendable, JSONWritable {
    let subscription: Subscription
    let secrets: SubscriptionSecrets?

    var address: SubscriberAddress? {
        secrets.flatMap { SubscriberAddress(channel: subscription.channel, stored: $0.address) }
    }

    /// Everything that is stored of it, but codes.
    func write(to json: inout JSONWriter) {
        json.object { json in
            writeMembers(to: &json)
            json.member("address", secrets?.address)
            json.member("signing_secret", secrets?.signing)
        }
    }

    /// As lists show it.
    func writeMembers(to json: inout JSONWriter) {
        json.member("id", subscription.id)
        json.member("channel", subscription.channel.rawValue)
        json.member("masked_address", address?.masked)
        json.member("state", subscription.state)
        json.member("components", subscription.components)
        json.member("language", subscription.language.rawValue)
        json.member("created_at", subscription.createdAt)
        json.member("confirmed_at", subscription.confirmedAt)
        json.member("failing_since", subscription.failingSince)
        json.member("disabled_at", subscription.disabledAt)
        json.member("disabled_reason", subscription.disabledReason)
    }
}

/// What of the configuration subscriptions go by.
struct SubscriptionOffer: Sendable {
    var isEnabled = true
    /// Whose mail it is; nil where no mail is configured.
    var from: Mailbox?
    var limits = SubscriptionLimits()
    /// Requests to subscribe, of a daemon in a minute.
    var asksPerMinuteMax = 600
    /// Messages to subscribers, of a daemon in a minute and of one channel.
    var messagesPerMinuteMax = 1_200

    /// Of one network in a minute.
    static let asksPerNetworkMinute = 10
}
