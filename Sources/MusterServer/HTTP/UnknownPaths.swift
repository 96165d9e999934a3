import Logging
import Metrics
import Synchronization

/// Counts and logs requests for paths that do not exist beside the doors of other tools: a tool that was given a wrong
/// address is heard of here and nowhere else.
final class UnknownPaths: Sendable {
    /// The first segments of the doors' paths.
    private static let doors: Set<String> = ["hooks", "api", "v2", "-"]
    private static let quiet: Duration = .seconds(60)

    private let logger: Logger
    /// What stands in the paths of routes; anything else may be a key.
    private let known: Set<String>
    private let counter = Counter(label: "muster_ingress_unknown_paths")
    private let quietUntil = Mutex<ContinuousClock.Instant>(.now)

    init(_ table: RouteTable, logger: Logger) {
        self.logger = logger
        known = Self.doors.union(table.routes.flatMap { $0.route.path.split(separator: "/").map(String.init) })
    }

    func count(_ target: RequestTarget) {
        guard let first = target.segments.first, Self.doors.contains(first) else { return }
        counter.increment()
        let isDue = quietUntil.withLock { until in
            guard until <= .now else { return false }
            until = .now + Self.quiet
            return true
        }
        guard isDue else { return }
        let shown = target.segments.prefix(5).map { "/" + (known.contains($0) ? $0 : "...") }.joined()
        logger.warning(
            "a tool asks for a path that does not exist; compare its address with docs/ingress.md",
            metadata: ["path": .string(shown)])
    }
}
