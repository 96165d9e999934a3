/// A component that is probably hit, and that nobody has given an impact.
package struct SuggestedImpact: Hashable, Sendable {
    package let component: String
    package let impact: ImpactLevel
    /// Where the cause is hit and the component runs; empty when that is not known, which means everywhere.
    package let regions: [String]
    package let tier: Int
    package let effectiveTier: Int
    /// The component that it comes from; itself when alerts fire on it and nothing that it needs is hit.
    package let cause: String
    /// Dependencies between it and the cause.
    package let distance: Int
    /// The way to the cause, itself and the cause included; of a long one the first `pathMax`.
    package let path: [String]
    package let reasons: [String]

    package static let pathMax = 20
}

extension SuggestedImpact {
    /// What is to be suggested: the numbers, the most critical first, then the nearest, then by slug.
    static func all(_ spread: ImpactSpread, _ symptoms: Symptoms, _ catalog: NumberedCatalog) -> [Int] {
        let found = spread.arrivals.indices.filter { spread.arrivals[$0] != nil && symptoms.impacts[$0] == nil }
        func place(_ number: Int) -> (Int, Int, String) {
            (catalog.effectiveTier(number), spread.arrivals[number]?.distance ?? 0, catalog.slug(number))
        }
        return found.sorted { place($0) < place($1) }
    }

    /// - Precondition: harm comes to the component.
    init?(_ number: Int, _ spread: ImpactSpread, _ symptoms: Symptoms, _ catalog: NumberedCatalog) {
        guard let arrival = spread.arrivals[number] else { return nil }
        let own = catalog.component(number)
        component = own.slug
        impact = arrival.level
        tier = own.tier
        effectiveTier = catalog.effectiveTier(number)
        cause = catalog.slug(arrival.cause)
        distance = arrival.distance
        path = spread.path(from: number, atMost: Self.pathMax).map(catalog.slug)
        let hit = symptoms.impacts[arrival.cause]?.regions ?? []
        regions = hit.filter(own.regions.contains)
        reasons =
            Self.dependence(arrival, path, symptoms.impacts[arrival.cause]?.impact)
            + Self.alerts(symptoms.firing[number] ?? 0) + Self.places(cause, hit, own.regions, arrival.distance)
    }

    private static func dependence(
        _ arrival: ImpactSpread.Arrival, _ path: [String], _ said: ImpactLevel?
    ) -> [String] {
        guard arrival.distance > 0, let cause = path.last else { return [] }
        let state = said?.predicate ?? "has alerts firing"
        let way = path.count > 2 ? " (\(path.joined(separator: " -> ")))" : ""
        return [
            arrival.isSoft
                ? "degraded at best while \(cause) \(state)\(way)"
                : "cannot work without \(cause), which \(state)\(way)"
        ]
    }

    private static func alerts(_ count: Int) -> [String] {
        guard count > 0 else { return [] }
        return ["\(count) alert\(count == 1 ? " is" : "s are") firing on it, and no impact is recorded"]
    }

    private static func places(_ cause: String, _ hit: [String], _ own: [String], _ distance: Int) -> [String] {
        guard distance > 0, !hit.isEmpty else { return [] }
        let elsewhere = own.isEmpty || own.contains(where: hit.contains) ? "" : ", where this component does not run"
        return ["\(cause) is affected in \(hit.joined(separator: ", "))\(elsewhere)"]
    }
}

/// How harm spreads over the catalog from what is hit to what needs it.
///
/// What cannot work without a component is hit as badly; what works degraded without it is degraded, once that is down and
/// not just slow. Where somebody has said how a component is, nothing is assumed: harm goes on from what was said.
struct ImpactSpread {
    /// How harm comes to one component.
    struct Arrival {
        let level: ImpactLevel
        /// What is hit and where it comes from.
        let cause: Int
        /// What it comes by: the dependency that is the next on the way to the cause; nil for the cause itself.
        let by: Int?
        /// Whether that dependency, or one after it, is soft.
        let isSoft: Bool
        /// Dependencies between it and the cause.
        let distance: Int
    }

    private let catalog: NumberedCatalog
    private let symptoms: Symptoms
    /// By number.
    private(set) var arrivals: [Arrival?]

    init(_ catalog: NumberedCatalog, _ symptoms: Symptoms) {
        self.catalog = catalog
        self.symptoms = symptoms
        arrivals = Array(repeating: nil, count: catalog.count)
        spread(.majorOutage, from: [])
        spread(.partialOutage, from: [])
        spread(.degraded, from: softArrivals())
    }

    /// The way from a component to its cause, itself and the cause included; of a long one the beginning.
    func path(from number: Int, atMost limit: Int) -> [Int] {
        var path = [number]
        while path.count < limit, let next = arrivals[path[path.count - 1]]?.by { path.append(next) }
        return path
    }

    /// Breadth first, so that everybody hears of the nearest cause; each component once, at its worst level.
    private mutating func spread(_ level: ImpactLevel, from softly: [(number: Int, arrival: Arrival)]) {
        var waiting = Dictionary(grouping: softly) { $0.arrival.distance }
        waiting[0, default: []] += symptoms.hit.filter { symptoms.level($0) == level }.map {
            ($0, Arrival(level: level, cause: $0, by: nil, isSoft: false, distance: 0))
        }
        var distance = 0
        var frontier: [(number: Int, arrival: Arrival)] = []
        while !frontier.isEmpty || !waiting.isEmpty {
            frontier += waiting.removeValue(forKey: distance) ?? []
            var next: [(number: Int, arrival: Arrival)] = []
            for (number, arrival) in frontier where settle(number, arrival) {
                next += catalog.needed[number].map {
                    let onwards = Arrival(
                        level: level, cause: arrival.cause, by: number, isSoft: arrival.isSoft, distance: distance + 1)
                    return (Int($0), onwards)
                }
            }
            frontier = next
            distance += 1
        }
    }

    /// Whether it was the first to arrive, and where somebody has spoken already the cause itself.
    private mutating func settle(_ number: Int, _ arrival: Arrival) -> Bool {
        guard arrivals[number] == nil, arrival.by == nil || symptoms.impacts[number] == nil else { return false }
        arrivals[number] = arrival
        return true
    }

    /// What works degraded without something that is down.
    private func softArrivals() -> [(number: Int, arrival: Arrival)] {
        var found: [(number: Int, arrival: Arrival)] = []
        for (number, arrival) in arrivals.enumerated() {
            guard let arrival else { continue }
            found += catalog.softlyNeeded[number].map {
                let onwards = Arrival(
                    level: .degraded, cause: arrival.cause, by: number, isSoft: true, distance: arrival.distance + 1)
                return (Int($0), onwards)
            }
        }
        return found
    }
}
