/// What became of each component in the course of an incident, as its timeline tells it.
struct RestorationCourses {
    private struct Course {
        var stretches: [RestorationGantt.Stretch] = []
        var marks: [RestorationGantt.Mark] = []
        /// What goes on, and since when.
        var current: (activity: RestorationGantt.Activity, since: Timestamp)?
        var startedAt: Timestamp?
        var restoredAt: Timestamp?
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
            courses[start.component, default: Course()].startedAt = courses[start.component]?.startedAt ?? moment
            if !start.overridden.isEmpty { mark(.forced, start.component, at: moment) }
        case let verifying as StepVerifying: enter(.verifying, verifying.component, at: moment)
        case let restored as StepRestored:
            enter(nil, restored.component, at: moment)
            courses[restored.component, default: Course()].restoredAt = moment
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
            startedAt: course.startedAt, restoredAt: course.restoredAt)
    }

    /// Harm that begins is waited with; what has recovered by itself waits no longer.
    private mutating func take(_ impact: ComponentImpact, at moment: Timestamp) {
        let course = courses[impact.component]
        switch course?.current?.activity {
        case nil where impact.isOngoing && course?.marks.isEmpty ?? true:
            enter(.waiting, impact.component, at: max(from, impact.startedAt ?? moment))
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
        courses[component, default: Course()].marks.append(RestorationGantt.Mark(at: max(moment, from), kind: kind))
    }
}
