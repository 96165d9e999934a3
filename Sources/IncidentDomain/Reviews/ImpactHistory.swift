/// How hard each component was hit, over time: a level holds from one moment until the next that is known, whoever said so when.
/// Nothing of it is stored: it follows from the timeline.
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

    package init(_ timeline: [RecordedEvent], number: Int) {
        let struck = Set(timeline.compactMap { $0.event.as(EntryStruck.self)?.sequence })
        var tracks: [String: Track] = [:]
        var incident: Incident?
        for recorded in timeline.withStepsSetRight {
            let before = incident?.impacts ?? []
            incident = Incident.evolve(incident, recorded, number: number)
            guard let after = incident?.impacts, after != before else { continue }
            if let impact = recorded.event.as(ImpactSet.self)?.value {
                guard !struck.contains(recorded.sequence) else { continue }
                tracks[impact.component, default: Track()].take(impact, at: recorded.occurredAt)
            } else {
                Self.follow(before, after, at: recorded.occurredAt, &tracks)
            }
        }
        guard let start = incident?.times.startedAt else { return }
        stretches = tracks.mapValues { $0.stretches(from: start) }.filter { !$0.value.isEmpty }
    }

    /// What steps of restoring, merges and recoveries did to impacts.
    private static func follow(
        _ before: [ComponentImpact], _ after: [ComponentImpact], at moment: Timestamp, _ tracks: inout [String: Track]
    ) {
        let hasSamePlaces =
            before.count == after.count && zip(before, after).allSatisfy { $0.component == $1.component }
        if hasSamePlaces {
            for (old, new) in zip(before, after) where old != new {
                tracks[new.component, default: Track()].change(old, new, at: moment)
            }
            return
        }
        let known = Dictionary(before.map { ($0.component, $0) }) { first, _ in first }
        let left = Set(after.map(\.component))
        for component in known.keys where !left.contains(component) { tracks[component] = nil }
        for new in after where known[new.component] != new {
            tracks[new.component, default: Track()].change(known[new.component], new, at: moment)
        }
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

// MARK: - One component

/// The moments from which another level held, as they were said.
private struct Track {
    private struct Point {
        /// Nil is the start of the incident, which can still be corrected.
        var at: Timestamp?
        var level: ImpactLevel
        var regions: [String]

        /// Whether both say the same of the component.
        func says(_ other: Self) -> Bool { level == other.level && regions == other.regions }
    }

    private var points: [Point] = []
    /// The beginning that was said last.
    private var saidStart: Timestamp?

    /// Somebody says how it is. With a beginning that is new, it has been so since then. Without one it is so since the start of
    /// the incident, or where more is known already, from now on.
    mutating func take(_ impact: ComponentImpact, at moment: Timestamp) {
        let isNew = points.isEmpty
        let isKnown = points.contains { $0.level != impact.impact && $0.at != nil && $0.at == impact.startedAt }
        let start = impact.startedAt == saidStart && !isKnown ? nil : impact.startedAt
        saidStart = impact.startedAt
        let point = Point(at: start ?? moment, level: impact.impact, regions: impact.regions)
        if !impact.impact.isHarm {
            if !isNew { end(at: start ?? moment) }
            return
        }
        if isNew {
            points = [Point(at: impact.startedAt, level: impact.impact, regions: impact.regions)]
        } else if let last = points.lastIndex(where: \.level.isHarm), points[last].says(point) {
            if let start { move(last, to: start) }
            if impact.endedAt == nil, points.last?.level.isHarm == false { resume(from: start ?? moment) }
        } else if let end = impact.endedAt, start == nil, end <= moment,
            let last = points.lastIndex(where: \.level.isHarm)
        {
            // It is over, and was of another level than was thought.
            (points[last].level, points[last].regions) = (impact.impact, impact.regions)
        } else {
            if let end = points.last, !end.level.isHarm, let over = end.at, (start ?? moment) < over {
                points.removeLast()
            }
            insert(point)
        }
        if let end = impact.endedAt { self.end(at: end) }
    }

    mutating func change(_ old: ComponentImpact?, _ new: ComponentImpact, at moment: Timestamp) {
        guard let old, old.impact == new.impact, old.regions == new.regions, old.startedAt == new.startedAt else {
            return take(new, at: moment)
        }
        if let end = new.endedAt { self.end(at: end) } else { resume(from: moment) }
    }

    /// What is known of later moments stays.
    private mutating func insert(_ point: Point) {
        points.removeAll { $0.at == point.at && point.at != nil }
        let place = points.firstIndex { other in other.at.map { at in point.at.map { at > $0 } ?? true } ?? false }
        points.insert(point, at: place ?? points.count)
    }

    /// It began at another moment than was thought.
    private mutating func move(_ index: Int, to start: Timestamp) {
        var point = points.remove(at: index)
        point.at = start
        points.removeAll { $0.level.isHarm && $0.at.map { $0 >= start } ?? false }
        insert(point)
    }

    private mutating func end(at moment: Timestamp) {
        points.removeAll { $0.at.map { $0 >= moment } ?? false }
        points.append(Point(at: moment, level: .none, regions: []))
    }

    /// It was back, and is not any more.
    private mutating func resume(from moment: Timestamp) {
        guard let last = points.last(where: \.level.isHarm) else { return }
        if let end = points.last, !end.level.isHarm, let over = end.at, over >= moment { points.removeLast() }
        if points.last?.says(last) ?? false { return }
        insert(Point(at: moment, level: last.level, regions: last.regions))
    }

    func stretches(from start: Timestamp) -> [ImpactHistory.Stretch] {
        // What was said of a moment before the start holds against what began with it.
        let first = points.compactMap(\.at).min().map { min($0, start) } ?? start
        let known = points.map { (at: $0.at ?? first, level: $0.level, regions: $0.regions) }.sorted { $0.at < $1.at }
        var found: [ImpactHistory.Stretch] = []
        for (index, point) in known.enumerated() where point.level.isHarm {
            let end = index + 1 < known.count ? known[index + 1].at : nil
            if let end, end <= point.at { continue }
            if let last = found.last, last.end == point.at, last.level == point.level, last.regions == point.regions {
                found[found.count - 1] = ImpactHistory.Stretch(
                    level: last.level, regions: last.regions, begin: last.begin, end: end)
            } else {
                found.append(
                    ImpactHistory.Stretch(level: point.level, regions: point.regions, begin: point.at, end: end))
            }
        }
        return found
    }
}
