import Testing

@testable import IncidentDomain

/// An incident at some point of its life, reached by commands, to which a test puts the next one:
/// `Given(...).when(.acknowledge) == .events([Acknowledged()])`.
///
/// It opens at 10:00 and every command comes a minute after the one before.
struct Given {
    private(set) var incident: Incident
    /// Its whole timeline so far.
    let timeline: [RecordedEvent]
    var policy = PhasePolicy()
    var graph = SampleCatalog.graph
    var soak = SoakPolicy()
    var updates = UpdatePolicy.none
    var waves = WavePolicy.advise
    var opensAt: DependencyOpening?
    var others = OtherRestorations.none
    var clearing = ClearingPolicy.keep
    /// When the next command is put.
    var now: Timestamp

    static let number = 42
    static let start = clock("10:00")

    /// Opened by a commander, then led through the commands, each of which has to be accepted.
    init(
        _ commands: IncidentCommand..., opening: OpenIncident = OpenIncident(title: "Feed is slow"),
        policy: PhasePolicy = PhasePolicy(), graph: DependencyGraph = SampleCatalog.graph,
        soak: SoakPolicy = SoakPolicy(), updates: UpdatePolicy = .none
    ) throws {
        let facts = DecisionFacts(
            principal: .carla, now: Self.start, policy: policy, graph: graph, soak: soak, updates: updates)
        let events = try Incident.decide(.open(opening), on: nil, facts: facts)
        let timeline = Self.record(events, after: 0, by: .carla, at: Self.start, recordedAt: Self.start)
        let incident = try #require(Self.replay(timeline))
        self = try Given(
            incident: incident, timeline: timeline, policy: policy, graph: graph, soak: soak, updates: updates,
            now: Self.start.adding(seconds: 60)
        ).and(commands)
    }

    private init(
        incident: Incident, timeline: [RecordedEvent], policy: PhasePolicy, graph: DependencyGraph, soak: SoakPolicy,
        updates: UpdatePolicy, now: Timestamp
    ) {
        self.incident = incident
        self.timeline = timeline
        self.policy = policy
        self.graph = graph
        self.soak = soak
        self.updates = updates
        self.now = now
    }

    /// The same incident after more commands, each of which has to be accepted.
    func and(_ commands: IncidentCommand..., by principal: Principal = .carla, at time: Timestamp? = nil) throws
        -> Given
    {
        try and(commands, by: principal, at: time)
    }

    func and(_ commands: [IncidentCommand], by principal: Principal = .carla, at time: Timestamp? = nil) throws -> Given
    {
        try commands.reduce(self) { given, command in
            let events = try given.decide(command, by: principal, at: time)
            var added = Self.record(
                events, after: given.incident.version, by: principal, at: time ?? given.now, recordedAt: given.now)
            var after = added.reduce(given.incident) { Incident.evolve($0, $1, number: Self.number) ?? $0 }
            func take(_ event: (any TimelineEvent)?) {
                guard let event else { return }
                added += Self.record(
                    [event], after: after.version, by: principal, at: time ?? given.now, recordedAt: given.now)
                after = added.suffix(1).reduce(after) { Incident.evolve($0, $1, number: Self.number) ?? $0 }
            }
            take(after.planRevision(after: events, given.facts(by: principal, at: time)))
            take(after.followedEta)
            var next = Given(
                incident: after, timeline: given.timeline + added, policy: given.policy, graph: given.graph,
                soak: given.soak, updates: given.updates, now: given.now.adding(seconds: 60))
            (next.waves, next.opensAt, next.others) = (given.waves, given.opensAt, given.others)
            next.clearing = given.clearing
            return next
        }
    }

    /// The same, later: the next command comes then.
    func later(_ time: String) -> Given {
        var given = self
        given.now = clock(time)
        return given
    }

    /// The same where incidents that nobody attends to close themselves after so many seconds without a firing alert.
    func closing(after seconds: Int) -> Given {
        var given = self
        given.clearing = ClearingPolicy(general: .close(afterSeconds: seconds), reopenSeconds: 600)
        return given
    }

    /// The same where later waves wait for earlier ones.
    func enforcing() -> Given {
        var given = self
        given.waves = .enforce
        return given
    }

    /// Puts steps that nobody has begun into the incident, without the commands for as many impacts.
    mutating func affect(_ components: [String]) {
        incident.steps = components.map(RestorationStep.init)
    }

    mutating func soak(_ component: String, from start: Timestamp, until end: Timestamp) {
        change(component) { $0.verify(from: start, until: end) }
    }

    /// Makes the incident one that a release stored that did not keep when soaks began.
    mutating func forgetSoakStarts() {
        for step in incident.steps { change(step.component) { $0.verifyingSince = nil } }
    }

    private mutating func change(_ component: String, _ change: (inout RestorationStep) -> Void) {
        guard let place = incident.steps.firstIndex(where: { $0.component == component }) else { return }
        change(&incident.steps[place])
    }

    /// The plan at the time of the next command.
    func plan(measured: MeasuredDurations = .none, order: [String] = [], at time: Timestamp? = nil) -> RestorationPlan {
        RestorationPlan.make(
            for: incident, in: graph, soak: soak, waves: waves, opensAt: opensAt, measured: measured,
            others: others, now: time ?? now, order: order)
    }

    /// What comes of a command.
    func when(_ command: IncidentCommand, by principal: Principal = .carla, at time: Timestamp? = nil) -> Answer {
        do throws(IncidentRefusal) {
            return .events(try decide(command, by: principal, at: time))
        } catch {
            return .refused(error)
        }
    }

    private func facts(by principal: Principal, at time: Timestamp?) -> DecisionFacts {
        DecisionFacts(
            principal: principal, now: now, occurredAt: time, policy: policy, graph: graph, soak: soak,
            updates: updates, waves: waves, opensAt: opensAt, others: others, clearing: clearing)
    }

    private func decide(
        _ command: IncidentCommand, by principal: Principal, at time: Timestamp?
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        try Incident.decide(command, on: incident, facts: facts(by: principal, at: time))
    }

    static func record(
        _ events: [any TimelineEvent], after version: Int, by principal: Principal, at time: Timestamp,
        recordedAt: Timestamp
    ) -> [RecordedEvent] {
        events.enumerated().map { index, event in
            RecordedEvent(
                sequence: version + index + 1, event: IncidentEvent(event), actor: principal, occurredAt: time,
                recordedAt: recordedAt)
        }
    }

    static func replay(_ timeline: some Sequence<RecordedEvent>) -> Incident? {
        timeline.reduce(nil) { Incident.evolve($0, $1, number: number) }
    }
}

/// What an incident says to a command.
enum Answer: Equatable {
    case events([any TimelineEvent])
    case refused(IncidentRefusal)

    static func == (one: Answer, other: Answer) -> Bool {
        switch (one, other) {
        case (.events(let one), .events(let other)): one.map(IncidentEvent.init) == other.map(IncidentEvent.init)
        case (.refused(let one), .refused(let other)): one == other
        case (.events, .refused), (.refused, .events): false
        }
    }

    /// A repeat of what already holds.
    static let nothing = Answer.events([])

    /// The stable code of a refusal, for tests that are not about its details.
    var code: String? {
        switch self {
        case .events: nil
        case .refused(let refusal): refusal.code
        }
    }

    /// What a refusal says.
    var detail: String? {
        if case .refused(let refusal) = self { refusal.description } else { nil }
    }

    /// The JSON pointer of a refused value.
    var field: String? {
        if case .refused(.badValue(let field, _)) = self { field } else { nil }
    }

    var isAccepted: Bool { code == nil }
}

extension Principal {
    static let vera = Principal(id: "1", name: "Vera", role: .viewer)
    static let rita = Principal(id: "2", name: "Rita", role: .responder)
    static let carla = Principal(id: "3", name: "Carla", role: .commander)
}

/// A time of the day on which the samples happen, as in `10:05` or `10:05:30.250`.
func clock(_ time: String) -> Timestamp {
    guard let moment = Timestamp("2026-11-22T\(time.utf8.count == 5 ? "\(time):00" : time)Z") else {
        preconditionFailure("\(time) is no time of day")
    }
    return moment
}
