import CoreMetrics
import Synchronization
import Testing

@testable import MusterServer

struct MetricsTextTests {
    private func text(of registry: MetricsRegistry) -> [String] {
        String(decoding: MetricsText.write(registry.snapshot()), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    @Test func `counters get their suffix, help, type and sorted series`() {
        let registry = MetricsRegistry()
        Counter(label: "muster_http_requests", dimensions: [("route", "/b")], factory: registry).increment(by: 2)
        Counter(label: "muster_http_requests", dimensions: [("route", "/a")], factory: registry).increment()
        Counter(label: "muster_http_requests", dimensions: [("route", "/a")], factory: registry).increment()
        #expect(
            text(of: registry) == [
                "# HELP muster_http_requests_total Answered requests by method, route and class of status.",
                "# TYPE muster_http_requests_total counter",
                #"muster_http_requests_total{route="/a"} 2"#,
                #"muster_http_requests_total{route="/b"} 2"#,
            ])
    }

    @Test func `a timer becomes a cumulative histogram in seconds`() {
        let registry = MetricsRegistry()
        let timer = Timer(label: "took_seconds", factory: registry)
        timer.recordNanoseconds(400_000)
        timer.recordMilliseconds(3)
        timer.recordSeconds(60)
        let lines = text(of: registry)
        #expect(lines.contains(#"took_seconds_bucket{le="0.0005"} 1"#))
        #expect(lines.contains(#"took_seconds_bucket{le="0.0025"} 1"#))
        #expect(lines.contains(#"took_seconds_bucket{le="0.005"} 2"#))
        #expect(lines.contains(#"took_seconds_bucket{le="10"} 2"#))
        #expect(lines.contains(#"took_seconds_bucket{le="+Inf"} 3"#))
        #expect(lines.contains("took_seconds_sum 60.0034"))
        #expect(lines.contains("took_seconds_count 3"))
    }

    @Test func `names and labels are made such that Prometheus takes them`() {
        let registry = MetricsRegistry()
        Meter(label: "pool.size-now", dimensions: [("a.b", "x\"y\\z\n")], factory: registry).set(1.5)
        #expect(text(of: registry).last == #"pool_size_now{a_b="x\"y\\z\n"} 1.5"#)
    }

    @Test func `the process tells of itself`() throws {
        var snapshot = MetricsRegistry().snapshot()
        ProcessMetrics.add(to: &snapshot)
        #expect(try #require(snapshot.counters[MetricSeries("process_cpu_seconds_total")]) > 0)
        #expect(try #require(snapshot.gauges[MetricSeries("process_resident_memory_bytes")]) > 1_000_000)
        let open = try #require(snapshot.gauges[MetricSeries("process_open_fds")])
        #expect(open > 2)
        #expect(try #require(snapshot.gauges[MetricSeries("process_max_fds")]) > open)
        #expect(try #require(snapshot.gauges[MetricSeries("process_start_time_seconds")]) > 1_700_000_000)
    }

    @Test func `routes that nobody has called are not shown, and others in few buckets`() {
        let registry = MetricsRegistry()
        for route in ["/a", "/b"] {
            for status in ["2xx", "4xx"] {
                _ = Counter(
                    label: RouteMetrics.requestsLabel, dimensions: [("route", route), ("status", status)],
                    factory: registry)
            }
            _ = Timer(label: RouteMetrics.durationLabel, dimensions: [("route", route)], factory: registry)
        }
        #expect(text(of: registry).isEmpty)
        Counter(
            label: RouteMetrics.requestsLabel, dimensions: [("route", "/a"), ("status", "2xx")], factory: registry
        ).increment()
        Timer(label: RouteMetrics.durationLabel, dimensions: [("route", "/a")], factory: registry)
            .recordMilliseconds(7)
        let lines = text(of: registry)
        #expect(lines.filter { !$0.hasPrefix("#") }.count == 1 + 9 + 2)
        #expect(lines.contains(#"muster_http_requests_total{route="/a",status="2xx"} 1"#))
        #expect(lines.contains(#"muster_http_request_duration_seconds_bucket{route="/a",le="0.01"} 1"#))
        #expect(!lines.contains { $0.contains("/b") })
    }

    @Test func `the page is written once for all who ask within a second`() async throws {
        let written = Atomic(0)
        let page = MomentCache(lifetime: .seconds(3_600)) {
            await Task.yield()
            return written.add(1, ordering: .relaxed).newValue
        }
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<50 { group.addTask { #expect(await page.current() == 1) } }
        }
        let always = MomentCache(lifetime: .zero) { written.add(1, ordering: .relaxed).newValue }
        #expect(await always.current() == 2)
        #expect(await always.current() == 3)
    }
}
