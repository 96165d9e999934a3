import IncidentDomain

/// How long planning takes when everything is down.
struct PlannerBench {
    private static let now = Timestamp(milliseconds: 1_800_000_000_000)
    private static let soak = SoakPolicy(secondsByTier: [0: 300, 1: 300, 2: 120, 3: 60])

    private struct Outage {
        let incident: Incident
        let graph: DependencyGraph

        func plan() -> RestorationPlan {
            RestorationPlan.make(for: incident, in: graph, soak: soak, measured: .none, now: now)
        }
    }

    /// JSON.
    let line: String

    /// - Parameters:
    ///   - platforms: Planned in turn. One alone, when it is small, would be known by heart to the processor's caches and
    ///     branch prediction, as no incident is.
    ///   - rounds: How often each is planned.
    init(_ platforms: [RandomPlatform], rounds: Int) {
        let clock = ContinuousClock()
        let outages = platforms.map {
            Outage(incident: $0.incident(now: Self.now), graph: DependencyGraph($0.components))
        }
        var times: [Double] = []
        var plan: RestorationPlan?
        for _ in 0..<rounds {
            for outage in outages {
                plan = nil
                times.append(clock.measure { plan = outage.plan() } / .milliseconds(1))
            }
        }
        times.sort()
        plan = outages[0].plan()
        line = """
            {"components": \(platforms[0].components.count), "edges": \(platforms[0].edges), "plans": \(times.count), \
            "median_ms": \(times[times.count / 2]), "p90_ms": \(times[times.count * 9 / 10]), "best_ms": \(times[0]), \
            "waves": \(plan?.waves.count ?? 0), "path": \(plan?.criticalPath.count ?? 0), \
            "seconds": \(Int(plan?.remaining?.medianSeconds ?? -1)), \
            "soaks": [\((0...3).map { String(Self.soak.seconds(for: nil, effectiveTier: $0)) }.joined(separator: ", "))]}
            """
    }

    /// A component as JSON, with what its restoring takes when half of the time it takes no longer.
    static func line(_ component: Component) -> String {
        let needs = component.dependsOn.map { "\"\($0.component)\"" }.joined(separator: ", ")
        return """
            {"slug": "\(component.slug)", "tier": \(component.tier), \
            "restore_seconds": \(component.expectedRestoreSeconds ?? 0), "needs": [\(needs)]}
            """
    }
}
