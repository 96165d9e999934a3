import Testing

@testable import IncidentDomain

/// What holds of suggestions on any platform, in any state.
struct SuggestionPropertyTests {
    private static let rounds = 400

    @Test func `a root is a hard dependency of all that it is said to explain, and what it explains is a symptom`()
        throws
    {
        var random = SeededGenerator()
        for round in 0..<Self.rounds {
            let outage = RandomSymptoms(&random)
            let found = try outage.suggestions()
            let place: Comment = "round \(round), \(random.seedText)"
            var explained: Set<String> = []
            for root in found.roots {
                #expect(root.newlyExplained == Set(root.explains).subtracting(explained).count, place)
                explained.formUnion(root.explains)
                for candidate in [root] + root.alternatives {
                    let dependents = outage.dependents(of: candidate.component)
                    #expect(Set(candidate.explains) == dependents.intersection(found.symptoms), place)
                    #expect(dependents.isSuperset(of: candidate.healthy), place)
                    #expect(candidate.healthy.allSatisfy { outage.firing[$0] == nil }, place)
                    #expect(candidate.newlyExplained > 0 && candidate.match > 0 && candidate.match <= 1, place)
                    #expect(!candidate.reasons.isEmpty, place)
                }
            }
            #expect(found.roots.count == RootSearch.rootsMax || explained == Set(found.symptoms), place)
            #expect(Set(found.roots.map(\.component)).count == found.roots.count, place)
        }
    }

    @Test func `no component matches better than the first root`() throws {
        var random = SeededGenerator()
        for round in 0..<Self.rounds {
            let outage = RandomSymptoms(&random)
            let found = try outage.suggestions()
            let symptoms = Set(found.symptoms)
            let said = Dictionary(uniqueKeysWithValues: outage.impacts.map { ($0.component, $0) })
            let best = outage.components.map { component -> Double in
                let dependents = outage.dependents(of: component.slug)
                let explained = dependents.intersection(symptoms).count
                let healthy = dependents.filter { slug in
                    outage.firing[slug] == nil
                        && said[slug].map { $0.endedAt != nil || $0.impact == .none } ?? true
                }
                return Double(2 * explained) / Double(2 * symptoms.count + healthy.count)
            }.max()
            let expected = symptoms.isEmpty ? nil : best
            #expect(found.roots.first?.match == expected, "round \(round), \(random.seedText)")
        }
    }

    @Test func `exactly what the rules say is suggested, never what somebody has spoken of`() throws {
        var random = SeededGenerator()
        for round in 0..<Self.rounds {
            let outage = RandomSymptoms(&random)
            let found = try outage.suggestions()
            let place: Comment = "round \(round), \(random.seedText)"
            let said = Set(outage.impacts.map(\.component))
            let expected = outage.levels().filter { !said.contains($0.key) }
            #expect(
                Dictionary(uniqueKeysWithValues: found.affected.map { ($0.component, $0.impact) }) == expected, place)
            #expect(found.affectedTotal == expected.count, place)
            for suggested in found.affected { check(suggested, outage, place) }
        }
    }

    /// The path exists, leads to something that is hit, and is hard all the way where more than degraded is suggested.
    private func check(_ suggested: SuggestedImpact, _ outage: RandomSymptoms, _ place: Comment) {
        #expect(suggested.path.first == suggested.component && suggested.path.last == suggested.cause, place)
        #expect(suggested.path.count == suggested.distance + 1 && !suggested.reasons.isEmpty, place)
        let graph = outage.graph
        for (from, to) in zip(suggested.path, suggested.path.dropFirst()) {
            let kinds = graph.components[from]?.dependsOn.filter { $0.component == to }.map(\.kind) ?? []
            #expect(suggested.impact == .degraded ? !kinds.isEmpty : kinds.contains(.hard), place)
        }
        let isHit = outage.firing[suggested.cause] != nil || outage.impacts.contains { $0.component == suggested.cause }
        #expect(isHit, place)
    }

    @Test func `more impact, a more critical tier and more reach never make it milder`() throws {
        var random = SeededGenerator()
        for round in 0..<Self.rounds {
            let outage = RandomSymptoms(&random)
            var worse = outage
            let component = random.pick(outage.components.indices)
            let slug = outage.components[component].slug
            let known = outage.impacts.firstIndex { $0.component == slug }
            switch (Int.random(in: 0..<3, using: &random), known) {
            case (0, nil) where outage.firing[slug] == nil:
                worse.impacts.append(.hit(slug, random.pick([.degraded, .majorOutage])))
            case (0, let index?) where outage.impacts[index].isOngoing: worse.impacts[index].impact = .majorOutage
            case (1, let index?): worse.impacts[index].regions = []
            default:
                guard try outage.incident().isHit(slug) else { continue }
                worse.components[component].tier = max(0, outage.components[component].tier - 1)
            }
            let before = try outage.suggestions().severity.severity
            let after = try worse.suggestions().severity.severity
            #expect(
                (after ?? .sev4) <= (before ?? .sev4) && (before == nil || after != nil),
                "round \(round), \(random.seedText)")
        }
    }

    @Test func `the order in which things are told does not matter, and nothing is applied`() throws {
        var random = SeededGenerator()
        for round in 0..<Self.rounds {
            let outage = RandomSymptoms(&random)
            var shuffled = outage
            shuffled.components.shuffle(using: &random)
            shuffled.impacts.shuffle(using: &random)
            #expect(try outage.suggestions() == shuffled.suggestions(), "round \(round), \(random.seedText)")
        }
    }

    /// One component fails, most of what needs it fires, and so do two others: the script that the figures in
    /// `docs/assessing.md` come from has more of this.
    @Test func `what failed is found among strays more often than by counting alone`() throws {
        var random = SeededGenerator(seed: 1)
        var found = 0
        var counted = 0
        var rounds = 0
        while rounds < 300 {
            var outage = RandomSymptoms(&random)
            let broken = random.pick(outage.components).slug
            let dependents = outage.dependents(of: broken)
            guard dependents.count > 4, dependents.count * 2 < outage.components.count else { continue }
            rounds += 1
            outage.impacts = []
            outage.firing = [:]
            for slug in dependents.sorted() where Int.random(in: 0..<5, using: &random) > 0 { outage.firing[slug] = 1 }
            for _ in 0..<2 { outage.firing[random.pick(outage.components).slug] = 1 }
            let firing = Set(outage.firing.keys)
            let most = outage.components.max { one, other in
                let left = outage.dependents(of: one.slug)
                let right = outage.dependents(of: other.slug)
                return (left.intersection(firing).count, right.count) < (right.intersection(firing).count, left.count)
            }
            if try outage.suggestions().roots.first?.component == broken { found += 1 }
            if most?.slug == broken { counted += 1 }
        }
        #expect(found > counted && found * 10 > rounds * 8, "found \(found), by counting \(counted), of \(rounds)")
    }
}

extension Incident {
    fileprivate func isHit(_ slug: String) -> Bool {
        impacts.contains { $0.component == slug && $0.isOngoing }
            || (firing[slug] != nil && !impacts.contains { $0.component == slug })
    }
}

/// A platform of random dependencies, and what is known to be wrong with it.
struct RandomSymptoms {
    var components: [Component]
    var firing: [String: Int]
    var impacts: [ComponentImpact]

    private static let regions = ["eu", "us", "ap"]

    /// Components need only those with smaller numbers, so that there is no cycle.
    init(_ random: inout SeededGenerator) {
        let count = Int.random(in: 1...30, using: &random)
        components = (0..<count).map { number in
            let needed = (0..<Int.random(in: 0...3, using: &random)).map { _ in
                Dependency(
                    component: "c\(Int.random(in: 0..<max(number, 1), using: &random))",
                    kind: random.pick([.hard, .hard, .soft]))
            }
            return Component(
                slug: "c\(number)", name: "", tier: Int.random(in: 0...3, using: &random),
                regions: Self.some(&random), dependsOn: number == 0 ? [] : needed)
        }
        firing = [:]
        impacts = []
        for component in components where Int.random(in: 0..<4, using: &random) == 0 {
            firing[component.slug] = Int.random(in: 1...3, using: &random)
        }
        for component in components where Int.random(in: 0..<5, using: &random) == 0 {
            impacts.append(
                ComponentImpact(
                    component: component.slug, impact: random.pick(ImpactLevel.allCases),
                    regions: Self.some(&random).filter(component.regions.contains),
                    endedAt: Int.random(in: 0..<4, using: &random) == 0 ? Given.start : nil))
        }
        if Bool.random(using: &random) { firing["ghost"] = 1 }
    }

    private static func some(_ random: inout SeededGenerator) -> [String] {
        regions.filter { _ in Bool.random(using: &random) }
    }

    var graph: DependencyGraph { DependencyGraph(components) }

    func incident() throws -> Incident {
        var incident = try Given().incident
        incident.firing = firing
        incident.impacts = impacts
        return incident
    }

    func suggestions() throws -> Suggestions {
        Suggestions.make(for: try incident(), in: graph)
    }

    /// What needs a component (hard), and itself: the plain way.
    func dependents(of slug: String) -> Set<String> {
        let direct = components.filter { component in
            component.slug != slug && component.dependsOn.contains { $0.kind == .hard && $0.component == slug }
        }
        return direct.reduce([slug]) { $0.union(dependents(of: $1.slug)) }
    }

    /// How badly each component is hit, by the rules as they are written down, one component after the other.
    func levels() -> [String: ImpactLevel] {
        var levels: [String: ImpactLevel] = [:]
        for component in components {
            if let said = impacts.first(where: { $0.component == component.slug }) {
                levels[component.slug] = said.isOngoing ? said.impact : nil
                continue
            }
            var found: [ImpactLevel] = firing[component.slug] == nil ? [] : [.partialOutage]
            for dependency in component.dependsOn {
                guard let level = levels[dependency.component] else { continue }
                switch dependency.kind {
                case .hard: found.append(level)
                case .soft: if level != .degraded { found.append(.degraded) }
                }
            }
            levels[component.slug] = found.max { ($0.harm ?? 0) < ($1.harm ?? 0) }
        }
        return levels
    }
}
