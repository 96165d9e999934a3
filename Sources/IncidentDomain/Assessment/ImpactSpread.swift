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
