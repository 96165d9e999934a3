import FoundationEssentials
import Glibc

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
