import HTTPTypes
import Metrics
import NIOPosix

/// The golden signals of one route, resolved once so that a request only adds to them. Its series are shown once it was
/// called.
struct RouteMetrics: Sendable {
    static let requestsLabel = "muster_http_requests"
    static let durationLabel = "muster_http_request_duration_seconds"

    private let requests: [Counter]
    private let duration: Metrics.Timer
    private let operation: LoopOperation

    /// - Parameters:
    ///   - method: The HTTP method.
    ///   - route: The path as the route table has it; never the path of a request, which would make endless series.
    init(method: String, route: String) {
        requests = (2...5).map { statusClass in
            Counter(
                label: Self.requestsLabel,
                dimensions: [("method", method), ("route", route), ("status", "\(statusClass)xx")])
        }
        duration = Metrics.Timer(label: Self.durationLabel, dimensions: [("method", method), ("route", route)])
        operation = LoopOperation(method.isEmpty ? route : "\(method) \(route)")
    }

    /// A request for the route has come; `count` has to follow, on the same event loop.
    func begin() {
        LoopWork.current.currentValue?.began(operation)
    }

    /// Counts one answered request.
    func count(_ status: HTTPResponse.Status, took nanoseconds: Int64) {
        let statusClass = min(max(status.code / 100, 2), 5)
        requests[statusClass - 2].increment()
        duration.recordNanoseconds(nanoseconds)
        LoopWork.current.currentValue?.ended(operation)
    }
}
