import Testing

@testable import IncidentDomain

/// How phrases, numbers and times read in each language and by the clocks of a zone.
struct SpeechTests {
    private static let german = Speech(language: .de)
    /// Summer time ended on 2026-10-25 at 01:00 UTC, and begins on 2027-03-28.
    static let berlin = ZoneOffsets(
        name: "Europe/Berlin", firstOffset: 7200,
        changes: [ZoneOffsets.Change(at: 1_792_890_000, offset: 3600), .init(at: 1_806_195_600, offset: 7200)])

    private func moment(_ text: String) throws -> Timestamp { try #require(Timestamp(text)) }

    @Test func `numbers have the marks of the language`() {
        #expect(Speech.standard.text(1_234_567) == "1,234,567")
        #expect(Self.german.text(1_234_567) == "1.234.567")
        #expect(Self.german.text(1.5) == "1,5" && Speech.standard.text(1.5) == "1.5")
        #expect(Self.german.text(-1_234.0) == "-1.234")
        #expect(Self.german.text(money: 12_500.5) == "12.500,50")
        #expect(Self.german.exact(7400.25) == "7400,25")
    }

    @Test(arguments: [
        (7_500.0, "2 Std. 5 Min."), (0, "0 Sek."), (0.2, "unter 1 Sek."), (90_000, "1 Tag 1 Std."),
        (200_000, "2 Tage 7 Std. 33 Min."), (-61, "−1 Min. 1 Sek."), (.infinity, "unbekannt"),
    ])
    func `durations are told in German`(_ seconds: Double, _ text: String) {
        #expect(Self.german.text(seconds: seconds) == text)
    }

    @Test func `a sentence that ends with an abbreviation has one full stop`() {
        let phrase: Phrase = "{}; restored {}, after {}."
        #expect(phrase.english == "{}; restored {}, after {}.")
        let told: Phrase = "Mitigation \(1): \(.duration(300))."
        #expect(told.english == "Mitigation 1: 5 min.")
        let ended: Phrase = "ended \(.duration(300))"
        #expect(Phrase("\(ended).").text(in: Self.german) == "Ende 5 Min.")
    }

    @Test func `dates and times follow language and zone`() throws {
        let summer = try moment("2026-07-01T22:30:05Z")
        let berlin = Speech(language: .de, zone: Self.berlin)
        #expect(berlin.text(summer, .withZone) == "02.07.2026 00:30:05 UTC+2")
        #expect(berlin.text(summer, .day) == "02.07.2026" && berlin.text(summer, .clock) == "00:30")
        #expect(berlin.shortDay(summer) == "2. Juli")
        #expect(Speech(zone: Self.berlin).text(summer, .minute) == "2026-07-02 00:30")
        #expect(Speech.standard.text(summer, .withZone) == summer.toTheSecond)
        #expect(Speech.standard.text(summer, .second) == summer.dateAndTime)
        #expect(berlin.text(day: "2026-12-24") == "24.12.2026" && berlin.text(day: "soon") == "soon")
    }

    @Test func `an hour that clocks show twice is told with its offset`() throws {
        let speech = Speech(zone: Self.berlin)
        #expect(speech.text(try moment("2026-10-24T23:59:59Z"), .second) == "2026-10-25 01:59:59")
        #expect(speech.text(try moment("2026-10-25T00:30:00Z"), .second) == "2026-10-25 02:30:00 UTC+2")
        #expect(speech.text(try moment("2026-10-25T01:30:00Z"), .second) == "2026-10-25 02:30:00 UTC+1")
        #expect(speech.text(try moment("2026-10-25T02:00:00Z"), .second) == "2026-10-25 03:00:00")
        #expect(speech.text(try moment("2027-03-28T01:00:00Z"), .withZone) == "2027-03-28 03:00:00 UTC+2")
    }

    @Test func `an offset is told as exactly as it is`() {
        for (seconds, text) in [(0, "UTC"), (19_800, "UTC+5:30"), (-12_600, "UTC-3:30"), (3600, "UTC+1")] {
            let zone = ZoneOffsets(name: "Somewhere", firstOffset: seconds)
            #expect(Speech(zone: zone).offsetText(at: .latest) == text)
        }
    }

    @Test func `what people typed stays as they typed it`() {
        let typed = "restored {1} {} 1,234"
        let phrase: Phrase = "Impact on \(typed) removed."
        #expect(phrase.english == "Impact on restored {1} {} 1,234 removed.")
        #expect(phrase.text(in: Self.german) == "Auswirkung auf restored {1} {} 1,234 entfernt.")
    }

    @Test func `one and many have a form each`() {
        let one = AudienceImpact(audience: .users, description: "x", people: 1, reports: 1)
        let many = AudienceImpact(audience: .users, description: "x", people: 1_200, reports: 3)
        #expect(one.numbers.map { Self.german($0) } == ["1 Person betroffen", "1 Meldung eingegangen"])
        #expect(many.numbers.map { Self.german($0) } == ["1.200 Personen betroffen", "3 Meldungen eingegangen"])
    }

    @Test(
        arguments: [
            ("waits for core (restoring, 60 % ramped)", .gate, "wartet auf core (in Wiederherstellung, 60 % Last)"),
            ("waits for core (ready) in INC-7", .gate, "wartet auf core (bereit) in INC-7"),
            ("3 alerts are still firing on cdn", .gate, "3 Alarme sind auf cdn noch aktiv"),
            ("probe login failed: status 503", .gate, "Prüfung login fehlgeschlagen: status 503"),
            (
                "wave 1 is not complete (restoration.waves: enforce): auth is restoring (5 % ramped), a is waiting and 3 more",
                .gate,
                "Welle 1 ist nicht abgeschlossen (restoration.waves: enforce): "
                    + "auth ist in Wiederherstellung (5 % Last), a ist wartend und 3 weitere"
            ),
            ("no one assigned as commander", .requirement, "niemand hat die Rolle Einsatzleitung"),
            (
                "mitigation 2 is still running: no update posted", .requirement,
                "Gegenmaßnahme 2 ist noch in Arbeit: no update posted"
            ),
            (
                "not restored or waived: a, b and 3 more", .requirement,
                "weder wiederhergestellt noch verzichtbar: a, b und 3 weitere"
            ),
            ("it is still down in INC-3", .reason, "in INC-3 ist es noch gestört"),
            ("It is no attack", .reason, "It is no attack"), ("auth is restoring", .reason, "auth is restoring"),
            ("Users wait for core", .gate, "Users wait for core"), ("", .reason, ""),
        ] as [(String, StoredSentences, String)])
    func `sentences that entries keep are recognised`(_ text: String, _ kind: StoredSentences, _ german: String) {
        #expect(Phrase.stored(text, kind).text(in: Self.german) == german)
        #expect(Phrase.stored(text, kind).english == text)
    }

    @Test func `what phases ask for is recognised`() throws {
        let policy = PhasePolicy(
            general: Dictionary(uniqueKeysWithValues: Phase.open.map { ($0, Requirement.allCases) }))
        let incident = try Given.incident(in: .detect).incident
        let unmet = policy.unmet(leaving: .detect, of: incident)
        try #require(unmet.count > 8)
        for missing in unmet { #expect(StoredSentences.requirement.phrase(missing.detail) != nil, "\(missing.detail)") }
    }
}
