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
                ? "works degraded at best while \(cause) \(state)\(way)"
                : "cannot work without \(cause), which \(state)\(way)"
        ]
    }

    private static func alerts(_ count: Int) -> [String] {
        guard count > 0 else { return [] }
        return ["\(count) alert\(count == 1 ? " fires" : "s fire") on it, and nobody has said how bad it is"]
    }

    private static func places(_ cause: String, _ hit: [String], _ own: [String], _ distance: Int) -> [String] {
        guard distance > 0, !hit.isEmpty else { return [] }
        let elsewhere = own.isEmpty || own.contains(where: hit.contains) ? "" : ", where it does not run itself"
        return ["\(cause) is hit in \(hit.joined(separator: ", "))\(elsewhere)"]
    }
}
