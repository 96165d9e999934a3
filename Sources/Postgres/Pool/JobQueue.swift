/// Jobs that wait for a connection, first come first served.
struct JobQueue {
    private var jobs: [PendingJob?] = []
    private var first = 0
    /// No job in the queue expires before this; jobs that left it early make it a lower bound only.
    private(set) var earliestExpiry = MonotonicTime.distantFuture

    var count: Int { jobs.count - first }
    var isEmpty: Bool { jobs.count == first }
    var head: PendingJob? { isEmpty ? nil : jobs[first] }

    mutating func append(_ job: PendingJob) {
        jobs.append(job)
        earliestExpiry = min(earliestExpiry, job.queueExpires)
    }

    /// For a job that has been out already and must not wait behind all the others again.
    mutating func prepend(_ job: PendingJob) {
        if first > 0 {
            first -= 1
            jobs[first] = job
        } else {
            jobs.insert(job, at: 0)
        }
        earliestExpiry = min(earliestExpiry, job.queueExpires)
    }

    mutating func popFirst() -> PendingJob? {
        guard !isEmpty else { return nil }
        let job = jobs[first]
        jobs[first] = nil
        first += 1
        if first == jobs.count {
            jobs.removeAll(keepingCapacity: true)
            first = 0
            earliestExpiry = .distantFuture
        } else if first > 1_024 {
            jobs.removeFirst(first)
            first = 0
        }
        return job
    }

    /// Takes out the jobs for which `isUnwanted` says so.
    mutating func remove(where isUnwanted: (PendingJob) -> Bool) -> [PendingJob] {
        let waiting = jobs[first...].compactMap { $0 }
        let removed = waiting.filter(isUnwanted)
        jobs = waiting.filter { !isUnwanted($0) }
        first = 0
        earliestExpiry = jobs.reduce(.distantFuture) { min($0, $1?.queueExpires ?? .distantFuture) }
        return removed
    }
}
