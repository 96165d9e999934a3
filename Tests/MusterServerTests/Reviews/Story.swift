@testable import IncidentDomain
@testable import MusterServer

/// A timeline in the making, told event by event: `story.at("10:05", by: "Carla", .acknowledged)`.
struct Story {
    private(set) var timeline: [RecordedEvent] = []
    let number: Int
    private let day: String

    init(number: Int = 42, day: String = "2026-11-22") {
        self.number = number
        self.day = day
    }

    /// - Parameter time: A time of the story's day as in `10:05`, or a whole RFC 3339 time.
    mutating func at(_ time: String, by actor: String = "Carla", _ events: IncidentEvent...) {
        let moment = self.moment(time)
        for event in events {
            timeline.append(
                RecordedEvent(
                    sequence: timeline.count + 1, event: event,
                    actor: Principal(id: actor, name: actor, role: .commander), occurredAt: moment, recordedAt: moment))
        }
    }

    func moment(_ time: String) -> Timestamp {
        let text = time.count > 8 ? time : "\(day)T\(time.count == 5 ? "\(time):00" : time)Z"
        guard let moment = Timestamp(text) else { preconditionFailure("\(time) is no time") }
        return moment
    }

    var incident: Incident {
        let incident = timeline.reduce(Incident?.none) { Incident.evolve($0, $1, number: number) }
        guard let incident else { preconditionFailure("the story does not begin with an opening") }
        return incident
    }

    /// - Parameter now: When the review is read; the last moment of the story if not given.
    func review(
        now: String? = nil, graph: DependencyGraph = .empty, in speech: Speech = .standard
    ) -> ReviewDocument {
        let end = now.map(moment) ?? timeline.map(\.occurredAt).max() ?? moment("10:00")
        return ReviewDraft.make(
            for: incident, timeline: timeline, graph: graph, policy: PhasePolicy(), now: end, in: speech)
    }
}

extension IncidentEvent {
    static let acknowledged = IncidentEvent(Acknowledged())

    static func opened(
        _ title: String, summary: String? = nil, startedAt: Timestamp, labels: [String: String] = [:],
        origin: String = "person"
    ) -> IncidentEvent {
        IncidentEvent(
            IncidentOpened(title: title, summary: summary, startedAt: startedAt, labels: labels, origin: origin))
    }

    static func entered(_ phase: Phase, from: Phase) -> IncidentEvent {
        IncidentEvent(PhaseEntered(phase: phase, from: from, overridden: [], reason: nil))
    }

    static func reverted(_ phase: Phase, from: Phase, reason: String) -> IncidentEvent {
        IncidentEvent(PhaseReverted(phase: phase, from: from, reason: reason))
    }

    static func hit(_ component: String, _ level: ImpactLevel, in regions: [String] = []) -> IncidentEvent {
        IncidentEvent(ImpactSet(ComponentImpact(component: component, impact: level, regions: regions)))
    }

    static func mitigation(_ id: Int, _ state: MitigationState, was previous: MitigationState) -> IncidentEvent {
        IncidentEvent(MitigationChanged(id: id, state: state, previous: previous))
    }

    static func started(_ component: String, overridden: [String] = [], reason: String? = nil) -> IncidentEvent {
        IncidentEvent(StepStarted(component: component, overridden: overridden, reason: reason))
    }

    static func restored(_ component: String) -> IncidentEvent { IncidentEvent(StepRestored(component: component)) }

    static func ramped(_ component: String, _ percent: Int) -> IncidentEvent {
        IncidentEvent(StepRamped(component: component, percent: percent))
    }

    static func note(_ text: String, key: Bool = true) -> IncidentEvent {
        IncidentEvent(NoteAdded(text: text, key: key))
    }
}
