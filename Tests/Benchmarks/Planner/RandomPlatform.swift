import IncidentDomain

/// A catalog in which everything is down: the same one for the same seed, shape and size.
struct RandomPlatform {
    /// How dependencies are drawn. All have 5 hard ones each, as far as there is anything before them.
    enum Shape: String, CaseIterable {
        /// As catalogs are: products of 100 components that need each other, and 1 % of shared components, databases and
        /// networks, that each of them needs one of.
        case products
        /// On anything that comes before: no catalog is like that, since nearly everything then needs everything.
        case uniform
    }

    static let dependencies = 5
    private static let productSize = 100

    let components: [Component]

    init(_ shape: Shape, size: Int, seed: UInt64) {
        var random = SplitMix(state: seed)
        let shared = size / 100
        components = (0..<size).map { index in
            var needs: Set<Int> = []
            switch shape {
            case .uniform: Self.draw(Self.dependencies, 0..<index, &needs, &random)
            case .products where index < shared: Self.draw(Self.dependencies, 0..<index, &needs, &random)
            case .products:
                let start = shared + (index - shared) / Self.productSize * Self.productSize
                Self.draw(Self.dependencies - 1, start..<index, &needs, &random)
                Self.draw(Self.dependencies - needs.count, 0..<shared, &needs, &random)
            }
            // Every tier, the shared ones more critical; what they need inherits it.
            let tier = index < shared ? Int.random(in: 0...1, using: &random) : Int.random(in: 0...3, using: &random)
            return Component(
                slug: Self.slug(index), name: "Component \(index)", tier: tier,
                expectedRestoreSeconds: 30 * Int.random(in: 1...20, using: &random),
                dependsOn: needs.sorted().map { Dependency(component: Self.slug($0), kind: .hard) })
        }
    }

    var edges: Int { components.reduce(0) { $0 + $1.dependsOn.count } }

    /// An incident that restores all of it.
    func incident(now: Timestamp) -> Incident {
        let facts = DecisionFacts(
            principal: .daemon, now: now, policy: PhasePolicy(), graph: .empty, soak: SoakPolicy())
        let opening = IncidentCommand.open(OpenIncident(title: "Everything is down"))
        guard let event = try? Incident.decide(opening, on: nil, facts: facts).first,
            var incident = Incident.evolve(
                nil,
                RecordedEvent(
                    sequence: 1, event: IncidentEvent(event), actor: .daemon, occurredAt: now, recordedAt: now),
                number: 1)
        else { preconditionFailure("an incident can always be opened") }
        incident.steps = components.map { RestorationStep(component: $0.slug) }
        return incident
    }

    /// Slugs whose order is not that of the dependencies, and of the length that real ones have.
    private static func slug(_ index: Int) -> String {
        var scrambled = SplitMix(state: UInt64(index))
        return "c-\(String(scrambled.next() >> 44, radix: 36))-\(index)"
    }

    /// As many different ones as there are, up to a number.
    private static func draw(_ count: Int, _ from: Range<Int>, _ found: inout Set<Int>, _ random: inout SplitMix) {
        let wanted = found.count + min(count, from.count)
        while found.count < wanted { found.insert(Int.random(in: from, using: &random)) }
    }
}

/// Random numbers that come again with the same seed.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
