import IncidentDomain
import Logging
import Postgres
import ServiceLifecycle

/// The wiring: every piece of the daemon, made once, and the two lists of what they do, loops and routes. A feature adds its
/// pieces, its loops and its routes here. `Daemon` starts and stops it all.
package struct Server: Sendable {
    let configuration: ServerConfiguration
    let logger: Logger
    let pool: PostgresPool
    let migrator: Migrator
    let metrics: MetricsRegistry
    let inFlight: Budget
    let isStopping: StopFlag
    let clock: DatabaseClock
    let tokens: TokenStore
    let authenticator: Authenticator
    let idempotency: IdempotencyStore
    let installation: Installation
    let catalog: CatalogCache
    let feed: FeedSignal
    let streams: FeedHub
    let desk: IncidentDesk
    let routing = WakeSignal()
    /// Something was committed that somebody may have to hear.
    let noticing = WakeSignal()
    /// Something waits in the outbox.
    let sending = WakeSignal()
    /// An escalation begins.
    let escalating = WakeSignal()
    let alerts: AlertStore
    let intake: AlertIntake
    let sources: SourceCache
    let rules: RuleBook
    let senses: Senses
    let reports: ReportDesk
    /// What the outside sees: the same one as long as the daemon runs.
    let board: StatusBoard
    /// Something was committed that the outside may have to see.
    let publishing = WakeSignal()
    /// Keeps the public page up to date, at the start as well as beside the requests; nil where there is none.
    let publicStatus: PublicStatusRunner?
    /// Something was made public that subscribers have to hear.
    let telling = WakeSignal()
    /// Something waits in the outbox of subscribers, by channel.
    let subscriberSending = Dictionary(
        uniqueKeysWithValues: SubscriptionChannel.allCases.map { ($0, WakeSignal()) })
    private let figures: FigureCache

    init(
        configuration: ServerConfiguration, pool: PostgresPool, metrics: MetricsRegistry, logger: Logger,
        isStopping: StopFlag = StopFlag(), clock: DatabaseClock = DatabaseClock(), board: StatusBoard = StatusBoard()
    ) {
        self.configuration = configuration
        self.logger = logger
        self.pool = pool
        self.metrics = metrics
        migrator = Migrator(migrations: Migrations.all)
        inFlight = Budget(max: configuration.http.requestsInFlightMax)
        self.isStopping = isStopping
        self.clock = clock
        self.board = board
        tokens = TokenStore(pool: pool)
        idempotency = IdempotencyStore(pool: pool)
        installation = Installation(store: InstallationStore(pool: pool))
        catalog = CatalogCache(pool: pool)
        feed = FeedSignal(waking: [noticing, publishing, telling])
        let streams = FeedHub(
            feed: FeedStore(pool: pool), signal: feed, tokens: tokens,
            limits: FeedHub.Limits(streams: configuration.streams.max, perToken: configuration.streams.perTokenMax),
            logger: logger)
        self.streams = streams
        authenticator = Authenticator(
            tokens: tokens, bootstrapToken: configuration.bootstrapToken, onForget: { streams.tokensChanged() })
        desk = IncidentDesk(
            pool: pool, catalog: catalog, policy: configuration.policy, soak: configuration.soak,
            restoration: configuration.restoration, feed: feed, updates: configuration.updates.policy,
            clearing: configuration.alerts.clearing)
        alerts = AlertStore(pool: pool)
        sources = SourceCache(store: SourceStore(pool: pool))
        rules = RuleBook(pool: pool, logger: logger)
        intake = AlertIntake(
            store: AlertIntakeStore(pool: pool),
            limits: AlertIntake.Limits(
                batchMax: configuration.intake.batchMax, waitingMax: configuration.intake.waitingMax,
                gathering: configuration.intake.gather),
            routing: routing, clock: clock, logger: logger)
        senses = Senses(
            pool: pool, intake: intake, rules: rules, probes: configuration.probes,
            secretsKey: configuration.secretsKey, clock: clock, logger: logger)
        reports = ReportDesk(
            store: ReportStore(pool: pool), catalog: catalog,
            limits: ReportLimiter.Limits(perMinute: configuration.reports.perMinuteMax),
            proxies: configuration.http.trustedProxies)
        figures = FigureCache { try await FigureSearch(pool: pool).figures() }
        let settings = Self.statusSettings(configuration)
        publicStatus =
            !settings.isEnabled
            ? nil
            : PublicStatusRunner(
                board: board, settings: settings, store: PublicStatusStore(pool: pool), catalog: catalog,
                installation: installation, file: StatusFile(directory: configuration.data.directory),
                signal: publishing, logger: logger)
    }

    /// In what reviews are written.
    var speeches: ReviewSpeech {
        ReviewSpeech(language: configuration.reviews.language, zone: configuration.reviews.timeZone, pool: pool)
    }

    /// Whether the database knows what the configuration names. When it cannot be asked, that is no mistake of the configuration.
    func checkWithDatabase() async throws {
        do {
            try await speeches.check()
        } catch let error as PostgresError where error.isTransient {
            logger.warning("the configuration could not be checked", metadata: ["error": .string("\(error)")])
        }
    }

    /// The loops that run beside the requests.
    var runners: [any Service] {
        [
            DatabaseClockRunner(clock: clock, store: DatabaseClockStore(pool: pool), logger: logger),
            CacheInvalidator(
                pool: pool,
                forgetting: [
                    TokenStore.channel: authenticator.forget, SourceStore.channel: sources.forgetAll,
                    RuleStore.channel: rules.forget,
                ], onReconnect: catalog.forget),
            IdempotencyPruneRunner(store: idempotency, logger: logger),
            FeedNotifier(signal: feed, pool: pool, logger: logger),
            streams,
            DeadlineRunner(desk: desk, pool: pool, logger: logger),
            PlanRunner(desk: desk, pool: pool, logger: logger),
            OlderFormRunner(desk: desk, pool: pool, logger: logger),
            AlertRouter(
                pool: pool, desk: desk, signal: routing, logger: logger, book: rules,
                correlationWindow: configuration.intake.correlationWindow, settle: configuration.intake.settle,
                reportsOpenIncidents: configuration.reports.openIncidents, severities: configuration.alerts.severities),
            IngressPruneRunner(
                retention: configuration.retention, alerts: alerts, deadLetters: deadLetters, changes: changes,
                requests: OpsgenieStore(pool: pool), silences: silences, notifications: notificationStore,
                logger: logger),
            noticeFanOut,
            escalationRunner,
            notificationSender,
            FailingEndpointRunner(
                store: BacklogStore(pool: pool), days: configuration.notifications.disableAfterDays, logger: logger),
            ReportRunner(desk: desk, pool: pool, intake: intake, rules: rules, routing: routing, logger: logger),
            ReportPruneRunner(
                store: ReportStore(pool: pool), days: configuration.reports.retentionDays, logger: logger),
            MaintenanceRunner(
                desk: desk, pool: pool, grace: configuration.maintenance.overrunGrace, routing: routing,
                logger: logger),
            MaintenancePruneRunner(pool: pool, days: configuration.maintenance.retentionDays, logger: logger),
            KeptKeyRunner(store: KeptKeyStore(pool: pool), logger: logger),
            TableBoundRunner(store: TableBoundStore(pool: pool), logger: logger),
            AlertExpiryRunner(store: alerts, routing: routing, logger: logger),
            RowExaminationRunner(examination: RowExamination(pool: pool), logger: logger),
            intake,
            senses.heartbeatRunner,
            senses.probeRunner,
            senses.senseRunner,
        ] + (publicStatus.map { [$0] } ?? []) + subscriptionRunners
    }

    /// The route table: every operation of the daemon. What a route needs and who may call it stands in the feature's
    /// `*Routes.swift`.
    var routes: [Route] {
        // One for all routes: it bounds how many reviews are read at a time.
        let reviews = ReviewDesk(
            desk: desk, pool: pool, templates: configuration.reviews.templates, speeches: speeches)
        let statusNotKnown = StatusNotKnown(statusSettings)
        let lists = [
            Health(pool: pool, migrator: migrator, isStopping: isStopping).routes,
            MetricsRoutes(registry: metrics, live: liveMetrics).routes,
            ProblemRoutes().routes,
            OpenAPIRoutes().routes,
            TokenRoutes(tokens: tokens, authenticator: authenticator).routes,
            IncidentRoutes(desk: desk, search: IncidentSearch(pool: pool, policy: configuration.policy)).routes,
            IncidentWorkRoutes(desk: desk).routes,
            ActionRoutes(search: ActionSearch(pool: pool)).routes,
            VocabularyRoutes(rules: RulesInForce(configuration)).routes,
            UpdateRoutes(
                desk: desk, reader: TimelineReader(runner: pool), templates: configuration.updates.templates,
                catalog: catalog
            ).routes,
            SuggestionRoutes(desk: desk).routes,
            RestorationRoutes(desk: desk).routes,
            StatisticsRoutes(search: EstimateSearch(pool: pool), incidents: IncidentStatisticsSearch(pool: pool))
                .routes,
            ReviewRoutes(
                reviews: reviews,
                pdf: PDFProgram(command: configuration.reviews.pdfCommand, logger: logger)
            ).routes,
            ReviewWorkRoutes(reviews: reviews).routes,
            AttachmentRoutes(desk: AttachmentDesk(desk: desk, pool: pool)).routes,
            PublicReviewRoutes(reviews: reviews).routes,
            TimelineRoutes(desk: desk, reader: TimelineReader(runner: pool), streams: streams).routes,
            ComponentRoutes(
                desk: CatalogDesk(pool: pool), reader: CatalogReader(pool: pool), maintenance: maintenanceSearch
            ).routes,
            CatalogRoutes(reader: CatalogReader(pool: pool)).routes,
            DependencyRoutes(catalog: catalog).routes,
            SourceRoutes(
                store: SourceStore(pool: pool), cache: sources, trial: trial, names: names,
                publicURL: configuration.http.publicURL
            ).routes,
            HookRoutes(desk: ingress).routes,
            PagerDutyRoutes(desk: ingress).routes,
            OpsgenieRoutes(desk: ingress, store: OpsgenieStore(pool: pool)).routes,
            alertmanager.routes,
            AlertmanagerSilenceRoutes(doors: alertmanager, store: silences, routing: routing).routes,
            DeadLetterRoutes(store: deadLetters, sources: SourceStore(pool: pool), desk: ingress).routes,
            ChangeRoutes(store: changes, desk: desk).routes,
            AlertRoutes(
                search: AlertSearch(pool: pool), store: alerts,
                desk: AlertDesk(
                    desk: desk, severities: configuration.alerts.severities, routing: routing, logger: logger),
                catalog: catalog, routing: routing
            ).routes,
            RuleRoutes(store: RuleStore(pool: pool), book: rules, trial: trial, names: names, endpoints: endpoints)
                .routes,
            SilenceRoutes(store: silences, routing: routing).routes,
            MaintenanceRoutes(
                desk: MaintenanceDesk(
                    pool: pool, grace: configuration.maintenance.overrunGrace, routing: routing),
                search: maintenanceSearch, incidents: desk, names: names, publicURL: configuration.http.publicURL,
                authenticator: authenticator
            ).routes,
            ReportRoutes(
                reports: reports, search: ReportSearch(pool: pool), desk: desk,
                beside: ReportsBeside(desk: desk, pool: pool), board: board
            ).routes,
            HeartbeatRoutes(store: senses.heartbeats, names: names, signal: senses.signal).routes,
            HeartbeatPingRoutes(
                store: senses.heartbeats,
                credentials: PingCredentials(authenticator: authenticator, sources: sources), signal: senses.signal
            ).routes,
            EndpointRoutes(
                store: endpoints, notifications: notificationStore, search: NotificationSearch(pool: pool),
                rules: RuleStore(pool: pool), escalations: configuration.notifications.escalations,
                publicURL: publicURL,
                reach: OutboundReach(
                    networks: configuration.notifications.networks, names: .shared),
                signal: sending
            ).routes,
            ProbeRoutes(store: senses.probes, check: senses.check, names: names, signal: senses.signal).routes,
            PublicStatusRoutes(board: board, settings: statusSettings, notKnown: statusNotKnown).routes,
            HelpRoutes(board: board, settings: statusSettings, notKnown: statusNotKnown).routes,
            HelpBookRoutes(store: HelpBookStore(pool: pool)).routes,
            SubscriptionRoutes(
                desk: subscriptions, board: board, settings: statusSettings, notKnown: statusNotKnown
            ).routes,
            SubscriptionAdminRoutes(desk: subscriptions).routes,
        ]
        let api = lists.flatMap(\.self)
        return api + roomRoutes(over: api, reviews: reviews)
    }

    private static func statusSettings(_ configuration: ServerConfiguration) -> StatusSettings {
        var settings = configuration.status
        settings.url = configuration.statusURL ?? configuration.publicURL
        return settings
    }

    var statusSettings: StatusSettings { Self.statusSettings(configuration) }

    private var ingress: IngressDesk {
        IngressDesk(
            sources: sources, rules: rules, intake: intake, changes: changes, deadLetters: deadLetters, logger: logger)
    }

    private var alertmanager: AlertmanagerRoutes {
        AlertmanagerRoutes(desk: ingress, search: AlertSearch(pool: pool))
    }

    private var trial: RuleTrial {
        RuleTrial(
            pool: pool, book: rules, sources: SourceStore(pool: pool), severities: configuration.alerts.severities,
            catalog: catalog)
    }
    private var names: NamedComponents { NamedComponents(catalog: catalog) }
    private var changes: ChangeStore { ChangeStore(pool: pool) }
    private var deadLetters: DeadLetterStore { DeadLetterStore(pool: pool) }
    private var maintenanceSearch: MaintenanceSearch { MaintenanceSearch(pool: pool) }
    private var silences: SilenceStore { SilenceStore(pool: pool) }
    var notificationStore: NotificationStore { NotificationStore(pool: pool) }
    private var endpoints: EndpointStore { EndpointStore(pool: pool, secretsKey: configuration.secretsKey) }

    var noticeFanOut: NoticeFanOut {
        NoticeFanOut(
            pool: pool, policy: configuration.policy, escalations: configuration.notifications.escalations,
            signal: noticing, sending: sending, escalating: escalating, logger: logger)
    }

    var escalationRunner: EscalationRunner {
        EscalationRunner(
            pool: pool, policy: configuration.policy, signal: escalating, noticing: noticing, logger: logger)
    }

    var notificationSender: NotificationSender {
        NotificationSender(
            store: notificationStore, endpoints: endpoints, carrier: carrier, installation: installation,
            publicURL: publicURL, signal: sending, noticing: noticing, logger: logger)
    }

    private var carrier: MessageCarrier {
        MessageCarrier(
            client: OutboundClient(networks: configuration.notifications.networks, clients: PinnedClients()),
            mail: configuration.notifications.mailCommand.map(MailProgram.init))
    }

    /// What links in messages begin with.
    private var publicURL: String { configuration.publicURL }

    var liveMetrics: LiveMetrics {
        LiveMetrics(
            inFlight: inFlight, intake: intake, feed: streams, connectionsMax: configuration.database.connections,
            figures: figures, unreadable: pool.unreadable)
    }

    var dispatcher: Dispatcher {
        Dispatcher(
            table: RouteTable(routes),
            authenticator: authenticator,
            // A request makes a handful of statements, and each ends by its deadline.
            idempotency: IdempotencyDesk(
                store: idempotency, logger: logger, lease: configuration.database.statementDeadline * 4),
            installation: installation,
            limits: RequestLimits(
                bodyBytesMax: configuration.http.requestBodyMaxBytes,
                messageBytesMax: configuration.ingress.bodyMaxBytes,
                requiresIfMatch: configuration.http.requireIfMatch),
            inFlight: inFlight,
            clock: clock,
            logger: logger)
    }
}
