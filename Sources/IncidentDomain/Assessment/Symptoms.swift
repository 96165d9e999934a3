/// What is known to be wrong in an incident: what people said of components, and which of them alerts fire on.
struct Symptoms: Sendable {
    /// Unresolved alerts by the number of their component.
    let firing: [Int: Int]
    /// What was said of a component, by number; the word of a person goes before what alerts or the graph make probable.
    let impacts: [Int: ComponentImpact]
    /// Components that are named by alerts or impacts and are not in the catalog, by slug.
    let unknown: [String]
    /// Ongoing impacts on components that are not in the catalog.
    let unknownImpacts: [ComponentImpact]
    /// Alerts that name no component.
    let anonymousAlerts: Int

    /// What a component on which alerts fire is taken to suffer until somebody says how bad it is.
    static let alertLevel = ImpactLevel.partialOutage

    init(_ incident: Incident, _ catalog: NumberedCatalog) {
        let named = incident.firing.filter { $0.value > 0 && !$0.key.isEmpty }
        var firing: [Int: Int] = [:]
        for (slug, count) in named { if let number = catalog.number(of: slug) { firing[number] = count } }
        var impacts: [Int: ComponentImpact] = [:]
        for impact in incident.impacts {
            if let number = catalog.number(of: impact.component) { impacts[number] = impact }
        }
        self.firing = firing
        self.impacts = impacts
        unknownImpacts = incident.impacts.filter { $0.isOngoing && catalog.number(of: $0.component) == nil }
        let missing = named.keys.filter { catalog.number(of: $0) == nil }
        unknown = Set(missing).union(unknownImpacts.map(\.component)).sorted()
        anonymousAlerts = max(0, incident.firing[""] ?? 0)
    }

    /// How badly a component is hit as far as is known; nil when it is not, or somebody said that it is not.
    func level(_ number: Int) -> ImpactLevel? {
        if let impact = impacts[number] { return impact.isOngoing ? impact.impact : nil }
        return firing[number] == nil ? nil : Self.alertLevel
    }

    /// What is hit, ascending: by what people said, or by alerts where nobody said anything.
    var hit: [Int] {
        Set(impacts.keys).union(firing.keys).filter { level($0) != nil }.sorted()
    }

    /// What wants an explanation, ascending: what is hit, and what alerts fire on, whatever was said of it.
    var all: [Int] {
        Set(hit).union(firing.keys).sorted()
    }

    /// Whether nothing speaks against a component working: no alert, no harm, no maintenance.
    func isHealthy(_ number: Int) -> Bool {
        guard firing[number] == nil else { return false }
        guard let impact = impacts[number], impact.endedAt == nil else { return true }
        return impact.impact == .none
    }
}

extension ImpactLevel {
    /// The larger the worse; nil for what does no harm.
    var harm: Int? {
        switch self {
        case .none, .maintenance: nil
        case .degraded: 1
        case .partialOutage: 2
        case .majorOutage: 3
        }
    }
}

extension ImpactLevel {
    /// As in "has a major outage" or "is degraded".
    var predicate: String {
        switch self {
        case .none: "is not affected"
        case .degraded: "is degraded"
        case .partialOutage, .majorOutage: "has a \(words)"
        case .maintenance: "is in maintenance"
        }
    }
}

extension Collection<String> {
    /// The first few as a list in words: "a, b, c and 9 more".
    func listed(_ limit: Int = 3) -> String {
        prefix(limit).joined(separator: ", ") + (count > limit ? " and \(count - limit) more" : "")
    }
}

/// The catalog's graph seen from what is needed: the direction in which trouble spreads.
///
/// What is needed has a smaller number than what needs it (hard), so that one pass downwards over the numbers meets every
/// component after all that cannot work without it.
struct NumberedCatalog: Sendable {
    private let graph: DependencyGraph
    private let slugs: [String]
    /// What cannot work without each component, directly.
    let needed: Adjacency
    /// What works degraded without each component.
    let softlyNeeded: Adjacency

    init(_ graph: DependencyGraph) {
        self.graph = graph
        var slugs = [String](repeating: "", count: graph.numbers.count)
        for (slug, number) in graph.numbers { slugs[Int(number)] = slug }
        self.slugs = slugs
        needed = graph.hard.reversed()
        softlyNeeded = graph.soft.reversed()
    }

    var count: Int { slugs.count }

    var components: some Collection<Component> { graph.components.values }

    func number(of slug: String) -> Int? {
        graph.numbers[slug].map(Int.init)
    }

    func slug(_ number: Int) -> String {
        slugs[number]
    }

    func component(_ number: Int) -> Component {
        graph.components[slugs[number]] ?? Component(slug: slugs[number], name: "", tier: Component.leastCriticalTier)
    }

    func effectiveTier(_ number: Int) -> Int {
        graph.effectiveTier(number)
    }
}
