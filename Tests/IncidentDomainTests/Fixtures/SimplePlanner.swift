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

    /// The least tier of what needs it, itself included.
    func tier(_ slug: String) -> Int {
        if let known = tiers[slug] { return known }
        let above = components.keys.filter { needs($0).contains(slug) }.map(tier)
        let tier = ([components[slug]?.tier ?? 3] + above).min() ?? 3
        tiers[slug] = tier
        return tier
    }

    /// Everything below a component that is affected, however far.
    func affectedBelow(_ slug: String) -> Set<String> {
        if let known = below[slug] { return known }
        let found = needs(slug).reduce(into: Set<String>()) { found, needed in
            if steps[needed] != nil { found.insert(needed) }
            found.formUnion(affectedBelow(needed))
        }
        below[slug] = found
        return found
    }

    /// Whether a component cannot work without another, directly or not.
    func isAbove(_ slug: String, _ other: String) -> Bool {
        needs(slug).contains { $0 == other || isAbove($0, other) }
    }

    /// The affected ones that are met first.
    func nearest(_ slug: String) -> Set<String> {
        needs(slug).reduce(into: []) { found, needed in
            found.formUnion(steps[needed] != nil ? [needed] : nearest(needed))
        }
    }

    /// What holds a component up: open ones, also behind what is restored or not affected, but not behind what was waived.
    func holders(_ slug: String) -> Set<String> {
        needs(slug).reduce(into: []) { found, needed in
            switch state(needed) {
            case .waived: break
            case .restored, nil: found.formUnion(holders(needed))
            case .waiting, .restoring, .verifying, .regressed: found.insert(needed)
            }
        }
    }

    /// What has to be over before: as `holders`, but seen from the end, when those that hold it up now are restored and
    /// what they were begun without by force still holds it up.
    private func precedents(_ slug: String) -> Set<String> {
        needs(slug).reduce(into: []) { found, needed in
            guard state(needed) != .waived else { return }
            if isOpen(needed) { found.insert(needed) }
            found.formUnion(precedents(needed))
        }
    }

    /// Seconds that are left for a step, by the decisions; nil when nobody knows.
    func remaining(_ slug: String, unlucky: Bool) -> Double? {
        guard let step = steps[slug], !step.state.isDone else { return 0 }
        if step.state == .verifying { return max(0, step.soakUntil?.seconds(since: outage.now) ?? 0) }
        var effort: Double
        if let measured = outage.measured[slug], measured.samples >= 5 {
            effort = Double(unlucky ? measured.p90Seconds : measured.medianSeconds)
        } else if let expected = components[slug]?.expectedRestoreSeconds {
            let soak = outage.soak.seconds(for: components[slug], effectiveTier: tier(slug))
            effort = Double((unlucky ? 2 : 1) * expected + soak)
        } else {
            return nil
        }
        if step.state == .restoring, let start = step.startedAt { effort -= outage.now.seconds(since: start) }
        return max(0, effort)
    }

    /// When each open step ends, in seconds: an edge for each precedent and for each step of an earlier wave, relaxed until
    /// nothing changes. Nil when something cannot be estimated.
    func ends(unlucky: Bool) -> [String: Double]? {
        let open = affected.filter(isOpen)
        var durations: [String: Double] = [:]
        for slug in open {
            guard let seconds = remaining(slug, unlucky: unlucky) else { return nil }
            durations[slug] = seconds
        }
        let tiers = Dictionary(uniqueKeysWithValues: open.map { ($0, tier($0)) })
        var edges: [(from: String, to: String)] = []
        for slug in open where state(slug)?.isStartable == true {
            let before = precedents(slug).union(open.filter { (tiers[$0] ?? 0) < (tiers[slug] ?? 0) })
            edges += before.map { ($0, slug) }
        }
        var ends = durations
        var isChanged = true
        while isChanged {
            isChanged = false
            for (from, to) in edges {
                let end = (ends[from] ?? 0) + (durations[to] ?? 0)
                if end > ends[to] ?? 0 { (ends[to], isChanged) = (end, true) }
            }
        }
        return ends
    }
}
