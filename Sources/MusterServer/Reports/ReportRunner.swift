import IncidentDomain
import Logging
import Metrics
import Postgres

/// Finds surges of users' reports and tells alerts and incidents of them. Any number of daemons may run it.
///
/// While a surge lasts, its alert is told so at every look: whatever ends a daemon in between, the next look makes up for it.
struct ReportRunner: PeriodicRunner {
    static let name = "reports"
    static let failure = "cannot look for surges of users' reports"

    let desk: IncidentDesk
    let pool: PostgresPool
    let intake: AlertIntake
    let rules: RuleBook
    let routing: WakeSignal
    let logger: Logger
    /// How often to look.
    var interval: Duration = .seconds(30)
    /// What another daemon looked at within this time is not looked at again.
    var restSeconds: Double = 25

    private static let batchMax = 5_000
    let setbacks = Setbacks<Int>("reports")
    func pass() async throws {
        try await inTurn([("surges", look), ("reports of incidents", count)])
    }

    /// Looks at every baseline that is due, and raises and ends alerts.
    func look() async throws {
        let store = ReportBaselineStore(pool: pool)
        if try await ReportAlertStore().askAgain(in: pool) > 0 { routing.wake() }
        var looked = try await store.due(every: restSeconds, limit: Self.batchMax)
        guard !looked.isEmpty else { return }
        for index in looked.indices { looked[index].look() }
        let seen = try await store.store(looked)
        let surging = seen.filter(\.baseline.isSurging)
        let over = seen.filter { !$0.baseline.isSurging && $0.isAlerted }
        guard !surging.isEmpty || !over.isEmpty else { return }
        var message = IncomingMessage(alerts: (surging + over).map(Self.alert))
        try await rules.apply(&message, source: BuiltInSource.reports)
        try await intake.accept(message, from: BuiltInSource.reports)
        try await store.mark(surging.map(\.key), alerted: true)
        try await store.mark(over.map(\.key), alerted: false)
    }

    /// Tells incidents how many users report them, where somebody else says so.
    func count() async throws {
        let beside = ReportsBeside(desk: desk, pool: pool)
        for number in try await beside.numbers() {
            _ = try await setbacks.attempt(number, logger: logger) {
                let incident = try await desk.current(number).incident
                guard let (reported, isCounted) = try await beside.reported(incident), isCounted else { return }
                let series = try await ReportSearch(pool: pool).series(of: reported)
                _ = try await desk.handle(
                    .countReports(series, changedAt: reported.changedAt), on: number, CommandContext(principal: .daemon)
                )
            }
        }
    }

    static func alert(_ due: ReportBaselineStore.Due) -> IncomingAlert {
        let key = due.key
        let place = key.component.isEmpty ? "" : " (\(key.component))"
        let normal = Int((due.baseline.mean * Double(ReportBaseline.windowMinutes)).rounded())
        var labels = ["alertname": "UserReports", "symptom": key.symptom]
        if !key.component.isEmpty { labels["component"] = key.component }
        return IncomingAlert(
            // Not the identity alone: under that name, versions before this one brought surges into incidents.
            identity: key.identity, groupKey: "beside|\(key.identity)",
            status: due.baseline.isSurging ? .firing : .resolved,
            title: "Users report: \(key.words)\(place), \(due.recent) in \(ReportBaseline.windowMinutes) minutes, "
                + "normally \(normal)",
            component: key.component.isEmpty ? nil : key.component, severity: "warning", startsAt: due.surgingSince,
            endsAt: due.baseline.isSurging ? nil : due.now, labels: labels, annotations: [:])
    }
}

/// Removes users' reports that are older than their retention.
struct ReportPruneRunner: PeriodicRunner {
    static let name = "report retention"
    static let failure = "cannot remove old reports"
    /// As the metric of dropped rows names them.
    static let droppedRows = "report counts"

    let store: ReportStore
    let days: Int
    let logger: Logger
    let interval: Duration = .seconds(900)

    func pass() async throws {
        let dropped = try await store.prune(days: days)
        Counter(label: "muster_dropped_rows", dimensions: [("what", Self.droppedRows)]).increment(by: dropped)
    }
}
