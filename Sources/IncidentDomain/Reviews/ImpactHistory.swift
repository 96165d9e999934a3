/// How hard each component was hit, over time: a level holds from one moment until the next that is known, whoever said so when.
/// It is made of what was said (`Incident.impactLog`) when it is read.
package struct ImpactHistory: Hashable, Sendable {
    /// A time during which a component stood at one level of harm.
    package struct Stretch: Hashable, Sendable {
        package let level: ImpactLevel
        /// Where; empty means everywhere that the component runs.
        package let regions: [String]
        package let begin: Timestamp
        /// Nil while it lasts.
        package let end: Timestamp?

        package var seconds: Double? { end?.seconds(since: begin) }
    }

    /// By component, each in the order of time and without those of no harm.
    package internal(set) var stretches: [String: [Stretch]] = [:]

    package init(_ incident: Incident) {
        let start = incident.times.startedAt
        for (component, statements) in incident.impactLog ?? [:] {
            var found = Self.stretches(of: statements, from: start)
            if let last = found.last, last.end == nil, let end = incident.givenUp(component) {
                found.removeLast()
                if end > last.begin {
                    found.append(Stretch(level: last.level, regions: last.regions, begin: last.begin, end: end))
                }
            }
            if !found.isEmpty { stretches[component] = found }
        }
    }

    /// The levels of one component.
    ///
    /// - Parameter start: Of the incident: what has no beginning of its own began with it.
    static func stretches(of statements: [ImpactStatement], from start: Timestamp) -> [Stretch] {
        ImpactTrack(statements, from: start).stretches
    }
}

extension Incident {
    /// When harm that goes on stopped counting: the component was waived, or somebody left restoring without it. Nil while it counts.
    fileprivate func givenUp(_ component: String) -> Timestamp? {
        let own = steps(of: component)
        let waived = own.isEmpty || !own.allSatisfy { $0.state == .waived } ? nil : own.compactMap(\.waivedAt).max()
        // Nil in each phase that comes before.
        return waived ?? times.restoredAt
    }
}

// MARK: - Lengths

extension ImpactHistory {
    /// How long something lasted, and whether it goes on.
    package struct Length: Hashable, Sendable {
        package var seconds: Double
        package var isOngoing: Bool
    }

    /// The worst level that anything reached; nil where nothing was harmed.
    package var worst: ImpactLevel? {
        stretches.values.joined().map(\.level).max { $0.rank < $1.rank }
    }

    package func worst(of component: String) -> ImpactLevel? {
        stretches[component]?.map(\.level).max { $0.rank < $1.rank }
    }

    /// For how long a component was at a level, or at any; what goes on counts until its last known beginning.
    package func length(of component: String, at level: ImpactLevel? = nil) -> Length {
        Self.length(stretches[component]?.filter { level == nil || $0.level == level } ?? [])
    }

    /// For how long any component was at a level, or at any. What overlaps counts once.
    package func length(at level: ImpactLevel? = nil) -> Length {
        Self.length(stretches.values.joined().filter { level == nil || $0.level == level })
    }

    private static func length(_ stretches: [Stretch]) -> Length {
        var length = Length(seconds: 0, isOngoing: stretches.contains { $0.end == nil })
        var reached: Timestamp?
        for stretch in stretches.sorted(by: { $0.begin < $1.begin }) {
            let begin = max(stretch.begin, reached ?? stretch.begin)
            let end = max(stretch.end ?? begin, begin)
            length.seconds += end.seconds(since: begin)
            reached = end
        }
        return length
    }
}

extension ImpactLevel {
    /// Grows with the harm.
    package var rank: Int {
        switch self {
        case .none: 0
        case .maintenance: 1
        case .degraded: 2
        case .partialOutage: 3
        case .majorOutage: 4
        }
    }
}
