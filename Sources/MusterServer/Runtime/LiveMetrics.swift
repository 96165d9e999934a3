import IncidentDomain
import Postgres

/// What is looked at in the moment of a scrape, in place of being counted all the time.
struct LiveMetrics: Sendable {
    let inFlight: InFlightGate
    let intake: AlertIntake
    let feed: FeedHub
    /// `database.connections`.
    let connectionsMax: Int
    let figures: FigureCache
    let unreadable: UnreadableRows

    func add(to snapshot: inout MetricsSnapshot) async {
        func set(_ name: String, _ value: some BinaryInteger) {
            snapshot.gauges[MetricSeries(name)] = Double(value)
        }
        snapshot.gauges[MetricSeries("muster_build_info", [("version", MusterVersion.current)])] = 1
        set("muster_http_requests_in_flight", inFlight.current)
        set("muster_http_requests_in_flight_max", inFlight.max)
        set("muster_intake_waiting_alerts", intake.waiting)
        set("muster_intake_waiting_alerts_max", intake.waitingMax)
        set("muster_feed_streams", feed.streams)
        set("postgres_pool_connections_max", connectionsMax)
        set("muster_worker_jobs", WorkerPool.waiting)
        set("muster_worker_jobs_max", WorkerPool.jobsMax)
        let (recent, ever) = (LoopMonitor.shared.recent, LoopMonitor.shared.ever)
        snapshot.gauges[MetricSeries("muster_loop_held_seconds")] = recent.wall.inSeconds
        snapshot.gauges[MetricSeries("muster_loop_held_max_seconds", [("clock", "wall")])] = ever.wall.inSeconds
        snapshot.gauges[MetricSeries("muster_loop_held_max_seconds", [("clock", "cpu")])] = ever.cpu.inSeconds
        let none = Dictionary(uniqueKeysWithValues: ExaminedTable.all.map { ($0.name, 0) })
        for (table, count) in none.merging(unreadable.counts, uniquingKeysWith: max) {
            snapshot.gauges[MetricSeries("muster_unreadable_rows", [("table", table)])] = Double(count)
        }
        let known = await figures.current()
        set("muster_database_up", known == nil ? 0 : 1)
        guard let known else { return }
        snapshot.gauges[MetricSeries("muster_feed_lag_seconds")] = known.feedLagSeconds
        snapshot.gauges[MetricSeries("muster_alerts_unrouted_oldest_seconds")] = known.oldestUnroutedSeconds
        set("muster_alerts_unrouted", known.unrouted)
        set("muster_alert_deliveries_waiting", known.deliveries)
        for (place, count) in known.open {
            let labels = [("phase", place.phase), ("severity", place.severity)]
            snapshot.gauges[MetricSeries("muster_incidents_open", labels)] = Double(count)
        }
    }
}
