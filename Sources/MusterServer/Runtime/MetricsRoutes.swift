import HTTPTypes
import NIOCore

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
                    throw Problem(.unavailable, "The metrics could not be read.")
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
