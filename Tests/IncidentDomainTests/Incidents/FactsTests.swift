import Testing

@testable import IncidentDomain

/// What the incident itself has no place for is written down as facts.
struct FactsTests {
    private static func fact(
        _ kind: FactKind, _ text: String = "text", value: Double? = nil, detection: Detection? = nil,
        incident: Int? = nil, reason: String? = nil, precision: TimePrecision? = nil
    ) -> IncidentCommand {
        .addFact(
            IncidentFact(
                kind: kind, text: text, value: value, unit: value == nil ? nil : "rows", reason: reason,
                detection: detection, incident: incident, precision: precision))
    }

    @Test func `each kind has what it needs, and nothing of another`() throws {
        let given = try Given()
        #expect(given.when(Self.fact(.measure)).field == "/value")
        #expect(given.when(Self.fact(.decision, value: 4)).field == "/value")
        #expect(given.when(Self.fact(.decision, detection: .detected)).field == "/detection")
        #expect(given.when(Self.fact(.related)).field == "/incident")
        #expect(given.when(Self.fact(.related, incident: 42)).field == "/incident", "itself")
        #expect(given.when(Self.fact(.change, incident: 7)).field == "/incident")
        #expect(given.when(Self.fact(.measure, value: 0)).isAccepted)
        #expect(given.when(Self.fact(.related, incident: 7)).isAccepted)
        var until = IncidentFact(kind: .alert, text: "t", component: "fed")
        #expect(given.when(.addFact(until)).field == "/component")
        (until.component, until.until) = (nil, clock("09:00"))
        #expect(given.when(.addFact(until)).field == "/until", "before it began")
        until.until = clock("23:00")
        #expect(given.when(.addFact(until)).field == "/until", "not yet")
    }

    @Test func `facts and notes may be of before the start, and nothing else`() throws {
        let given = try Given()
        let before = clock("08:00")
        #expect(given.when(Self.fact(.change, "Deploy 4711"), at: before).isAccepted)
        #expect(given.when(.note("it was slow already"), at: before).isAccepted)
        #expect(given.when(.acknowledge, at: before).field == "/occurred_at")
        let long = Given.start.adding(seconds: -11 * 366 * 86_400)
        #expect(given.when(Self.fact(.change), at: long).detail?.contains("ten years") == true)
        let told = try given.and(Self.fact(.change, "Deploy 4711", precision: .hour), at: before)
            .and(.note("unstarred"), at: clock("09:00"))
        let text = told.section(.timeline)
        #expect(text.hasPrefix("### Lead-up"))
        #expect(text.contains("| about 2026-11-22 08:00 | Change (time: hour): Deploy 4711. | Carla |"))
        #expect(text.contains("| 2026-11-22 09:00:00 | Note: unstarred | Carla |"))
        #expect(text.ranges(of: "Deploy 4711").count == 1, "not once more among the key moments")
        #expect(told.section(.cause).contains("| about 2026-11-22 08:00 | Deploy 4711 |"))
        #expect(told.incident.clocks == given.incident.clocks, "no clock moves")
    }

    @Test(arguments: [
        (TimePrecision.exact, "2026-11-22 08:07:30"), (.minute, "2026-11-22 08:07"), (.hour, "about 2026-11-22 08:07"),
        (.day, "2026-11-22"), (.unknown, "time unknown"),
    ]) func `a time is told as exactly as it is known`(_ precision: TimePrecision, _ text: String) {
        #expect(precision.phrase(clock("08:07:30")).english == text)
    }

    @Test func `it was noticed by what people say, and how late that was`() throws {
        let opening = OpenIncident(title: "t", startedAt: clock("09:00"))
        let given = try Given(opening: opening)
        #expect(given.incident.clocks.detectedAt == clock("10:00"))
        let told = try given.and(Self.fact(.report, "A customer called", detection: .detected), at: clock("09:40"))
        #expect(told.incident.clocks.detectedAt == clock("09:40"))
        let missing = try told.and(
            Self.fact(.alert, "ReplicationLag", detection: .missing, reason: "it was muted"), at: clock("09:05"))
        #expect(missing.incident.clocks.detectedAt == clock("09:40"), "what was not there noticed nothing")
        let text = missing.section(.detection)
        #expect(
            text.hasPrefix(
                "Detected 2026-11-22 09:40:00 UTC, 40 min after the start, by the report “A customer called”."))
        #expect(text.contains("| Alert: ReplicationLag | – | it should have told | it was muted |"))
        let entry = try #require(told.timeline.last)
        let struck = try told.and(.strike(entry.sequence, entry.event, reason: "another incident"))
        #expect(struck.incident.clocks.detectedAt == clock("10:00"))
        #expect(!struck.section(.detection).contains("A customer called"))
        #expect(
            try Given().section(.detection)
                == "Detected 2026-11-22 10:00:00 UTC, at the start, by Carla, who opened the incident.")
    }

    @Test func `measures are a table, and from three values on bars as well`() throws {
        let values: [(Double, String)] = [(1200, "10:05"), (600, "10:10"), (0, "10:20")]
        let given = try values.reduce(try Given().later("11:00")) { given, value in
            try given.and(Self.fact(.measure, "Rows behind", value: value.0), at: clock(value.1))
        }
        let text = given.section(.impact)
        #expect(text.contains("| Rows behind | 1,200 rows | 2026-11-22 10:05:00 |"))
        #expect(
            text.contains(
                """
                Rows behind (rows):

                ```
                2026-11-22 10:05:00 1,200 ##############################
                2026-11-22 10:10:00   600 ###############
                2026-11-22 10:20:00     0
                ```
                """))
        #expect(given.review.measures.map(\.points.count) == [3])
        #expect(try Given().and(Self.fact(.measure, value: 4.25)).review.measures.isEmpty)
        #expect(IncidentFact(kind: .measure, text: "t", value: 4.25, unit: "%").amount.english == "4.25 %")
    }

    @Test func `decisions have their reasons, and related incidents their numbers`() throws {
        let given = try Given().and(
            Self.fact(.decision, "Fail over", reason: "the primary will not come back"),
            Self.fact(.related, "the same cause", incident: 7))
        #expect(given.section(.mitigations).contains("| Fail over | the primary will not come back | Carla |"))
        #expect(given.section(.summary).contains("- **Related incidents:** INC-7 (the same cause)"))
    }

    @Test func `the five whys are a list of their own, as they were entered`() throws {
        let given = try Given().and(
            Self.fact(.why, "Why did sign-in fail? The disk was full."),
            Self.fact(.why, "Why was it full? Nobody watched it."))
        let text = given.section(.cause)
        #expect(text.contains("### Why it happened"))
        #expect(
            text.contains("1. Why did sign-in fail? The disk was full.\n2. Why was it full? Nobody watched it."),
            "\(text)")
        #expect(!given.section(.timeline).contains("Why was it full"), "no key moment")
    }

    @Test func `a merge brings facts along as facts, and its undoing takes them away`() throws {
        let other = try Given().and(Self.fact(.decision, "Fail over", reason: "it is down"))
        let notes = BroughtNote.all(of: other.timeline, in: other.incident)
        #expect(notes.map(\.fact?.kind) == [.decision])
        let origin = NoteOrigin(incident: 7, by: "Ron", at: clock("10:03"))
        let brought = BroughtNote(
            text: "Fail over", key: false, origin: origin, fact: IncidentFact(kind: .decision, text: "Fail over"))
        var there = other.incident
        there = Incident.evolve(nil, other.timeline[0], number: 7) ?? there
        let given = try Given().and(.absorb(there, notes: [brought]))
        let fact = try #require(given.review.facts.first)
        #expect(fact.at == clock("10:03") && fact.writtenBy == "Ron" && fact.fact.origin?.incident == 7)
        let apart = try given.and(.separate(from: there, MovedAlerts(), reason: "two after all"))
        #expect(apart.review.facts.isEmpty)
    }

    @Test func `an action item answers a cause that was stated`() throws {
        let given = try Given(.technical)
        let entry = try #require(given.incident.cause?.entry)
        func action(_ answers: Int) -> IncidentCommand {
            .addAction(
                ActionDraft(
                    title: "Test it", kind: .preventive, priority: .urgent, link: "https://t.example/1",
                    answers: answers))
        }
        #expect(given.when(action(1)).field == "/answers")
        let told = try given.and(action(entry))
        let action = try #require(told.incident.actions.first)
        #expect(action.priority == .urgent && action.link == "https://t.example/1" && action.answers == entry)
        #expect(
            told.section(.actions).contains("| Test it (https\\://t.example/1) | preventive | urgent | technical |"))
        #expect(told.when(.changeAction(ordinal: 1, ActionPatch(answers: 1))).field == "/answers")
        let changed = try told.and(.changeAction(ordinal: 1, ActionPatch(priority: .low)))
        #expect(changed.incident.actions.first?.priority == .low && changed.incident.actions.first?.answers == entry)
    }

    @Test func `what was switched off on purpose is told apart from what failed`() throws {
        let impact = ComponentImpact(component: "feed", impact: .majorOutage, deliberate: true)
        let given = try Given(.setImpact(impact), .hit("auth"))
        #expect(given.section(.impact).contains("| Feed (feed), switched off on purpose | 1 |"))
        #expect(given.section(.impact).contains("| Sign-in (auth) | 0 |"))
        #expect(given.timeline.contains { $0.event.sentence.hasSuffix("major outage, switched off on purpose.") })
    }
}
