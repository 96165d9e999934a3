/// Which affected components an affected component waits for: its hard dependencies, and what those need, also through
/// components that are not affected themselves.
struct AffectedDependencies {
    private let direct: [String: Set<String>]
    private let dependents: [String: Set<String>]

    init(affected: Set<String>, graph: DependencyGraph) {
        var direct: [String: Set<String>] = [:]
        var dependents: [String: Set<String>] = [:]
        for slug in affected {
            let found = Self.nearestAffected(from: slug, affected, graph)
            direct[slug] = found
            for other in found { dependents[other, default: []].insert(slug) }
        }
        self.direct = direct
        self.dependents = dependents
    }

    /// The affected components that stand directly before `slug`, by slug; what stands before those is theirs to wait for.
    func of(_ slug: String) -> [String] {
        (direct[slug] ?? []).sorted()
    }

    /// What `slug` has to wait for now, by slug: also behind what is restored already, since a database that fails again
    /// holds up all that needs it. What was waived is gone on without, and so is what only that needed.
    func unfinished(before slug: String, in steps: [String: RestorationStep]) -> [RestorationStep] {
        var found: [RestorationStep] = []
        var seen: Set<String> = [slug]
        var pending = Array(direct[slug] ?? [])
        while let next = pending.popLast() {
            guard seen.insert(next).inserted, let step = steps[next] else { continue }
            switch step.state {
            case .waiting, .restoring, .verifying, .regressed: found.append(step)
            case .restored: pending.append(contentsOf: direct[next] ?? [])
            case .waived: break
            }
        }
        return found.sorted { $0.component < $1.component }
    }

    /// Every affected component that cannot start before `slug`, directly or not.
    func blocked(by slug: String) -> [String] {
        var found: Set<String> = []
        var pending = Array(dependents[slug] ?? [])
        while let next = pending.popLast() {
            guard found.insert(next).inserted else { continue }
            pending.append(contentsOf: dependents[next] ?? [])
        }
        return found.sorted()
    }

    /// Dependencies before dependents; among equals the one that blocks most, then by slug.
    func ordered(_ slugs: [String]) -> [String] {
        let weights = slugs.reduce(into: [String: Int]()) { $0[$1] = blocked(by: $1).count }
        let members = Set(slugs)
        var waiting = slugs.reduce(into: [String: Int]()) { counts, slug in
            counts[slug] = (direct[slug] ?? []).intersection(members).count
        }
        var order: [String] = []
        var ready = slugs.filter { waiting[$0] == 0 }
        while !ready.isEmpty {
            ready.sort { (weights[$0] ?? 0, $1) > (weights[$1] ?? 0, $0) }
            let next = ready.removeFirst()
            order.append(next)
            for dependent in dependents[next] ?? [] where members.contains(dependent) {
                waiting[dependent, default: 0] -= 1
                if waiting[dependent] == 0 { ready.append(dependent) }
            }
        }
        return order
    }

    private static func nearestAffected(
        from slug: String, _ affected: Set<String>, _ graph: DependencyGraph
    ) -> Set<String> {
        var found: Set<String> = []
        var seen: Set<String> = [slug]
        var pending = graph.hardDependencies(of: slug)
        while let next = pending.popLast() {
            guard seen.insert(next).inserted else { continue }
            if affected.contains(next) {
                found.insert(next)
            } else {
                pending.append(contentsOf: graph.hardDependencies(of: next))
            }
        }
        return found
    }
}
