/// How restoring went, component by component, beside how it was planned when it began.
package struct RestorationGantt: Hashable, Sendable {
    package struct Span: Hashable, Sendable {
        package let begin: Timestamp
        package let end: Timestamp

        package init(begin: Timestamp, end: Timestamp) {
            self.begin = begin
            self.end = end
        }
    }

    /// What was the matter with a component for a while.
    package enum Activity: String, CaseIterable, Sendable {
        case waiting, restoring, verifying, regressed
    }

    package struct Stretch: Hashable, Sendable {
        package let span: Span
        package let activity: Activity
    }

    /// What happened to a component at a moment.
    package struct Mark: Hashable, Sendable {
        package enum Kind: String, CaseIterable, Sendable {
            case forced, failed, regressed, restored, waived
        }

        package let at: Timestamp
        package let kind: Kind
    }

    package struct Row: Hashable, Sendable {
        package let component: String
        /// Counts from 1.
        package let wave: Int
        /// From its planned start until it was to be back; nil for what no plan had foreseen.
        package let planned: Span?
        /// In order, from when it was affected.
        package let actual: [Stretch]
        package let marks: [Mark]
        /// When somebody began to restore it.
        package let startedAt: Timestamp?
        /// When it came back for good, if it did.
        package let restoredAt: Timestamp?
    }

    /// When the impact began.
    package let from: Timestamp
    /// The last moment that any row reaches, planned or actual.
    package let to: Timestamp
    /// By wave; within one in the order of their plan, what was not planned by when it was begun.
    package let rows: [Row]
}

extension RestorationGantt {
    /// - Parameters:
    ///   - timeline: All of it, in order.
    ///   - waves: The wave of each component that has a row.
    ///   - planned: As the plan stood when restoring began.
    ///   - asOf: How far what has not ended reaches.
    /// - Returns: Nil when nothing was begun and nothing planned.
    package static func make(
        of incident: Incident, timeline: [RecordedEvent], waves: [String: Int], planned: [String: Span],
        asOf: Timestamp
    ) -> RestorationGantt? {
        let from = incident.times.startedAt
        var courses = RestorationCourses(from: from)
        for recorded in timeline { courses.take(recorded) }
        let rows = waves.map { component, wave in
            courses.row(of: component, wave: wave, planned: planned[component], asOf: asOf)
        }.sorted { rank($0) < rank($1) }
        guard rows.contains(where: { $0.startedAt != nil || $0.planned != nil }) else { return nil }
        let ends = rows.flatMap { row in
            [row.planned?.end, row.actual.last?.span.end, row.marks.last?.at].compactMap(\.self)
        }
        return RestorationGantt(from: from, to: ends.reduce(from, max), rows: rows)
    }

    private static func rank(_ row: Row) -> (Int, Int64, String) {
        (row.wave, (row.planned?.begin ?? row.startedAt)?.milliseconds ?? .max, row.component)
    }
}

extension RestorationGantt.Row {
    /// How much later than planned it came back, in seconds; negative when it was earlier.
    package var secondsLate: Double? {
        guard let planned, let restoredAt else { return nil }
        return restoredAt.seconds(since: planned.end)
    }

    /// Whether something went wrong with it, or was done against the plan.
    package var isTroubled: Bool {
        marks.contains { mark in
            switch mark.kind {
            case .forced, .failed, .regressed: true
            case .restored, .waived: false
            }
        }
    }
}
