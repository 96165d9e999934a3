import FoundationEssentials
import HTTPTypes
import Postgres
import TestSupport
import Testing

@testable import IncidentDomain
@testable import MusterServer

/// Reviews in two languages and by the clocks of any zone.
@Suite(.timeLimit(.minutes(20))) struct ReviewLanguageTests {
    /// Summer time ended on 2026-10-25 at 01:00 UTC.
    private static let berlin = ZoneOffsets(
        name: "Europe/Berlin", firstOffset: 7200, changes: [ZoneOffsets.Change(at: 1_792_890_000, offset: 3600)])
    private static let marked: Speech = {
        var speech = Speech(language: .de, zone: berlin)
        speech.isMarked = true
        return speech
    }()

    private static func german(_ moment: ReviewRenderingTests.Moment, in speech: Speech) -> ReviewDocument {
        switch moment {
        case .underWay: VideoOutage.underWay.review(now: "10:55", graph: VideoOutage.graph, in: speech)
        case .inReview: VideoOutage.inReview.review(now: "2026-11-23T12:00:00Z", graph: VideoOutage.graph, in: speech)
        case .closed: VideoOutage.closed.review(now: "2026-12-01T09:00:00Z", graph: VideoOutage.graph, in: speech)
        }
    }

    @Test func `the German review is the golden one, and well formed`() throws {
        let document = Self.german(.inReview, in: Speech(language: .de, zone: Self.berlin))
        let html = ReviewHTML.render(document)
        try Golden.expect(page: html, equals: "video-outage-in-review.de.html")
        try Golden.expect(ReviewMarkdown.render(document), equals: "video-outage-in-review.de.md")
        let outline = HTMLOutline(html)
        #expect(outline.problems.isEmpty)
        #expect(outline.elements.first { $0.name == "html" }?.attributes["lang"] == "de")
    }

    @Test(arguments: ReviewRenderingTests.Moment.allCases)
    func `nothing of a German review is left in English`(_ moment: ReviewRenderingTests.Moment) {
        let document = Self.german(moment, in: Self.marked)
        for text in [ReviewHTML.render(document), ReviewMarkdown.render(document)] {
            #expect(!text.contains("⟦"), "\(text.split(separator: "\n").first { $0.contains("⟦") } ?? "")")
        }
    }

    @Test func `nothing of a hostile review is left in English, nor of its public version`() {
        let story = HostileInputTests.story(HostileInputTests.texts[HostileInputTests.texts.count - 1])
        let document = story.review(graph: HostileInputTests.graph, in: Self.marked)
        let page = PublicReviewPage(document)
        let texts =
            [ReviewHTML.render(document), ReviewMarkdown.render(document)]
            + [page.bytes(as: .html), page.bytes(as: .markdown)].map { String(decoding: $0, as: UTF8.self) }
        for text in texts {
            #expect(!text.contains("⟦"), "\(text.split(separator: "\n").first { $0.contains("⟦") } ?? "")")
        }
    }

    @Test func `times follow the zone across the night in which clocks are set back`() {
        var story = Story(day: "2026-10-25")
        story.at("00:10", .opened("Night", startedAt: story.moment("00:10")))
        story.at("00:30", .acknowledged)
        story.at("01:30", IncidentEvent(SeveritySet(severity: .sev2)))
        let markdown = ReviewMarkdown.render(story.review(in: Speech(zone: Self.berlin)))
        #expect(markdown.contains("When (Europe/Berlin)"))
        #expect(markdown.contains("2026-10-25 02:30:00 UTC+2 | Acknowledged"))
        #expect(markdown.contains("2026-10-25 02:30:00 UTC+1 | Severity"))
        #expect(markdown.contains("impact started 2026-10-25 02:10:00 UTC+2"))
        let html = ReviewHTML.render(story.review(in: Speech(zone: Self.berlin)))
        #expect(html.contains("All times are Europe/Berlin."))
        #expect(!html.contains("UTC</"))
    }

    @Test func `ticks of the axis are round by the clocks of the zone`() {
        var story = Story()
        story.at("02:50", .opened("Night", startedAt: story.moment("02:50")))
        story.at("23:10", .acknowledged, .entered(.assess, from: .detect))
        let kolkata = Speech(zone: ZoneOffsets(name: "Asia/Kolkata", firstOffset: 19_800))
        let document = story.review(in: kolkata)
        let scale = PhaseScale(
            start: document.incident.times.startedAt, visits: document.phases, left: 0, width: 900, in: kolkata)
        #expect(scale.ticks.count > 3)
        for tick in scale.ticks { #expect(scale.label(of: tick).fine.hasSuffix(":00"), "\(tick)") }
    }

    @Test func `lang and tz choose over HTTP, and what is unknown is refused`() async throws {
        try await TestDaemon.with { daemon async throws in
            let server = try DescribedServer(pool: daemon.pool)
            let number = try await daemon.open()
            for path in ["review", "review.json", "review.md", "review.html", "review.public.md"] {
                let reply = await server.ask(.get, "/v1/incidents/\(number)/\(path)?lang=de&tz=Europe/Berlin")
                #expect(reply.status == 200, "\(reply.text)")
                #expect(reply.text.contains("Ursache") && !reply.text.contains("(UTC)"), "\(path): \(reply.text)")
            }
            #expect(await server.ask(.get, "/v1/incidents/\(number)/review.md").text.contains("When (UTC)"))
            for (query, pointer, detail) in [
                ("lang=fr", "/lang", "must be one of: en, de"), ("tz=Mars/Olympus", "/tz", "use an IANA name"),
                ("tz=localtime", "/tz", "is not a known time zone"), ("tz=", "/tz", "must not be empty"),
                ("language=de", "/language", ""),
            ] {
                for path in ["review.md", "review.html", "review.pdf", "review.json", "review.public.html"] {
                    let reply = await server.ask(.get, "/v1/incidents/\(number)/\(path)?\(query)")
                    #expect(reply.status == 422, "\(path)?\(query): \(reply.text)")
                    let error = reply.json["errors"]?[0]
                    #expect(error?["pointer"] == .string(pointer), "\(reply.text)")
                    #expect(error?["detail"]?.string?.contains(detail) == true, "\(reply.text)")
                }
            }
            #expect(server.complaints == [])
        }
    }

    @Test func `an approval keeps texts as the configuration says, and the rest follows the request`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await daemon.open()
            for command: IncidentCommand in [
                .amend(IncidentAmendment(severity: .sev3)), .acknowledge,
                .stateCause(CauseHypothesis(category: .attack, evidence: "traffic")), .draftReview,
            ] { try await daemon.tell(command, number) }
            for _ in 0..<4 {
                try await daemon.tell(.advance(to: nil, reason: "in a test", override: true), number)
            }
            let reviews = ReviewDesk(
                desk: daemon.desk, pool: daemon.pool,
                speeches: ReviewSpeech(language: .de, zone: "Europe/Berlin", pool: daemon.pool))
            // A prompt is one in German as well.
            let refused = await #expect(throws: Problem.self) {
                _ = try await reviews.approve(number, CommandContext(principal: .mia))
            }
            #expect(refused?.kind == .reviewUnfinished)
            let written = ["what_went_well", "what_went_wrong", "lessons"].map {
                EditedSection(id: $0, markdown: "As **typed**.")
            }
            _ = try await reviews.revise(number, sections: written, status: .draft, CommandContext(principal: .ron))
            _ = try await reviews.approve(number, CommandContext(principal: .mia))
            let english = try await reviews.read(number, in: ReviewManner(language: .en, zone: "UTC")).document
            #expect(english.section("cause")?.markdown.contains("| Wann (Europe/Berlin) |") == true)
            #expect(english.section("lessons")?.markdown == "As **typed**.")
            #expect(english.section("durations")?.markdown.contains("| Milestone | Reached (UTC) |") == true)
            #expect(english.head.cause.hasPrefix("Attack, suspected"))
            #expect(english.zoneNote.english.contains("but for what was approved"))
            let german = try await reviews.read(number).document
            #expect(german.section("durations")?.title == "Zeiten")
            #expect(german.zoneNote.text(in: german.speech) == "Alle Zeiten: Europe/Berlin.")
        }
    }

    @Test func `zones are those of the database, and the configuration names one of them`() async throws {
        try await TestDaemon.with { daemon async throws in
            let speech = try await ReviewSpeech(zone: "Europe/Berlin", pool: daemon.pool).speech()
            #expect(speech.zone.name == "Europe/Berlin" && speech.language == .en)
            #expect(speech.zone.offset(at: try #require(Timestamp("2026-07-01T00:00:00Z"))) == 7200)
            #expect(speech.zone.offset(at: try #require(Timestamp("2026-12-01T00:00:00Z"))) == 3600)
            try await ReviewSpeech(zone: "Asia/Kolkata", pool: daemon.pool).check()
            await #expect(throws: ConfigurationError.self) {
                try await ReviewSpeech(zone: "Europe/Atlantis", pool: daemon.pool).check()
            }
        }
    }
}
