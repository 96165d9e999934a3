@testable import IncidentDomain

/// What a plan has to say, computed straight from the words of the rules: by recursion over slugs, one question at a time,
/// and by relaxing every edge until nothing changes. Slow, and nothing of it is shared with the planner.
final class SimplePlanner {
    private let components: [String: Component]
    private let steps: [String: RestorationStep]
    private let outage: RandomOutage
    private var tiers: [String: Int] = [:]
    private var below: [String: Set<String>] = [:]

    init(_ outage: RandomOutage) {
        self.outage = outage
        components = Dictionary(uniqueKeysWithValues: outage.components.map { ($0.slug, $0) })
        steps = Dictionary(uniqueKeysWithValues: outage.steps.map { ($0.component, $0) })
    }

    var affected: [String] { steps.keys.sorted() }

    func state(_ slug: String) -> RestorationState? { steps[slug]?.state }

    func isOpen(_ slug: String) -> Bool { steps[slug].map { !$0.state.isDone } ?? false }

    func needs(_ slug: String) -> [String] {
        (components[slug]?.dependsOn ?? []).filter { $0.kind == .hard && components[$0.component] != nil }
            .map(\.component)
    }

    /// The least tier of the affected ones that need it, itself included.
    func tier(_ slug: String) -> Int {
        if let known = tiers[slug] { return known }
        let above = steps.keys.filter { needs($0).contains(slug) }.map(tier)
        let tier = ([components[slug]?.tier ?? 3] + above).min() ?? 3
        tiers[slug] = tier
        return tier
    }

    /// The first wave's tier for what the commander named and all that this needs, else its own.
    func wave(_ slug: String) -> Int {
        let first = affected.map(tier).min() ?? 3
        let isFirst = outage.order.contains { steps[$0] != nil && ($0 == slug || affectedBelow($0).contains(slug)) }
        return isFirst ? first : tier(slug)
    }

    /// Everything below a component that is affected, over what is affected.
    func affectedBelow(_ slug: String) -> Set<String> {
        if let known = below[slug] { return known }
        let found = needs(slug).reduce(into: Set<String>()) { found, needed in
            guard steps[needed] != nil else { return }
            found.insert(needed)
            found.formUnion(affectedBelow(needed))
        }
        below[slug] = found
        return found
    }

    /// Whether a component cannot work without another, directly or not.
    func isAbove(_ slug: String, _ other: String) -> Bool {
        needs(slug).contains { $0 == other || isAbove($0, other) }
    }

    /// The affected ones that it needs.
    func nearest(_ slug: String) -> Set<String> {
        Set(needs(slug).filter { steps[$0] != nil })
    }

    /// How far a dependency has to be; nil when it has to be restored.
    private func opening(_ slug: String, _ needed: String) -> DependencyOpening? {
        components[slug]?.dependsOn.first { $0.component == needed && $0.kind == .hard }?.at
    }

    /// Whether a dependency that is not restored is as far as it has to be.
    private func isEnough(_ slug: String, _ needed: String) -> Bool {
        guard let opening = opening(slug, needed), let step = steps[needed] else { return false }
        if step.state == .verifying { return true }
        guard case .ramp(let percent) = opening, step.state == .restoring else { return false }
        return step.rampPercent ?? 0 >= percent
    }

    /// What holds a component up: open ones, also behind what is restored, but not behind what was waived or works.
    func holders(_ slug: String) -> Set<String> {
        needs(slug).reduce(into: []) { found, needed in
            switch state(needed) {
            case .waived, nil: break
            case .restored: found.formUnion(holders(needed))
            case .waiting, .restoring, .verifying, .regressed: if !isEnough(slug, needed) { found.insert(needed) }
            }
        }
    }

    /// Seconds that are left for a step, and how many of them are its soak; nil when nobody knows.
    private func left(_ slug: String) -> (all: Double, soak: Double)? {
        guard let step = steps[slug], !step.state.isDone else { return (0, 0) }
        if step.state == .verifying {
            let left = max(0, step.soakUntil?.seconds(since: outage.now) ?? 0)
            return (left, left)
        }
        var (median, p90) = (0.0, 0.0)
        var soak = Double(outage.soak.seconds(for: components[slug], effectiveTier: tier(slug)))
        if let measured = outage.measured[slug], measured.samples >= 5 {
            (median, p90) = (Double(measured.medianSeconds), Double(measured.p90Seconds))
        } else if let expected = components[slug]?.expectedRestoreSeconds {
            (median, p90) = (Double(expected) + soak, Double(2 * expected) + soak)
        } else {
            return nil
        }
        soak = min(soak, median)
        guard step.state == .restoring, let start = step.startedAt else { return (median, soak) }
        let elapsed = outage.now.seconds(since: start)
        guard let work = LogNormal(median: median - soak, p90: p90 - soak) else { return (soak, soak) }
        let all = Int(((elapsed > median - soak ? work.time(0.5, elapsed: elapsed) : median - soak) - elapsed) * 1000)
        return (Double(all) / 1000 + soak, soak)
    }

    func remaining(_ slug: String) -> Double? { left(slug)?.all }

    /// When each open step ends, in seconds, by simulating: in every round each step is put at the end of what it needs, until
    /// nothing changes. Nil for what cannot be estimated and what waits for it.
    func ends() -> [String: Double?] {
        let open = affected.filter(isOpen)
        var ends: [String: Double?] = [:]
        var begins: [String: Double] = [:]
        // Round by round in the order of the waves and dependencies: as many rounds as there are steps are enough.
        for slug in open { ends[slug] = remaining(slug) }
        func hold(_ slug: String) -> Double? {
            var latest = 0.0
            for needed in needs(slug) where steps[needed] != nil && state(needed) != .waived {
                guard let moment = state(needed) == .restored ? hold(needed) : until(slug, needed) else { return nil }
                latest = max(latest, moment)
            }
            return latest
        }
        func until(_ slug: String, _ needed: String) -> Double? {
            if isEnough(slug, needed) { return 0 }
            guard let own = ends[needed] ?? nil else { return nil }
            if let opening = opening(slug, needed), let left = left(needed) {
                var part = 1.0
                if case .ramp(let percent) = opening {
                    let ramped = state(needed) == .restoring ? steps[needed]?.rampPercent ?? 0 : 0
                    part = Double(percent - ramped) / Double(100 - ramped)
                }
                return (begins[needed] ?? 0) + (part * (left.all - left.soak) * 1000).rounded(.down) / 1000
            }
            guard let behind = hold(needed) else { return nil }
            return max(own, behind)
        }
        for _ in 0...open.count {
            for slug in open where state(slug)?.isStartable == true {
                var begin = hold(slug)
                if outage.waves == .enforce {
                    for other in open where wave(other) < wave(slug) {
                        begin = begin.flatMap { begin in (ends[other] ?? nil).map { max(begin, $0) } }
                    }
                }
                begins[slug] = begin ?? 0
                ends[slug] = .some(begin.flatMap { begin in remaining(slug).map { begin + $0 } })
            }
        }
        return ends
    }
}
