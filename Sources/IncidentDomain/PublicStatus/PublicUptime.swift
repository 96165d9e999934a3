/// For how long a component was at each level of harm, and what share of the time it was up.
package struct PublicUptime: Hashable, Sendable {
    /// One day in UTC.
    package struct Day: Hashable, Sendable {
        /// When it begins.
        package let begin: Timestamp
        /// Seconds of it of which something is known: none before the component was there, and none to come.
        package let known: Double
        package let degraded: Double
        package let partial: Double
        package let major: Double

        /// The worst of the day; nil on a good one.
        package var worst: ImpactLevel? {
            if major > 0 { return .majorOutage }
            if partial > 0 { return .partialOutage }
            return degraded > 0 ? .degraded : nil
        }
    }

    /// The spans of which a share is told, in days.
    package static let spans = [1, 7, 30, 90, 365]
    package static let daysShown = 90
    /// How much of the time of a partial outage counts as down, as Statuspage counts it. A major outage counts wholly, and degraded
    /// performance not at all.
    package static let partialWeight = 0.3

    private let pieces: [Piece]
    /// Since when something is known: since the catalog has it, or since the first harm before that.
    package let since: Timestamp
    private let now: Timestamp

    /// A time at one level, after which and before which another holds.
    private struct Piece: Hashable {
        let level: ImpactLevel
        let begin: Timestamp
        let end: Timestamp
    }

    /// - Parameters:
    ///   - stretches: Of all incidents, in any order. Where they overlap, the worst holds.
    ///   - since: When the component came into the catalog; harm before that is counted as well.
    package init(_ stretches: [PublicIncident.Stretch], since: Timestamp, now: Timestamp) {
        let spans = stretches.filter { $0.begin < now }
        self.since = min(since, spans.map(\.begin).min() ?? since)
        self.now = now
        let moments = Set(spans.flatMap { [$0.begin, min($0.end ?? now, now)] }).sorted()
        pieces = zip(moments, moments.dropFirst()).compactMap { begin, end in
            let level = spans.filter { $0.holds(at: begin) }.map(\.level).max { $0.rank < $1.rank }
            return level.map { Piece(level: $0, begin: begin, end: end) }
        }
    }

    /// Whether something is known of all of the longest span.
    package var isKnownWholly: Bool {
        now.seconds(since: since) >= Double(Self.spans.max() ?? 0) * 86_400
    }

    /// The days up to today, the oldest first.
    package var days: [Day] {
        let today = now.milliseconds / 86_400_000
        return (today - Int64(Self.daysShown) + 1...today).map { day in
            let begin = Timestamp(milliseconds: day * 86_400_000)
            let end = min(begin.adding(seconds: 86_400), now)
            return Day(
                begin: begin, known: max(0, end.seconds(since: max(begin, since))),
                degraded: seconds(.degraded, from: begin, to: end),
                partial: seconds(.partialOutage, from: begin, to: end),
                major: seconds(.majorOutage, from: begin, to: end))
        }
    }

    /// What part of a span has to be known for its share to be told.
    package static let knownMin = 0.1

    /// The share of the last so many days in which it was up, 0 to 1, of what is known of them; nil where that is too little.
    package func share(ofDays days: Int) -> Double? {
        let begin = max(since, now.adding(seconds: Double(-days) * 86_400))
        let length = now.seconds(since: begin)
        guard length > 0, length >= Double(days) * 86_400 * Self.knownMin else { return nil }
        let down =
            seconds(.majorOutage, from: begin, to: now) + Self.partialWeight
            * seconds(.partialOutage, from: begin, to: now)
        return max(0, 1 - down / length)
    }

    private func seconds(_ level: ImpactLevel, from begin: Timestamp, to end: Timestamp) -> Double {
        pieces.reduce(0) { sum, piece in
            guard piece.level == level else { return sum }
            return sum + max(0, min(piece.end, end).seconds(since: max(piece.begin, begin)))
        }
    }
}
