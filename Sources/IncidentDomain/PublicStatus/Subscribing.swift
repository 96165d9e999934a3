/// By which way a subscriber hears.
package enum SubscriptionChannel: String, CaseIterable, Codable, Sendable {
    case mail, webhook
}

/// How many subscriptions there may be, and how many questions are sent to people who may never have asked.
package struct SubscriptionLimits: Hashable, Sendable {
    /// All, confirmed or not.
    package var max = 100_000
    /// Those that wait to be confirmed.
    package var pendingMax = 5_000
    /// The same of one network: a /24 of IPv4, a /48 of IPv6.
    package var perNetworkMax = 200
    package var pendingPerNetworkMax = 20
    /// Questions whether somebody wants to subscribe, in a day (UTC), to all together.
    package var questionsPerDayMax = 5_000

    /// The same to one mailbox, or to one host of webhooks.
    package static let perMailboxDayMax = 3
    package static let perHostDayMax = 20
    /// A question can be answered for so long.
    package static let questionSeconds: Double = 86_400
    /// Components that one subscription names.
    package static let componentsMax = 100

    package init() {}
}

/// What is known when somebody asks to be subscribed.
package struct SubscriptionCounts: Hashable, Sendable {
    package enum Existing: String, CaseIterable, Sendable {
        case none, pending, confirmed
    }

    package var all = 0
    package var pending = 0
    package var ofNetwork = 0
    package var pendingOfNetwork = 0
    package var questionsToday = 0
    /// To the same mailbox or host.
    package var questionsToReceiverToday = 0
    /// Whether the same address is there already.
    package var existing = Existing.none

    package init() {}
}

/// What becomes of it.
package enum SubscriptionDecision: Hashable, Sendable {
    /// Whoever has the address is asked.
    case ask
    /// Whoever has the address is told that it is subscribed already.
    case remind
    /// Nothing is sent, and nobody learns why.
    case beQuiet
    case refuse(SubscriptionLimit)
}

/// Which limit was reached.
package enum SubscriptionLimit: String, CaseIterable, Sendable {
    case minute, day, network, all
}

extension SubscriptionLimits {
    /// What refuses goes by the network and by all, and never by the address, so that an answer does not tell who is subscribed.
    package func decide(_ counts: SubscriptionCounts, _ channel: SubscriptionChannel) -> SubscriptionDecision {
        if counts.questionsToday >= questionsPerDayMax { return .refuse(.day) }
        if counts.ofNetwork >= perNetworkMax || counts.pendingOfNetwork >= pendingPerNetworkMax {
            return .refuse(.network)
        }
        if counts.all >= max || counts.pending >= pendingMax { return .refuse(.all) }
        let receiverMax = channel == .mail ? Self.perMailboxDayMax : Self.perHostDayMax
        if counts.questionsToReceiverToday >= receiverMax { return .beQuiet }
        switch counts.existing {
        case .none, .pending: return .ask
        case .confirmed: return channel == .mail ? .remind : .beQuiet
        }
    }
}
