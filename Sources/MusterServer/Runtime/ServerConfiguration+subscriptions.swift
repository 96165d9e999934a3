import IncidentDomain

extension SubscriptionOffer {
    /// - Parameter mailCommand: Whether there is a mail program.
    init(_ reader: inout SettingReader, hasMail: Bool) {
        isEnabled = reader.bool("subscriptions.enabled", default: true)
        if let text = reader.string("mail.from") {
            let mailbox = Mailbox(text)
            if mailbox == nil {
                reader.refuse("mail.from", "should be an address as status@example.org or Status <status@example.org>")
            }
            from = hasMail ? mailbox : nil
        }
        let standard = SubscriptionLimits()
        limits.max = reader.integer("subscriptions.max", default: standard.max, 0...1_000_000)
        limits.pendingMax = reader.integer("subscriptions.pending_max", default: standard.pendingMax, 1...100_000)
        limits.perNetworkMax = reader.integer(
            "subscriptions.per_network_max", default: standard.perNetworkMax, 1...100_000)
        limits.pendingPerNetworkMax = reader.integer(
            "subscriptions.pending_per_network_max", default: standard.pendingPerNetworkMax, 1...10_000)
        limits.questionsPerDayMax = reader.integer(
            "subscriptions.questions_per_day_max", default: standard.questionsPerDayMax, 1...1_000_000)
        asksPerMinuteMax = reader.integer("subscriptions.requests_per_minute_max", default: 600, 1...100_000)
        messagesPerMinuteMax = reader.integer("subscriptions.messages_per_minute_max", default: 1_200, 10...100_000)
    }
}
