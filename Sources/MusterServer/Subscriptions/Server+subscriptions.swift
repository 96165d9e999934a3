import IncidentDomain
import ServiceLifecycle

/// The wiring of subscriptions.
extension Server {
    var subscriptionStore: SubscriptionStore { SubscriptionStore(pool: pool) }

    private var subscriptionBox: SecretBox {
        SecretBox(configured: configuration.secretsKey, store: SecretKeyStore(pool: pool))
    }

    var subscriptionLinks: SubscriptionLinks { SubscriptionLinks(settings: statusSettings) }

    var subscriptions: SubscriptionDesk {
        let offer = configuration.subscriptions
        return SubscriptionDesk(
            store: subscriptionStore, box: subscriptionBox, offer: offer, proxies: configuration.http.trustedProxies,
            limiter: ReportLimiter(
                ReportLimiter.Limits(
                    perReporter: SubscriptionOffer.asksPerNetworkMinute, perMinute: offer.asksPerMinuteMax),
                counting: nil), sending: subscriberSending)
    }

    /// The loops of subscriptions; none where there is no public page.
    var subscriptionRunners: [any Service] {
        // What is stored is forgotten in time also where nothing more comes of it.
        let pruning = SubscriptionPruneRunner(
            store: subscriptionStore, keptDays: configuration.retention.notificationDays,
            failingDays: configuration.notifications.disableAfterDays, logger: logger)
        guard let news = publicNewsRunner, configuration.subscriptions.isEnabled else { return [pruning] }
        return [
            pruning, news,
            MailSubscriberRunner(
                sender: subscriptionSender(.mail), signal: subscriberSending[.mail], logger: logger),
            WebhookSubscriberRunner(
                sender: subscriptionSender(.webhook), signal: subscriberSending[.webhook], logger: logger),
        ]
    }

    var publicNewsRunner: PublicNewsRunner? {
        publicStatus.map { page in
            PublicNewsRunner(
                looked: { page.looked }, store: PublicNewsStore(pool: pool),
                sending: Array(subscriberSending.values), signal: telling, logger: logger)
        }
    }

    /// With connections and turns of its own.
    func subscriptionSender(_ channel: SubscriptionChannel) -> SubscriptionSender {
        let client = OutboundClient(
            networks: configuration.notifications.networks, names: .forSubscribers, clients: PinnedClients())
        let mail = configuration.notifications.mailCommand.map(MailProgram.forSubscribers)
        return SubscriptionSender(
            channel: channel, store: DeliveryStore(pool: pool), subscriptions: subscriptionStore, box: subscriptionBox,
            carrier: MessageCarrier(client: client, mail: mail), links: subscriptionLinks,
            from: configuration.subscriptions.from,
            rate: SendingRate(perMinute: configuration.subscriptions.messagesPerMinuteMax), logger: logger)
    }
}
