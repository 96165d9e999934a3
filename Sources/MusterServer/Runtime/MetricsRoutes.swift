import HTTPTypes

/// `/metrics`.
struct MetricsRoutes: Sendable {
    let registry: MetricsRegistry
    let live: LiveMetrics

    var routes: [Route] {
        [
            Route(.get, "/metrics", role: nil, "readMetrics", query: .anything) { _ in
                var snapshot = registry.snapshot()
                ProcessMetrics.add(to: &snapshot)
                await live.add(to: &snapshot)
                return Answer(.ok, MetricsText.write(snapshot), type: "text/plain; version=0.0.4; charset=utf-8")
            }.reserved
        ]
    }
}

/// What `musterd version` prints.
package enum MusterVersion {
    package static let current = "0.1.0"
}
