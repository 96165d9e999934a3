import HTTPTypes

/// `/metrics`.
struct MetricsRoutes: Sendable {
    let registry: MetricsRegistry
    let inFlight: InFlightGate

    var routes: [Route] {
        [
            Route(.get, "/metrics", role: nil, "readMetrics", query: .anything) { _ in
                Answer(.ok, MetricsText.write(snapshot()), type: "text/plain; version=0.0.4; charset=utf-8")
            }
        ]
    }

    private func snapshot() -> MetricsSnapshot {
        var snapshot = registry.snapshot()
        ProcessMetrics.add(to: &snapshot)
        snapshot.gauges[MetricSeries("muster_build_info", [("version", MusterVersion.current)])] = 1
        snapshot.gauges[MetricSeries("muster_http_requests_in_flight")] = Double(inFlight.current)
        return snapshot
    }
}

/// What `musterd version` prints.
package enum MusterVersion {
    package static let current = "0.1.0"
}
