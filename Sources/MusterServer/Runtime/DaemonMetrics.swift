import FoundationEssentials
import Glibc
import HTTPTypes
import IncidentDomain
import Metrics
import NIOCore
import Postgres

/// What is looked at in the moment of a scrape, in place of being counted all the time.
struct LiveMetrics: Sendable {
    let inFlight: Budget
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
        set("muster_alerts_orphaned", known.orphaned)
        for (place, count) in known.open {
            let labels = [("phase", place.phase), ("severity", place.severity)]
            snapshot.gauges[MetricSeries("muster_incidents_open", labels)] = Double(count)
        }
    }
}

/// What the kernel knows of this process, under the names that every Prometheus client library uses.
enum ProcessMetrics {
    /// Adds the values of this moment.
    static func add(to snapshot: inout MetricsSnapshot) {
        snapshot.counters[MetricSeries("process_cpu_seconds_total")] = cpuSeconds()
        snapshot.gauges[MetricSeries("process_start_time_seconds")] = startTimeSeconds
        if let bytes = residentBytes() { snapshot.gauges[MetricSeries("process_resident_memory_bytes")] = bytes }
        if let count = openFileDescriptors() { snapshot.gauges[MetricSeries("process_open_fds")] = count }
        if let count = fileDescriptorsMax() { snapshot.gauges[MetricSeries("process_max_fds")] = count }
    }

    /// As near to the start of the process as matters.
    private static let startTimeSeconds = Date().timeIntervalSince1970

    /// To be called when the process starts.
    static func markStart() {
        _ = startTimeSeconds
    }

    static func cpuSeconds() -> Double {
        var usage = rusage()
        guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    private static func seconds(_ time: timeval) -> Double {
        Double(time.tv_sec) + Double(time.tv_usec) / 1_000_000
    }

    /// The second field of /proc/self/statm, in pages.
    static func residentBytes() -> Double? {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return nil }
        let fields = text.split(separator: " ")
        guard fields.count > 1, let pages = Double(fields[1]) else { return nil }
        return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
    }

    private static func openFileDescriptors() -> Double? {
        guard let directory = opendir("/proc/self/fd") else { return nil }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        // Less `.`, `..` and the directory itself.
        return Double(max(0, count - 3))
    }

    private static func fileDescriptorsMax() -> Double? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        return Double(limit.rlim_cur)
    }
}

/// The counters that are made where something happens. They are shown as 0 from the start of the daemon: of one that first
/// appears with a value, `increase()` does not see that it has grown.
enum CountersFromStart {
    private struct Family {
        let name: String
        var label = ""
        /// Of the label; a counter without one has a single series.
        var values: [String] = []
    }

    private static let families = [
        Family(name: "muster_alerts_ignored", label: "reason", values: IgnoredReason.allCases.map(\.rawValue)),
        Family(name: "muster_dead_letters", label: "kind", values: kinds),
        Family(
            name: "muster_dropped_rows", label: "what",
            values: [ReportPruneRunner.droppedRows] + TableBound.all.map(\.what)),
        Family(
            name: "muster_feed_streams_cut", label: "reason",
            values: [FeedHub.Ending.revoked, .slow].map(\.rawValue)),
        Family(name: "muster_feed_streams_refused"),
        Family(name: "muster_ingress_too_large", label: "kind", values: kinds),
        Family(name: "muster_matching_skipped", label: "what", values: ["rule", "silence"]),
        Family(name: Installation.loopsLabel),
        Family(name: "muster_messages_without_alert", label: "kind", values: kinds),
        Family(
            name: "muster_notification_attempts", label: "outcome", values: NotificationStore.outcomes),
        Family(name: "muster_notifications_made"),
        Family(name: "muster_probe_lookups_failed"),
        Family(name: "muster_pruned_rows", label: "what", values: IngressPruneRunner.Kind.allCases.map(\.rawValue)),
        Family(name: "muster_reports_refused", label: "limit", values: ReportLimiter.Limit.allCases.map(\.rawValue)),
        Family(
            name: SubscriptionDesk.askedLabel, label: "channel", values: SubscriptionChannel.allCases.map(\.rawValue)),
        Family(
            name: SubscriptionDesk.refusedLabel, label: "limit",
            values: SubscriptionLimit.allCases.map(\.rawValue) + ["receiver"]),
    ]

    /// Of sources that people can make.
    private static let kinds = SourceKind.allCases.filter { $0 != .internal }.map(\.rawValue)

    /// To be called once there is a place where metrics live.
    static func show() {
        for family in families {
            let series = family.values.isEmpty ? [[]] : family.values.map { [(family.label, $0)] }
            for dimensions in series { Counter(label: family.name, dimensions: dimensions).increment(by: 0) }
        }
    }
}

/// `/metrics`.
struct MetricsRoutes: Sendable {
    /// Written at most once a second and beside the event loops, however many scrape.
    private let page: MomentCache<ByteBuffer>

    /// - Parameter lifetime: How old the page may be.
    init(registry: MetricsRegistry, live: LiveMetrics, lifetime: Duration = .seconds(1)) {
        page = MomentCache(lifetime: lifetime) {
            var snapshot = registry.snapshot()
            ProcessMetrics.add(to: &snapshot)
            await live.add(to: &snapshot)
            return ByteBuffer(bytes: MetricsText.write(snapshot))
        }
    }

    var routes: [Route] {
        [
            Route(.get, "/metrics", role: nil, "readMetrics", query: .anything) { _ in
                guard let bytes = await page.current() else {
                    throw Problem(.unavailable, "Cannot read the metrics.")
                }
                var answer = Answer(
                    .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"], body: .bytes(bytes))
                answer.isShared = true
                return answer
            }.reserved
        ]
    }
}

/// What `musterd version` prints.
package enum MusterVersion {
    package static let current = "0.1.0"
}

/// What `/metrics` says of each name; others are described by their name.
enum MetricsHelp {
    static let texts = [
        "muster_alert_deliveries_waiting":
            "Batches of alerts that their incidents have not heard of, 10001 for more than 10000.",
        "muster_alerts_ignored_total":
            "Messages about alerts that changed nothing since they came too late or said nothing new, by reason.",
        "muster_alerts_orphaned":
            "Alerts that fire with no open incident (GET /v1/alerts?orphaned=true), 10001 for more than 10000.",
        "muster_alerts_unrouted": "Alerts that wait to be brought to an incident, 10001 for more than 10000.",
        "muster_alerts_unrouted_oldest_seconds":
            "How long the first of the alerts that wait to be brought to an incident has waited.",
        "muster_build_info": "The version that runs, as a label.",
        "muster_clock_offset_seconds":
            "How far this machine's clock is ahead of the database's, by which Muster goes.",
        "muster_database_up": "Whether the database answered when it was last asked for these figures.",
        "muster_dead_letters_total": "Messages that were not understood and are kept, by kind of source.",
        "muster_deadline_lateness_seconds": "Time from a deadline, such as the end of a soak, until it was acted upon.",
        "muster_dropped_rows_total":
            "Rows that were removed because their table was full (docs/operating.md), by what they were.",
        "muster_feed_lag_seconds":
            "Age of the oldest committed event that the feed does not show yet because an older transaction still runs.",
        "muster_feed_streams": "Clients that follow the feed at this daemon.",
        "muster_feed_streams_cut_total":
            "Streams of events that the daemon ended, by reason: slow (the client did not keep up) or revoked (its token).",
        "muster_feed_streams_refused_total":
            "Streams of events that were refused (streams.max, streams.per_token_max).",
        "muster_http_accept_failures_total":
            "Attempts to accept connections that failed, as when file descriptors are used up.",
        "muster_http_unsent_budget_refusals_total":
            "Requests for what may be large, refused while clients had left too much unread.",
        "muster_http_body_budget_refusals_total":
            "Requests that were refused because too many bodies were being received (http.body_budget_bytes).",
        "muster_http_connections_closed_total":
            "Connections that the daemon ended: idle, slow, not reading, or to make room, by reason.",
        "muster_http_malformed_requests_total": "What came on a connection and could not be read as a request.",
        "muster_http_request_duration_seconds": "Time from the complete request to the ready answer.",
        "muster_http_requests_in_flight": "Requests being served now.",
        "muster_http_requests_in_flight_max": "Requests beyond this number are refused (http.requests_in_flight_max).",
        "muster_http_requests_total": "Answered requests by method, route and class of status.",
        "muster_incidents_open": "Incidents that are not over, by phase and severity.",
        "muster_intake_batch_alerts": "How many alerts were stored by one statement.",
        "muster_ingress_too_large_total":
            "Messages of other tools above ingress.body_max_bytes, by kind of source. Their beginnings are dead letters.",
        "muster_ingress_unknown_paths_total":
            "Requests for paths that do not exist beside the doors of other tools: somebody has a wrong address.",
        "muster_intake_batch_duration_seconds": "Time to store a batch of alerts.",
        "muster_intake_waiting_alerts": "Alerts that wait to be stored.",
        "muster_intake_waiting_alerts_max": "Alerts beyond this number are refused (intake.waiting_max).",
        "muster_message_loops_total":
            "Messages that were refused because they were sent by this installation itself, or go round in a loop.",
        "muster_messages_without_alert_total":
            "Messages understood but containing no alert (for example tests), by kind of source.",
        "muster_loop_held_max_seconds":
            "The longest time since the start that an event loop was blocked; cpu is what its thread computed meanwhile.",
        "muster_loop_held_seconds":
            "The longest time that an event loop was blocked in the last half minute to minute: requests waited so long.",
        "muster_matching_skipped_total":
            "Alerts for which a rule or silence was left out, because matching its regular expressions took too long.",
        "muster_probe_lookups_failed_total":
            "Looks of probes that did not take place, as the resolver of this machine did not answer.",
        "muster_pruned_rows_total": "Rows that were removed because their retention was over, by what they were.",
        "muster_reports_refused_total":
            "Users' reports that were not counted, by the limit: of one address, or of all.",
        "muster_subscription_deliveries_total":
            "Attempts to tell subscribers of the public page something, by channel and by what came of it.",
        "muster_subscriptions_asked_total": "Questions to mailboxes and webhooks whether they want to subscribe.",
        "muster_subscriptions_refused_total":
            "Requests to subscribe that were not carried out, by the limit that they met.",
        "muster_runner_interval_seconds": "How long a loop of the daemon rests between two passes at most.",
        "muster_runner_last_pass_timestamp_seconds":
            "When a loop of the daemon last ended a pass without an error, in seconds since 1970.",
        "muster_worker_jobs": "Work beside the event loops that waits or runs.",
        "muster_worker_jobs_max": "Work beyond this number is refused.",
        "muster_set_aside":
            "What a loop could not carry out in a few tries and tries once an hour from then on, by its queue; the log names "
            + "each.",
        "muster_unreadable_rows":
            "Rows that this release cannot read and leaves out, by table; musterd doctor names them.",
        "postgres_connection_failures_total": "Attempts to connect to PostgreSQL that failed.",
        "postgres_connections_lost_total": "Connections to PostgreSQL that died.",
        "postgres_connections_opened_total": "Connections to PostgreSQL that were opened.",
        "postgres_deadlines_exceeded_total": "Statements that PostgreSQL did not answer before our own deadline.",
        "postgres_job_duration_seconds": "Time from handing a statement to the pool to its answer.",
        "postgres_job_wait_seconds": "The part of that time before a connection was free.",
        "postgres_jobs_refused_total": "Statements refused because too many waited.",
        "postgres_pool_busy_connections": "Connections with work in flight.",
        "postgres_pool_connections": "Open connections.",
        "postgres_pool_connections_max": "Connections that the pool may hold (database.connections).",
        "postgres_pool_waiting_jobs": "Statements that wait for a connection.",
        "process_cpu_seconds_total": "User and system CPU time spent.",
        "process_max_fds": "Open file descriptors that are allowed (LimitNOFILE=).",
        "process_open_fds": "Open file descriptors.",
        "process_resident_memory_bytes": "Resident memory size.",
        "process_start_time_seconds": "Start of the process in seconds since 1970.",
    ]
}
