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
        stretches = (incident.impactLog ?? [:]).compactMapValues { statements in
            let found = Self.stretches(of: statements, from: start)
            return found.isEmpty ? nil : found
        }
    }

    /// The levels of one component.
    ///
    /// - Parameter start: Of the incident: what has no beginning of its own began with it.
    static func stretches(of statements: [ImpactStatement], from start: Timestamp) -> [Stretch] {
        var track = Track()
        for statement in statements { track.take(statement) }
        return track.stretches(from: start)
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
    private struct Point: Equatable {
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
    /// What was said last, if it is there as it was said.
    private var newest: Point?

    mutating func take(_ statement: ImpactStatement) {
        if let level = statement.level {
            say(level, statement)
        } else if let end = statement.endedAt {
            self.end(at: end)
        } else {
            resume(from: statement.at)
        }
    }

    /// Somebody says how it is. With a beginning that is new, it has been so since then. Without one it is so since the start of
    /// the incident, or where more is known already, from now on.
    private mutating func say(_ level: ImpactLevel, _ statement: ImpactStatement) {
        let (moment, regions) = (statement.at, statement.regions ?? [])
        let isNew = points.isEmpty
        let isKnown = points.contains { $0.level != level && $0.at != nil && $0.at == statement.startedAt }
        let start = statement.startedAt == saidStart && !isKnown ? nil : statement.startedAt
        saidStart = statement.startedAt
        let point = Point(at: start ?? moment, level: level, regions: regions)
        if !level.isHarm {
            if !isNew { end(at: start ?? moment) }
            return
        }
        if isNew {
            points = [Point(at: statement.startedAt, level: level, regions: regions)]
            newest = points[0]
        } else if let newest, let start, newest.says(point), newest.at != start,
            points.last(where: \.level.isHarm) != newest,
            let wrong = points.firstIndex(of: newest)
        {
            // The same once more with another beginning: the one before was wrong.
            points.remove(at: wrong)
            insert(point)
            self.newest = point
        } else if let last = points.lastIndex(where: \.level.isHarm), points[last].says(point) {
            if let start { move(last, to: start) }
            if statement.endedAt == nil, points.last?.level.isHarm == false { resume(from: start ?? moment) }
        } else if let end = statement.endedAt, start == nil, end <= moment,
            let last = points.lastIndex(where: \.level.isHarm)
        {
            // It is over, and was of another level than was thought.
            (points[last].level, points[last].regions) = (level, regions)
        } else {
            if let end = points.last, !end.level.isHarm, let over = end.at, (start ?? moment) < over {
                points.removeLast()
            }
            insert(point)
            newest = point
        }
        if let end = statement.endedAt { self.end(at: end) }
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
