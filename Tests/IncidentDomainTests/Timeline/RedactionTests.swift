import FoundationEssentials
import Testing

@testable import IncidentDomain

struct RedactionTests {
    /// Texts that nobody types freely: slugs, ids, days, words from a list, digests.
    private static let untyped: Set<String> = [
        "component", "id", "origin", "audience", "currency", "due", "replacement_digest", "counts", "firing",
        "components", "changes", "source", "joined", "left", "waves", "affecting", "through", "direction", "order",
        "language", "template", "why", "without", "needs", "by", "removed", "clock", "undone", "sections",
        "section", "hidden", "dropped", "type",
    ]

    @Test func `the samples have one event of each kind`() {
        let kinds = IncidentEvent.types.map { $0.kind }
        #expect(Set(kinds).count == kinds.count, "two kinds have one name")
        #expect(EveryEvent.all.map(\.kind).sorted() == kinds.sorted())
    }

    @Test(arguments: EveryEvent.all) func `the samples have the marker in every text, and every field filled`(
        _ event: IncidentEvent
    ) throws {
        let payload = try encoded(event)
        for text in texts(in: payload) where !Self.untyped.contains(text.field) {
            let isWord = Self.words.contains(text.value) || Timestamp(text.value) != nil
            #expect(text.value.contains(EveryEvent.marker) || isWord, "\(event.kind).\(text.field)")
        }
        // The scope of a revision is the version of its payload; the last two are what an incident keeps beside a cause.
        let stored: any Codable = (event.payload as? any ValueEvent)?.value ?? event.payload
        let fields = Mirror(reflecting: stored).children.count { !["scope", "statedAt", "entry"].contains($0.label) }
        if case .object(let members) = payload {
            #expect(members.count == fields, "\(event.kind) has a field without a value")
        }
    }

    @Test(arguments: EveryEvent.all) func `a redacted event says nothing that anybody typed`(_ event: IncidentEvent)
        throws
    {
        let redacted = try encoded(event.redacted)
        #expect(!"\(redacted)".contains(EveryEvent.marker))
        #expect(event.redacted.redacted == event.redacted)
    }

    @Test(arguments: EveryEvent.all) func `all that is not text stays, and so does the event's kind`(
        _ event: IncidentEvent
    ) throws {
        #expect(event.redacted.kind == event.kind)
        let (before, after) = (try encoded(event), try encoded(event.redacted))
        #expect(shape(after) == shape(before))
        let kept = texts(in: after).filter { $0.value != IncidentEvent.redactedText }
        #expect(kept == texts(in: before).filter { !$0.value.contains(EveryEvent.marker) })
    }

    @Test func `a timeline replays with any of its entries redacted, and the incident stands where it stood`() throws {
        var random = SeededGenerator()
        for _ in 0..<20 {
            let life = RandomLife.make(commands: 120, &random) { _ in }
            let original = try #require(life.incident)
            for share in [0, 3] {
                let redacted = life.timeline.map { recorded in
                    let hides = share == 0 || Int.random(in: 0..<share, using: &random) == 0
                    return hides
                        ? RecordedEvent(
                            sequence: recorded.sequence, event: recorded.event.redacted, actor: recorded.actor,
                            occurredAt: recorded.occurredAt, recordedAt: recorded.recordedAt) : recorded
                }
                let replayed = try #require(Given.replay(redacted))
                #expect(Skeleton(replayed) == Skeleton(original), "\(random.seedText)")
            }
        }
    }

    /// What the rules and the clocks look at.
    private struct Skeleton: Equatable {
        let phase: Phase
        let version: Int
        let severity: Severity?
        let times: IncidentTimes
        let steps: [RestorationStep]
        let impacts: [String]
        let causes: [String]
        let roles: Set<IncidentRole>
        let work: [String]
        let firing: [String: Int]
        let review: ReviewProgress?
        let eta: Timestamp?
        let unmet: [Requirement]

        init(_ incident: Incident) {
            (phase, version, severity, times) = (incident.phase, incident.version, incident.severity, incident.times)
            (steps, firing, review, eta) = (incident.steps, incident.firing, incident.review, incident.eta)
            impacts = incident.impacts.map { "\($0.component) \($0.impact) \($0.endedAt?.description ?? "")" }
            causes = incident.hypotheses.map { "\($0.category) \($0.confidence)" }
            roles = Set(incident.roles.keys)
            work =
                incident.mitigations.map { "\($0.id) \($0.state) \($0.endedAt?.description ?? "")" }
                + incident.tasks.map { "\($0.id) \($0.done)" }
                + incident.actions.map { "\($0.ordinal) \($0.state) \($0.owner != nil) \($0.due ?? "")" }
            unmet = Requirement.allCases.filter { incident.unmet($0) != nil }
        }
    }
}

extension RedactionTests {
    /// A payload as what it is in JSON, as far as texts matter.
    fileprivate indirect enum Payload {
        case text(String)
        case other(String)
        case list([Payload])
        case object([String: Payload])
    }

    /// The raw values of our own enums that stand in payloads.
    private static let words: Set<String> = Set(
        Phase.allCases.map(\.rawValue) + Severity.allCases.map(\.rawValue) + Requirement.allCases.map(\.rawValue)
            + CauseCategory.allCases.map(\.rawValue) + CauseSubcategory.allCases.map(\.rawValue)
            + CauseConfidence.allCases.map(\.rawValue) + IncidentRole.allCases.map(\.rawValue)
            + ImpactLevel.allCases.map(\.rawValue) + MitigationState.allCases.map(\.rawValue)
            + ReviewStatus.allCases.map(\.rawValue) + UpdateAudience.allCases.map(\.rawValue)
            + ActionKind.allCases.map(\.rawValue) + IncidentLink.Kind.allCases.map(\.rawValue)
            + CauseRole.allCases.map(\.rawValue) + FactKind.allCases.map(\.rawValue)
            + Detection.allCases.map(\.rawValue) + TimePrecision.allCases.map(\.rawValue)
            + ActionPriority.allCases.map(\.rawValue) + ActionState.allCases.map(\.rawValue)
            + RestorationState.allCases.map(\.rawValue))

    private func encoded(_ event: IncidentEvent) throws -> Payload {
        try JSONDecoder().decode(Payload.self, from: JSONEncoder().encode(event.payload))
    }

    private struct Text: Equatable {
        let field: String
        let value: String
    }

    /// Every text with the field it stands in; a free name of a member counts as a text as well.
    private func texts(in payload: Payload, field: String = "") -> [Text] {
        switch payload {
        case .text(let value): [Text(field: field, value: value)]
        case .other: []
        case .list(let elements): elements.flatMap { texts(in: $0, field: field) }
        case .object(let members):
            members.sorted { $0.key < $1.key }.flatMap { key, value in
                let isFree = ["labels", "counts", "firing"].contains(field)
                return (isFree ? [Text(field: field, value: key)] : []) + texts(in: value, field: isFree ? field : key)
            }
        }
    }

    /// The names of the members and everything but texts; labels are free in both.
    private func shape(_ payload: Payload, field: String = "") -> String {
        switch payload {
        case .text: "text"
        case .other(let value): value
        case .list(let elements): "[\(elements.map { shape($0) }.joined(separator: ","))]"
        case .object(let members):
            field == "labels"
                ? "labels"
                : "{\(members.sorted { $0.key < $1.key }.map { "\($0.key):\(shape($0.value, field: $0.key))" })}"
        }
    }
}

extension RedactionTests.Payload: Decodable {
    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(Bool.self) {
            self = .other("\(value)")
        } else if let value = try? container.decode(Double.self) {
            self = .other("\(value)")
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([Self].self) {
            self = .list(value)
        } else {
            self = .object(try container.decode([String: Self].self))
        }
    }
}
