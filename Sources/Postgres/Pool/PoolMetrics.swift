import Metrics

/// What the pool tells the outside, by swift-metrics.
struct PoolMetrics {
    /// From handing a job to the pool until its answer.
    private let duration = Timer(label: "postgres_job_duration_seconds")
    /// The part of it before a connection was free.
    private let wait = Timer(label: "postgres_job_wait_seconds")
    private let size = Gauge(label: "postgres_pool_connections")
    private let busy = Gauge(label: "postgres_pool_busy_connections")
    private let waiting = Gauge(label: "postgres_pool_waiting_jobs")
    private let opened = Counter(label: "postgres_connections_opened_total")
    private let lost = Counter(label: "postgres_connections_lost_total")
    private let openFailed = Counter(label: "postgres_connection_failures_total")
    private let deadlines = Counter(label: "postgres_deadlines_exceeded_total")
    private let refused = Counter(label: "postgres_jobs_refused_total")
    private var published = PostgresPoolStatistics(size: -1, idle: -1, busy: -1, waiting: -1)

    func jobFinished(nanoseconds: Int64) {
        duration.recordNanoseconds(nanoseconds)
    }

    func jobSent(waitedNanoseconds: Int64) {
        wait.recordNanoseconds(waitedNanoseconds)
    }

    func connectionOpened() { opened.increment() }
    func connectionLost() { lost.increment() }
    func connectionFailed() { openFailed.increment() }
    func deadlineExceeded() { deadlines.increment() }
    func jobRefused() { refused.increment() }

    mutating func publish(_ statistics: PostgresPoolStatistics) {
        guard statistics != published else { return }
        if statistics.size != published.size { size.record(statistics.size) }
        if statistics.busy != published.busy { busy.record(statistics.busy) }
        if statistics.waiting != published.waiting { waiting.record(statistics.waiting) }
        published = statistics
    }
}
