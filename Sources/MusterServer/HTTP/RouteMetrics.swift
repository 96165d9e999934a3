import HTTPTypes
import Metrics

/// The golden signals of one route, resolved once so that a request only adds to them.
struct RouteMetrics: Sendable {
    private let requests: [Counter]
    private let duration: Metrics.Timer
    private let inFlight: Meter

    /// - Parameters:
    ///   - method: The HTTP method.
    ///   - route: The path as the route table has it; never the path of a request, which would make endless series.
    init(method: String, route: String) {
        requests = (2...5).map { statusClass in
            Counter(
                label: "muster_http_requests",
                dimensions: [("method", method), ("route", route), ("status", "\(statusClass)xx")])
        }
        duration = Metrics.Timer(
            label: "muster_http_request_duration_seconds", dimensions: [("method", method), ("route", route)])
        inFlight = Meter(
            label: "muster_http_route_requests_in_flight", dimensions: [("method", method), ("route", route)])
    }

    /// A request for the route has come; `count` has to follow.
    func begin() {
        inFlight.increment(by: 1)
    }

    /// Counts one answered request.
    func count(_ status: HTTPResponse.Status, took nanoseconds: Int64) {
        let statusClass = min(max(status.code / 100, 2), 5)
        requests[statusClass - 2].increment()
        duration.recordNanoseconds(nanoseconds)
        inFlight.decrement(by: 1)
    }
}
