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

    /// One try at restoring a component: from a start until it came back, failed, fell back or was given up.
    package struct Attempt: Hashable, Sendable {
        package let startedAt: Timestamp
        /// Nil while it goes on.
        package internal(set) var endedAt: Timestamp?
        /// What it came to; nil while it goes on.
        package internal(set) var outcome: Mark.Kind?
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
        /// When somebody began to restore it: the first start since it was last back, as the durations of steps are measured.
        package let startedAt: Timestamp?
        /// All of its attempts, also those before it was back once and fell back.
        package let attempts: [Attempt]
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
        for recorded in timeline.withStepsSetRight { courses.take(recorded) }
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

/// What became of each component in the course of an incident, as its timeline tells it.
struct RestorationCourses {
    private struct Course {
        var stretches: [RestorationGantt.Stretch] = []
        var marks: [RestorationGantt.Mark] = []
        /// What goes on, and since when.
        var current: (activity: RestorationGantt.Activity, since: Timestamp)?
        var startedAt: Timestamp?
        var restoredAt: Timestamp?
        var attempts: [RestorationGantt.Attempt] = []
        /// Whether it was back once, and the next start is one of another restoration.
        var beginsAnew = false
    }

    private let from: Timestamp
    private var courses: [String: Course] = [:]

    /// - Parameter from: When the impact of the incident began: nothing is earlier.
    init(from: Timestamp) {
        self.from = from
    }

    /// Only what starts or ends a stretch, or is marked, is looked at.
    mutating func take(_ recorded: RecordedEvent) {
        let moment = recorded.occurredAt
        switch recorded.event.payload {
        case let set as ImpactSet: take(set.value, at: moment)
        case let other as IncidentAbsorbed: for impact in other.impacts { take(impact, at: moment) }
        case let removal as ImpactRemoved: courses[removal.component] = nil
        case let start as StepStarted:
            enter(.restoring, start.component, at: moment)
            begin(start.component, at: moment)
            if !start.overridden.isEmpty { mark(.forced, start.component, at: moment) }
        case let verifying as StepVerifying: enter(.verifying, verifying.component, at: moment)
        case let restored as StepRestored:
            enter(nil, restored.component, at: moment)
            courses[restored.component, default: Course()].restoredAt = moment
            courses[restored.component]?.beginsAnew = true
            mark(.restored, restored.component, at: moment)
        case let waived as StepWaived:
            enter(nil, waived.component, at: moment)
            mark(.waived, waived.component, at: moment)
        case let failed as StepFailed:
            enter(.waiting, failed.component, at: moment)
            mark(.failed, failed.component, at: moment)
        case let regressed as StepRegressed:
            enter(.regressed, regressed.component, at: moment)
            mark(.regressed, regressed.component, at: moment)
        default: break
        }
    }

    func row(
        of component: String, wave: Int, planned: RestorationGantt.Span?, asOf: Timestamp
    ) -> RestorationGantt.Row {
        var course = courses[component] ?? Course()
        Self.close(&course, at: asOf)
        return RestorationGantt.Row(
            component: component, wave: wave, planned: planned, actual: course.stretches, marks: course.marks,
            startedAt: course.startedAt, attempts: course.attempts, restoredAt: course.restoredAt)
    }

    private mutating func begin(_ component: String, at moment: Timestamp) {
        var course = courses[component] ?? Course()
        if course.beginsAnew || course.startedAt == nil { course.startedAt = moment }
        course.beginsAnew = false
        course.attempts.append(RestorationGantt.Attempt(startedAt: max(moment, from)))
        courses[component] = course
    }

    /// Harm that begins is waited with; what has recovered by itself waits no longer.
    private mutating func take(_ impact: ComponentImpact, at moment: Timestamp) {
        let course = courses[impact.component]
        switch course?.current?.activity {
        case nil where impact.isOngoing && course?.marks.isEmpty ?? true:
            // Without a beginning of its own it began with the incident, as everywhere in the review.
            let began = course == nil ? from : moment
            enter(.waiting, impact.component, at: max(from, impact.startedAt ?? began))
        case .waiting where !impact.isOngoing, .regressed where !impact.isOngoing:
            enter(nil, impact.component, at: impact.endedAt ?? moment)
        case .waiting, .restoring, .verifying, .regressed, nil: break
        }
    }

    private mutating func enter(_ activity: RestorationGantt.Activity?, _ component: String, at moment: Timestamp) {
        var course = courses[component] ?? Course()
        let begin = max(moment, course.current?.since ?? course.stretches.last?.span.end ?? from)
        Self.close(&course, at: moment)
        if let activity {
            course.current = (activity, begin)
            // What goes on again was not back for good.
            course.restoredAt = nil
        }
        courses[component] = course
    }

    /// Times can have been entered in an odd order: no stretch is negative.
    private static func close(_ course: inout Course, at moment: Timestamp) {
        guard let current = course.current else { return }
        let span = RestorationGantt.Span(begin: current.since, end: max(moment, current.since))
        course.stretches.append(RestorationGantt.Stretch(span: span, activity: current.activity))
        course.current = nil
    }

    private mutating func mark(_ kind: RestorationGantt.Mark.Kind, _ component: String, at moment: Timestamp) {
        if kind != .forced, let last = courses[component]?.attempts.indices.last {
            // What was back and fell back has two ends: it failed in the end, and came back before.
            if courses[component]?.attempts[last].outcome == nil {
                courses[component]?.attempts[last].endedAt = max(moment, from)
                courses[component]?.attempts[last].outcome = kind
            }
        }
        courses[component, default: Course()].marks.append(RestorationGantt.Mark(at: max(moment, from), kind: kind))
    }
}
