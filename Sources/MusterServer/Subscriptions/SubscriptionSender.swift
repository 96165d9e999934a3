import FoundationEssentials
import IncidentDomain
import Logging
import Metrics
import Synchronization

/// Sends what waits in the subscribers' outbox, of one channel. Any number of daemons may do it: what one has claimed no other sends, until the
/// claim is over. It has connections, turns and a rate of its own, so that subscribers, however many, delay nobody who is on call.
struct SubscriptionSender: Sendable {
    let channel: SubscriptionChannel
    let store: DeliveryStore
    let subscriptions: SubscriptionStore
    let box: SecretBox
    let carrier: MessageCarrier
    let links: SubscriptionLinks
    /// Nil where no mail is configured.
    let from: Mailbox?
    /// Messages of this daemon to subscribers of this channel.
    let rate: SendingRate
    let logger: Logger
    private let complaints = SendingRate(perMinute: 1)
    var schedule = RetrySchedule(delays: [5, 60, 300, 1_800, 7_200, 21_600, 43_200])

    /// Longer than an attempt takes with everything that it waits for.
    private static let leaseSeconds: Double = 60

    private var atOnce: Int { channel == .mail ? 2 : 16 }
    private var timeout: Duration { channel == .mail ? .seconds(20) : .seconds(10) }

    /// Sends until nothing is due, or the rate is used up. As one is done, the next is claimed: a slow receiver holds its own place only.
    func pass() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var underWay = 0
            while !Task.isCancelled {
                let room = rate.take(atOnce - underWay)
                let claimed = try await store.claim(channel, limit: room, leaseSeconds: Self.leaseSeconds)
                rate.giveBack(room - claimed.count)
                if !claimed.isEmpty {
                    let news = try await store.news(Array(Set(claimed.map(\.subject))).sorted())
                    for delivery in claimed {
                        group.addTask { try await send(delivery, news[delivery.subject]) }
                    }
                    underWay += claimed.count
                }
                guard underWay > 0 else { break }
                try await group.next()
                underWay -= 1
            }
        }
    }

    private func send(_ delivery: ClaimedDelivery, _ news: (edition: Int, news: PublicNews)?) async throws {
        let outcome = try await attempt(delivery, news)
        // It was cut off, which says nothing of the receiver; what was taken is written down all the same.
        guard !Task.isCancelled || outcome.word == "delivered" else { return }
        Counter(
            label: Self.countLabel, dimensions: [("channel", channel.rawValue), ("outcome", outcome.word)]
        ).increment()
        try await Task { try await store.finish(delivery, outcome) }.value
    }

    static let countLabel = "muster_subscription_deliveries"

    private func attempt(
        _ delivery: ClaimedDelivery, _ news: (edition: Int, news: PublicNews)?
    ) async throws -> DeliveryStore.Outcome {
        let subscription = delivery.subscription
        let isQuestion = delivery.subject == SubscriptionStore.question
        guard isQuestion || subscription.confirmedAt != nil && subscription.disabledAt == nil else { return .dropped }
        guard let secrets = try await subscription.secrets(box) else {
            // A daemon with the right key may be beside; one that never can gives it up.
            if complaints.isDue() {
                logger.error(
                    "subscriptions cannot be used: they were encrypted with another key (secrets.key)",
                    metadata: ["subscription": .string(subscription.id.text)])
            }
            return outcome(of: .retry(reason: "it was encrypted with another key"), delivery, nil)
        }
        let outcome = try await carry(delivery, news, secrets, isQuestion)
        return outcome.hiding(secrets, channel)
    }

    private func carry(
        _ delivery: ClaimedDelivery, _ news: (edition: Int, news: PublicNews)?, _ secrets: SubscriptionSecrets,
        _ isQuestion: Bool
    ) async throws -> DeliveryStore.Outcome {
        do {
            let request: OutboundRequest
            var edition: Int?
            if isQuestion {
                request = try question(delivery, secrets)
            } else {
                // What is no longer public, or was told in the meantime, is not sent.
                guard let news, news.edition > delivery.told ?? 0 else { return .dropped }
                if news.news.isForToldOnly, delivery.told == nil { return .dropped }
                edition = news.edition
                request = try message(news.news, edition: news.edition, delivery, secrets)
            }
            let answer = try await carrier.send(request, timeout: timeout)
            if isQuestion, channel == .webhook { try await confirm(secrets, answer) }
            return outcome(of: .usual(answer), delivery, edition)
        } catch let mistake as OutboundMistake {
            return .dead(reason: mistake.reason)
        } catch OutboundFault.network(let detail) {
            return outcome(of: .retry(reason: detail), delivery, nil)
        } catch OutboundFault.refused(let detail) {
            return .dead(reason: detail)
        } catch is CancellationError {
            return .dropped
        }
    }

    private func question(
        _ delivery: ClaimedDelivery, _ secrets: SubscriptionSecrets
    ) throws(OutboundMistake) -> OutboundRequest {
        switch channel {
        case .mail: try mail().question(to: delivery.subscription, secrets, at: delivery.now)
        case .webhook:
            try SubscriberWebhook(links: links).question(to: delivery.subscription, secrets, at: delivery.now)
        }
    }

    private func message(
        _ news: PublicNews, edition: Int, _ delivery: ClaimedDelivery, _ secrets: SubscriptionSecrets
    ) throws(OutboundMistake) -> OutboundRequest {
        let subscription = delivery.subscription
        switch channel {
        case .mail:
            return try mail().news(
                news, edition: edition, isFirst: delivery.told == nil, to: subscription, secrets, at: delivery.now)
        case .webhook:
            return try SubscriberWebhook(links: links).news(
                news, edition: edition, to: subscription, secrets, at: delivery.now)
        }
    }

    private func mail() throws(OutboundMistake) -> SubscriberMail {
        guard let from else { throw OutboundMistake(reason: "mail is not configured: set mail.command and mail.from") }
        return SubscriberMail(links: links, from: from)
    }

    /// A webhook that answers the question with its challenge says yes.
    private func confirm(_ secrets: SubscriptionSecrets, _ answer: OutboundAnswer) async throws {
        guard SubscriberWebhook.saysYes(answer, to: secrets.question),
            let token = SubscriptionToken(secrets.question)
        else { return }
        _ = try await subscriptions.confirm(token.code)
    }

    private func outcome(
        of verdict: OutboundVerdict, _ delivery: ClaimedDelivery, _ edition: Int?
    ) -> DeliveryStore.Outcome {
        switch verdict {
        case .delivered: return .delivered(edition)
        case .retry(let reason, let seconds):
            guard delivery.tries + 1 < schedule.attemptsMax else { return .dead(reason: reason) }
            let delay = max(schedule.delay(after: delivery.tries + 1), min(seconds ?? 0, 86_400))
            return .retry(reason: reason, seconds: delay)
        case .failed(let reason), .anew(let reason): return .dead(reason: reason)
        case .disabled(let reason): return .disabled(reason: reason)
        }
    }
}

extension DeliveryStore.Outcome {
    /// The same without what would tell the address, as the words of mail programs and resolvers do.
    fileprivate func hiding(_ secrets: SubscriptionSecrets, _ channel: SubscriptionChannel) -> Self {
        let local = secrets.address.split(separator: "@").first.map(String.init)
        let name = channel == .mail ? local : ProbeURL(secrets.address)?.host
        func hidden(_ reason: String) -> String {
            let said = reason.lowercased()
            let words = [secrets.address, name ?? ""].filter { !$0.isEmpty }
            return words.contains { said.contains($0.lowercased()) } ? "hidden, as it names the address" : reason
        }
        switch self {
        case .delivered, .dropped: return self
        case .retry(let reason, let seconds): return .retry(reason: hidden(reason), seconds: seconds)
        case .dead(let reason): return .dead(reason: hidden(reason))
        case .disabled(let reason): return .disabled(reason: hidden(reason))
        }
    }
}

/// How many messages may be sent: so many a minute, of which a tenth may go at once.
final class SendingRate: Sendable {
    private struct State {
        var left: Double
        var at: ContinuousClock.Instant
    }

    private let perMinute: Double
    private let state: Mutex<State>

    init(perMinute: Int) {
        self.perMinute = Double(perMinute)
        state = Mutex(State(left: max(1, Double(perMinute) / 10), at: .now))
    }

    /// So many of some that are wanted may be sent now.
    func take(_ wanted: Int, now: ContinuousClock.Instant = .now) -> Int {
        state.withLock { state in
            let gained = state.at.duration(to: now).inSeconds * perMinute / 60
            state.left = min(max(1, perMinute / 10), state.left + max(0, gained))
            state.at = now
            let taken = max(0, min(wanted, Int(state.left)))
            state.left -= Double(taken)
            return taken
        }
    }

    /// Whether one may be sent now.
    func isDue() -> Bool { take(1) == 1 }

    func giveBack(_ count: Int) {
        state.withLock { $0.left += Double(count) }
    }
}

/// The loops that send to subscribers, one for each channel: what is slow in one holds up nothing of the other.
struct MailSubscriberRunner: PeriodicRunner {
    static let name = "subscriber_mail"
    static let failure = "cannot send mail to subscribers"

    let sender: SubscriptionSender
    let signal: WakeSignal?
    let logger: Logger
    let interval: Duration = .seconds(1)

    func pass() async throws { try await sender.pass() }

    func run() async throws {
        await repeatUntilStopped()
        await sender.carrier.shutdown()
    }
}

struct WebhookSubscriberRunner: PeriodicRunner {
    static let name = "subscriber_webhooks"
    static let failure = "cannot send to the webhooks of subscribers"

    let sender: SubscriptionSender
    let signal: WakeSignal?
    let logger: Logger
    let interval: Duration = .seconds(1)

    func pass() async throws {
        try await sender.pass()
        await sender.carrier.tidy()
    }

    func run() async throws {
        await repeatUntilStopped()
        await sender.carrier.shutdown()
    }
}
