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

    private let platforms: [RandomPlatform]
    private let outages: [Outage]

    /// - Parameter platforms: Planned in turn. One alone, when it is small, would be known by heart to the processor's caches and
    ///   branch prediction, as no incident is.
    init(_ platforms: [RandomPlatform]) {
        self.platforms = platforms
        outages = platforms.map {
            Outage(incident: $0.incident(now: Self.now), graph: DependencyGraph($0.components))
        }
    }

    /// How long the plans take, as JSON.
    ///
    /// - Parameter rounds: How often each platform is planned.
    func plans(rounds: Int) -> String {
        let times = measure(rounds, outages) { $0.plan() }
        let plan = outages[0].plan()
        return """
            {\(head), \(times), "waves": \(plan.waves.count), "path": \(plan.criticalPath.count), \
            "seconds": \(Int(plan.pathSeconds ?? -1)), \
            "soaks": [\((0...3).map { String(Self.soak.seconds(for: nil, effectiveTier: $0)) }.joined(separator: ", "))]}
            """
    }

    /// How long the forecasts of plans that are there take, as JSON, with what the first one says, in seconds.
    func forecasts(rounds: Int) -> String {
        let plans = outages.map { $0.plan() }
        let times = measure(rounds, plans) { $0.forecast() }
        let forecast = plans[0].forecast()
        return """
            {\(head), \(times), "p50": \(forecast?.p50Seconds ?? -1), "p80": \(forecast?.p80Seconds ?? -1), \
            "p90": \(forecast?.p90Seconds ?? -1)}
            """
    }

    private var head: String { "\"components\": \(platforms[0].components.count), \"edges\": \(platforms[0].edges)" }

    private func measure<Input, Output>(_ rounds: Int, _ inputs: [Input], _ work: (Input) -> Output) -> String {
        let clock = ContinuousClock()
        var times: [Double] = []
        for _ in 0..<rounds {
            for input in inputs {
                var output: Output?
                times.append(clock.measure { output = work(input) } / .milliseconds(1))
                withExtendedLifetime(output) {}
            }
        }
        times.sort()
        return """
            "rounds": \(times.count), "median_ms": \(times[times.count / 2]), "p90_ms": \(times[times.count * 9 / 10]), \
            "best_ms": \(times[0])
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
