/// The moments from which another level held. What is said of a moment stands there, whoever said it when.
struct ImpactTrack {
    private struct Point: Equatable {
        /// The entry that says it.
        var entry: Int
        /// Nil is the start of the incident, which can still be corrected.
        var at: Timestamp?
        /// When it was said to be so.
        var said: Timestamp
        var level: ImpactLevel
        var regions: [String]
        /// Whether it ends what was known before it, and is no word of its own.
        var isEnd = false

        /// Whether both say the same of the component.
        func says(_ other: Self) -> Bool { level == other.level && regions == other.regions }
    }

    /// In the order of time.
    private var points: [Point] = []
    private let start: Timestamp

    /// - Parameter start: Of the incident: what has no beginning of its own began with it.
    init(_ statements: [ImpactStatement], from start: Timestamp) {
        self.start = start
        for statement in statements { take(statement) }
    }

    /// The entry of the statement that holds now; nil where nothing was said.
    var holder: Int? { points.last?.entry }

    /// An impact as it is by now, if it was another one; nil where it is so already.
    func present(_ impact: ComponentImpact) -> ComponentImpact? {
        guard let last = points.last else { return nil }
        var present = impact
        if last.level.isHarm {
            guard !impact.isOngoing else { return nil }
            (present.impact, present.regions, present.startedAt, present.endedAt) = (
                last.level, last.regions, last.at, nil
            )
            return present
        }
        guard impact.isOngoing else { return nil }
        present.endedAt = last.at.map { max($0, impact.startedAt ?? $0) }
        return present
    }

    /// Since when the level of an impact holds that goes on, if that is another moment than it says; nil where it is that one.
    func beginning(of impact: ComponentImpact) -> Timestamp? {
        guard impact.isOngoing, let said = impact.startedAt, let last = points.last, last.level == impact.impact else {
            return nil
        }
        let first = points.lastIndex { !$0.says(last) }.map { $0 + 1 } ?? 0
        return points[first].at == said ? nil : points[first].at
    }

    /// Whether a statement tells of the past only: something else that is known holds since.
    func isHistory(_ statement: ImpactStatement) -> Bool {
        var copy = self
        copy.take(statement)
        return copy.points.last.map { $0.entry != statement.entry } ?? false
    }

    private mutating func take(_ statement: ImpactStatement) {
        if let brought = statement.brought {
            unite(with: brought, statement)
        } else if let level = statement.level {
            say(level, statement)
        } else if let end = statement.endedAt {
            self.end(at: end, statement)
        } else {
            resume(statement)
        }
    }

    /// Somebody says how it was from some moment on: until the next moment of which something is known, or until an end that is said
    /// with it.
    private mutating func say(_ level: ImpactLevel, _ statement: ImpactStatement) {
        var point = Point(
            entry: statement.entry, at: statement.startedAt, said: statement.at, level: level,
            regions: statement.regions ?? [])
        guard level.isHarm else {
            point.at = statement.startedAt ?? statement.at
            if statement.isPresent ?? false { forget(after: point.at) }
            return insert(point)
        }
        if let wrong = statement.corrects, let old = points.first(where: { $0.entry == wrong && $0.level.isHarm }),
            !isAnother(from: statement.startedAt, until: statement.endedAt, than: old)
        {
            points.removeAll { $0.entry == wrong }
            point.at = statement.startedAt ?? old.at
            // What was thought to be between has no room any more.
            points = points.filter { !isAfter($0.at, point.at) || !isAfter(old.at, $0.at) }
            endsLater(than: point.at)
        } else if statement.startedAt == nil, let end = statement.endedAt, end <= statement.at {
            // It is over, and was of another level than was thought; where nothing was known, it began with the incident.
            point.at = points.last { $0.level.isHarm }?.at
            endsLater(than: point.at)
        } else if statement.startedAt == nil {
            point.at = beginning(said: statement.at)
        }
        if statement.startedAt == nil, let end = statement.endedAt, let begin = point.at, end <= begin {
            // It was over before it was thought to begin: there was none.
            return self.end(at: end, statement)
        }
        if statement.isPresent ?? false { forget(after: point.at) }
        insert(point)
        guard let end = statement.endedAt else { return }
        points = points.filter { $0.level.isHarm || !isAfter($0.at, point.at) || !isAfter(end, $0.at) }
        // Harm that begins at that moment goes on from there.
        let begins = points.contains { $0.at == end && $0.level.isHarm && $0.entry != statement.entry }
        guard !begins else { return }
        insert(Point(entry: statement.entry, at: end, said: statement.at, level: .none, regions: []))
    }

    /// Whether a time at the level of a later one is one of its own, as it was over before that began.
    private func isAnother(from begin: Timestamp?, until end: Timestamp?, than old: Point) -> Bool {
        guard let begin, let end, let known = old.at else { return false }
        return begin < known && end <= known
    }

    /// Without a beginning of its own it has been so since the start of the incident; where more is known already, since it is said.
    private mutating func beginning(said moment: Timestamp) -> Timestamp? {
        guard let first = points.firstIndex(where: \.level.isHarm) else {
            return points.contains { $0.at.map { $0 <= moment } ?? false } ? moment : nil
        }
        let said = points[first].said
        guard points[first].at == nil, moment < said else { return moment }
        // What was said of a later moment does not begin with the incident after all, unless it was over by then.
        let next = points.dropFirst(first + 1).first
        if let next, let end = next.at, next.isEnd || next.entry == points[first].entry, end <= said { return moment }
        var later = points.remove(at: first)
        later.at = said
        insert(later)
        return nil
    }

    /// What is known of later moments stays.
    private mutating func insert(_ point: Point) {
        points.removeAll { $0.at == point.at }
        let place = points.firstIndex { isAfter($0.at, point.at) }
        points.insert(point, at: place ?? points.count)
    }

    private mutating func forget(after moment: Timestamp?) {
        points = points.filter { !isAfter($0.at, moment) }
    }

    /// It was not over when that was thought, as no harm is known after it.
    private mutating func endsLater(than moment: Timestamp?) {
        while let last = points.last, !last.level.isHarm, isAfter(last.at, moment) { points.removeLast() }
    }

    private func isAfter(_ one: Timestamp?, _ other: Timestamp?) -> Bool {
        guard let one else { return false }
        return other.map { one > $0 } ?? true
    }

    /// It is over, whatever was said of later moments.
    private mutating func end(at moment: Timestamp, _ statement: ImpactStatement) {
        points.removeAll { $0.at.map { $0 >= moment } ?? false }
        points.append(
            Point(entry: statement.entry, at: moment, said: statement.at, level: .none, regions: [], isEnd: true))
    }

    /// It was back, and is not any more.
    private mutating func resume(_ statement: ImpactStatement) {
        guard var last = points.last(where: \.level.isHarm) else { return }
        if let end = points.last, !end.level.isHarm, let over = end.at, over >= statement.at { points.removeLast() }
        if points.last?.says(last) ?? false { return }
        (last.entry, last.at, last.said) = (statement.entry, statement.at, statement.at)
        insert(last)
    }

    /// How hard it was hit in another incident as well, which was merged into this one: at each moment the worse of both holds.
    private mutating func unite(with brought: [BroughtLevel], _ statement: ImpactStatement) {
        let own = stretches
        let moments = Set(
            own.map(\.begin) + own.compactMap(\.end) + brought.map(\.startedAt) + brought.compactMap(\.endedAt)
        ).sorted()
        func holds(_ begin: Timestamp, _ end: Timestamp?, at moment: Timestamp) -> Bool {
            begin <= moment && (end.map { $0 > moment } ?? true)
        }
        var united: [Point] = []
        for moment in moments {
            let here = own.first { holds($0.begin, $0.end, at: moment) }.map { ($0.level, $0.regions) }
            let there = brought.first { holds($0.startedAt, $0.endedAt, at: moment) }
                .map { ($0.level, $0.regions ?? []) }
            let both = [here, there].compactMap(\.self)
            let worst = both.max { $0.0.rank < $1.0.rank }
            let same = both.filter { $0.0 == worst?.0 }.map(\.1)
            // No regions are all of them.
            let places = same.contains([]) ? [] : Set(same.joined()).sorted()
            let point = Point(
                entry: statement.entry, at: moment, said: statement.at, level: worst?.0 ?? .none,
                regions: same.count == 1 ? same[0] : places)
            if united.last?.says(point) ?? false { continue }
            // Where this incident's own word holds, it can still be corrected.
            let said = points.first { ($0.at ?? start) == moment && $0.says(point) }
            united.append(said ?? point)
        }
        points = united
    }

    /// In the order of time, without those of no harm.
    var stretches: [ImpactHistory.Stretch] {
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
