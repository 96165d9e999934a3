import Testing

@testable import IncidentDomain

/// The sentences of events in German: everything is translated, but what people typed.
struct GermanTimelineTests {
    private static let all =
        EveryEvent.all + IncidentEvent.types.flatMap { type in type.examples.map { IncidentEvent($0) } }

    @Test(arguments: all)
    func `every event is told in German`(_ event: IncidentEvent) throws {
        let text = event.phrase.text(in: MarkedGerman.speech)
        #expect(MarkedGerman.missing(in: text) == [])
        let stored = try MarkedGerman.stored([event])
        #expect(MarkedGerman.typed(in: text).filter { !stored.contains($0) } == [], "\(text)")
        #expect(event.phrase.text(in: Speech(language: .de)) != event.sentence)
    }

    @Test func `everything that can happen to an incident is told in German`() throws {
        var random = SeededGenerator(seed: 63)
        for life in 0..<40 {
            let made = RandomLife.make(commands: 120, &random) { _ in }
            for recorded in made.timeline {
                let text = recorded.event.phrase.text(in: MarkedGerman.speech)
                #expect(MarkedGerman.missing(in: text) == [], "life \(life)")
                let stored = try MarkedGerman.stored([recorded.event])
                #expect(MarkedGerman.typed(in: text).filter { !stored.contains($0) } == [], "life \(life): \(text)")
            }
        }
    }

    @Test(arguments: [
        (
            IncidentEvent(SeveritySet(severity: .sev2, previous: .sev3)), "Schweregrad sev2 (vorher sev3)."
        ),
        (IncidentEvent(StepRestored(component: "cdn")), "cdn wiederhergestellt."),
        (
            IncidentEvent(RoleAssigned(role: .commander, person: "Mia", previous: "Ron")),
            "Mia hat die Rolle Einsatzleitung (vorher Ron)."
        ),
        (
            IncidentEvent(MitigationChanged(id: 3, state: .succeeded, previous: .running)),
            "Gegenmaßnahme 3: erfolgreich (vorher in Arbeit)."
        ),
        (
            IncidentEvent(
                StepStarted(component: "cdn", overridden: ["waits for core (restoring)"], reason: "only reads")),
            "Wiederherstellung von cdn trotzdem begonnen: wartet auf core (in Wiederherstellung). Grund: only reads."
        ),
    ])
    func `events read as people say it`(_ event: IncidentEvent, _ text: String) {
        #expect(event.phrase.text(in: Speech(language: .de)) == text)
    }
}
