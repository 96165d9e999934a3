import IncidentDomain
import Logging
import Postgres
import ServiceLifecycle

/// The features' own pieces, made once: each desk, store and cache, and what they share.
struct Features: Sendable {
    let catalog: CatalogCache
    let feed: FeedSignal
    let streams: FeedHub
    let desk: IncidentDesk
    let routing = WakeSignal()
    let alerts: AlertStore
    let intake: AlertIntake
    let sources: SourceCache
    let rules: RuleBook
    let senses: Senses
    let reports: ReportDesk
    private let pool: PostgresPool
    private let configuration: ServerConfiguration
    private let logger: Logger

    init(pool: PostgresPool, configuration: ServerConfiguration, clock: DatabaseClock, logger: Logger) {
        self.pool = pool
        self.configuration = configuration
        self.logger = logger
        catalog = CatalogCache(pool: pool)
        feed = FeedSignal()
        streams = FeedHub(
            feed: FeedStore(pool: pool), signal: feed, tokens: TokenStore(pool: pool),
            limits: FeedHub.Limits(streams: configuration.streams.max, perToken: configuration.streams.perTokenMax),
            logger: logger)
        desk = IncidentDesk(
            pool: pool, catalog: catalog, policy: configuration.policy, soak: configuration.soak, feed: feed)
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
    }

    /// The loops that run beside the requests.
    var runners: [any Service] {
        [
            FeedNotifier(signal: feed, pool: pool, logger: logger),
            streams,
            DeadlineRunner(desk: desk, pool: pool, logger: logger),
            PlanRunner(desk: desk, pool: pool, logger: logger),
            AlertRouter(
                pool: pool, desk: desk, signal: routing, logger: logger, book: rules,
                correlationWindow: configuration.intake.correlationWindow, settle: configuration.intake.settle,
                reportsOpenIncidents: configuration.reports.openIncidents),
            rules,
            IngressPruneRunner(
                retention: configuration.retention, alerts: alerts, deadLetters: DeadLetterStore(pool: pool),
                changes: ChangeStore(pool: pool), requests: OpsgenieStore(pool: pool),
                silences: SilenceStore(pool: pool), logger: logger),
            ReportRunner(
                desk: desk, pool: pool, intake: intake, rules: rules, routing: routing, logger: logger,
                retentionDays: configuration.reports.retentionDays),
            TableBoundRunner(store: TableBoundStore(pool: pool), logger: logger),
            AlertExpiryRunner(store: alerts, routing: routing, logger: logger),
            RowExaminationRunner(examination: RowExamination(pool: pool), logger: logger),
            sources,
            intake,
        ] + senses.runners
    }

    var routes: [Route] {
        let search = IncidentSearch(pool: pool, policy: configuration.policy)
        return IncidentRoutes(desk: desk, search: search).routes
            + IncidentWorkRoutes(desk: desk).routes
            + SuggestionRoutes(desk: desk).routes
            + RestorationRoutes(desk: desk).routes
            + StatisticsRoutes(search: EstimateSearch(pool: pool)).routes
            + ReviewRoutes(reviews: ReviewDesk(desk: desk, pool: pool)).routes
            + TimelineRoutes(
                desk: desk, reader: TimelineReader(runner: pool), streams: streams
            ).routes
            + ComponentRoutes(desk: CatalogDesk(pool: pool), reader: CatalogReader(pool: pool)).routes
            + CatalogRoutes(reader: CatalogReader(pool: pool)).routes
            + DependencyRoutes(catalog: catalog).routes
            + SourceRoutes(
                store: SourceStore(pool: pool), cache: sources, trial: trial, names: NamedComponents(catalog: catalog),
                publicURL: configuration.http.publicURL
            ).routes
            + ingressRoutes
            + AlertRoutes(
                search: AlertSearch(pool: pool), store: alerts, routing: routing
            ).routes
            + RuleRoutes(
                store: RuleStore(pool: pool), book: rules, trial: trial, names: NamedComponents(catalog: catalog)
            ).routes
            + SilenceRoutes(store: SilenceStore(pool: pool), routing: routing).routes
            + ReportRoutes(
                reports: reports, search: ReportSearch(pool: pool), desk: desk,
                beside: ReportsBeside(desk: desk, pool: pool)
            ).routes
    }

    private var ingress: IngressDesk {
        IngressDesk(
            sources: sources, rules: rules, intake: intake, changes: ChangeStore(pool: pool),
            deadLetters: DeadLetterStore(pool: pool),
            logger: logger)
    }

    private var trial: RuleTrial { RuleTrial(pool: pool, book: rules, sources: SourceStore(pool: pool)) }

    private var ingressRoutes: [Route] {
        let desk = ingress
        let alertmanager = AlertmanagerRoutes(desk: desk, search: AlertSearch(pool: pool))
        return HookRoutes(desk: desk).routes
            + PagerDutyRoutes(desk: desk).routes
            + OpsgenieRoutes(desk: desk, store: OpsgenieStore(pool: pool)).routes
            + alertmanager.routes
            + AlertmanagerSilenceRoutes(doors: alertmanager, store: SilenceStore(pool: pool), routing: routing).routes
            + DeadLetterRoutes(store: DeadLetterStore(pool: pool), sources: SourceStore(pool: pool), desk: desk).routes
            + ChangeRoutes(store: ChangeStore(pool: pool), desk: self.desk).routes
    }
}
