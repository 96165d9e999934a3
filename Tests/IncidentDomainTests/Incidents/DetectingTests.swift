import Testing

@testable import IncidentDomain

struct DetectingTests {
    private func open(_ opening: OpenIncident, at time: Timestamp? = nil, now: Timestamp = Given.start) -> Answer {
        let facts = DecisionFacts(
            principal: .rita, now: now, occurredAt: time, policy: PhasePolicy(), graph: SampleCatalog.graph,
            soak: SoakPolicy())
        do throws(IncidentRefusal) {
            return .events(try Incident.decide(.open(opening), on: nil, facts: facts))
        } catch {
            return .refused(error)
        }
    }

    @Test func `opening says everything that it was given, each as an event of its own`() {
        let impact = ComponentImpact(component: "upload", impact: .degraded, regions: ["eu-west"])
        var inRegions = impact
        inRegions.perRegion = true
        let cause = CauseHypothesis(category: .attack, subcategory: .ddos)
        let opening = OpenIncident(
            title: "Uploads fail", summary: "All of them", severity: .sev1, impacts: [impact], cause: cause,
            startedAt: clock("09:50"), labels: ["team": "media"])
        let opened = IncidentOpened(
            title: "Uploads fail", summary: "All of them", startedAt: clock("09:50"), labels: ["team": "media"],
            origin: "person")
        #expect(
            open(opening)
                == .events([
                    opened, SeveritySet(severity: .sev1), ImpactSet(inRegions), CauseStated(cause),
                ]))
    }

    @Test func `alerts that open an incident are attached to it`() {
        let alerts = [AlertMention(id: "a", title: "Errors", component: "feed")]
        let opened = IncidentOpened(title: "Errors", startedAt: Given.start, labels: [:], origin: "alert")
        #expect(
            open(OpenIncident(title: "Errors", alerts: alerts))
                == .events([opened, AlertsAttached(AlertBatch(alerts, opening: true))]))
    }

    @Test func `what alerts say is kept: pages that help, and the severity with its origin`() throws {
        let alerts = [AlertMention(id: "a", title: "Errors", component: "feed")]
        let runbook = try #require(IncidentLink(.runbook, "https://wiki.example/feed"))
        let said = AlertsSay(links: [runbook], severity: .sev2)
        let opening = OpenIncident(title: "Errors", severity: .sev2, alerts: alerts, said: said)
        let given = try Given(opening: opening)
        #expect(given.incident.links == [runbook] && given.incident.alertSeverity == .sev2)
        #expect(given.incident.severity == .sev2 && given.incident.severityOrigin == .alert)
        // What is known already is not said again.
        #expect(given.when(.attachAlerts(alerts, saying: said)) == .events([AlertsAttached(AlertBatch(alerts))]))
        let other = try #require(IncidentLink(.dashboard, "https://grafana.example/d/1"))
        let worse = AlertsSay(links: [runbook, other], severity: .sev1)
        #expect(
            given.when(.attachAlerts(alerts, saying: worse))
                == .events([
                    AlertsAttached(AlertBatch(alerts, saying: AlertsSay(links: [other], severity: .sev1))),
                    SeveritySet(severity: .sev1, previous: .sev2, origin: .alert),
                ]))
        let milder = try given.and(.attachAlerts(alerts, saying: AlertsSay(severity: .sev4)))
        #expect(milder.incident.severity == .sev2, "alerts never lower it")
    }

    @Test func `alerts set a severity that nobody set, and never one that a person set`() throws {
        let alerts = [AlertMention(id: "a", title: "Errors", component: "feed")]
        let worst = IncidentCommand.attachAlerts(alerts, saying: AlertsSay(severity: .sev1))
        let fresh = try Given().and(worst).incident
        #expect(fresh.severity == .sev1 && fresh.severityOrigin == .alert)
        let set = try Given(.amend(IncidentAmendment(severity: .sev3)), worst).incident
        #expect(set.severity == .sev3 && set.severityOrigin == nil && set.alertSeverity == .sev1)
        let taken = try Given(worst, .amend(IncidentAmendment(severity: .sev1)))
        #expect(taken.incident.severity == .sev1 && taken.incident.severityOrigin == nil, "a person says the same")
        #expect(taken.when(.amend(IncidentAmendment(severity: .sev1))) == .events([]))
    }

    @Test func `an incident keeps so many links and no more`() throws {
        let alerts = [AlertMention(id: "a", title: "Errors", component: "feed")]
        let links = (0..<50).compactMap { IncidentLink(.related, "https://wiki.example/\($0)") }
        let given = try Given(.attachAlerts(alerts, saying: AlertsSay(links: Array(links.prefix(15)))))
            .and(.attachAlerts(alerts, saying: AlertsSay(links: links)))
        #expect(given.incident.links == Array(links.prefix(IncidentLimits.links)))
    }

    @Test func `an incident is opened with what holds, or not at all`() {
        #expect(open(OpenIncident(title: "T", startedAt: clock("10:01"))).field == "/started_at")
        #expect(open(OpenIncident(title: "T"), at: clock("10:01")).field == "/occurred_at")
        #expect(open(OpenIncident(title: "T", startedAt: clock("09:30")), at: clock("09:20")).field == "/started_at")
        let impacts = [
            ComponentImpact(component: "feed", impact: .degraded),
            ComponentImpact(component: "nope", impact: .degraded),
        ]
        #expect(open(OpenIncident(title: "T", impacts: impacts)).field == "/components/1/component")
        let cause = CauseHypothesis(category: .maintenance, subcategory: .dns)
        #expect(open(OpenIncident(title: "T", cause: cause)).field == "/cause/subcategory")
    }

    @Test func `a past incident is opened with the time at which it was detected`() throws {
        guard case .events(let events) = open(OpenIncident(title: "T"), at: clock("09:20")) else {
            Issue.record("refused")
            return
        }
        let recorded = Given.record(events, after: 0, by: .rita, at: clock("09:20"), recordedAt: Given.start)
        let incident = try #require(Given.replay(recorded))
        #expect(incident.times == IncidentTimes(startedAt: clock("09:20"), detectedAt: clock("09:20")))
    }

    @Test func `a clock that is seconds ahead means now, and shuts nobody out of the incident`() throws {
        let opening = OpenIncident(title: "T", startedAt: clock("10:00:04"))
        guard case .events(let events) = open(opening, at: clock("10:00:03")) else {
            Issue.record("refused")
            return
        }
        let recorded = Given.record(events, after: 0, by: .rita, at: clock("10:00:03"), recordedAt: Given.start)
        let incident = try #require(Given.replay(recorded))
        #expect(incident.times == IncidentTimes(startedAt: Given.start, detectedAt: Given.start))
        let facts = DecisionFacts(
            principal: .rita, now: clock("10:00:01"), policy: PhasePolicy(), graph: .empty, soak: SoakPolicy())
        let acknowledging = try Incident.decide(.acknowledge, on: incident, facts: facts)
        #expect(Answer.events(acknowledging) == .events([Acknowledged()]))
    }

    @Test func `nothing happens in the future, or before the incident started`() throws {
        let given = try Given()
        #expect(given.when(.acknowledge, at: given.now.adding(seconds: 5)).isAccepted)
        #expect(given.when(.acknowledge, at: given.now.adding(seconds: 5.001)).field == "/occurred_at")
        #expect(given.when(.acknowledge, at: Given.start).isAccepted)
        #expect(given.when(.acknowledge, at: clock("09:59:59.999")).field == "/occurred_at")
        #expect(given.when(.note("old"), at: .earliest).field == "/occurred_at")
        #expect(given.when(.note("new"), at: .latest).field == "/occurred_at")
    }

    @Test func `a database clock that steps back shuts nobody out`() throws {
        var given = try Given()
        given.now = Given.start.adding(seconds: -0.25)
        #expect(given.when(.acknowledge).isAccepted)
        #expect(given.when(.acknowledge, at: given.now.adding(seconds: -1)).field == "/occurred_at")
    }

    @Test func `acknowledging twice is no error, not even when the incident is closed`() throws {
        let given = try Given()
        #expect(given.when(.acknowledge) == .events([Acknowledged()]))
        #expect(try given.and(.acknowledge).when(.acknowledge) == .nothing)
        #expect(try Given.incident(in: .closed).when(.acknowledge) == .nothing)
        #expect(try Given.incident(in: .dismissed).when(.acknowledge).code == "wrong-phase")
    }

    @Test(arguments: Phase.allCases) func `a false alarm is dismissed while it is detected or assessed`(
        _ phase: Phase
    ) throws {
        let answer = try Given.incident(in: phase).when(.dismiss(reason: "a test"), by: .rita)
        switch phase {
        case .detect, .assess: #expect(answer == .events([IncidentDismissed(reason: "a test", from: phase)]))
        case .dismissed: #expect(answer == .nothing)
        case .mitigate, .restore, .review, .closed, .merged:
            #expect(answer == .refused(.wrongPhase(phase, wanted: [.detect, .assess])))
        }
    }

    @Test func `what does not exist cannot be changed, and what exists cannot be opened`() throws {
        let given = try Given()
        let facts = DecisionFacts(
            principal: .carla, now: given.now, policy: PhasePolicy(), graph: .empty, soak: SoakPolicy())
        #expect(throws: IncidentRefusal.notFound("No such incident.")) {
            try Incident.decide(.acknowledge, on: nil, facts: facts)
        }
        #expect(given.when(.open(OpenIncident(title: "again"))).code == "invalid-value")
    }

    @Test func `a timeline that does not begin with its opening gives no incident`() {
        let events = Given.record(
            [Acknowledged()], after: 0, by: .rita, at: Given.start, recordedAt: Given.start)
        #expect(Given.replay(events) == nil)
    }

    /// Every command that people give, so that none is forgotten below.
    static let commands: [IncidentCommand] = [
        .amend(IncidentAmendment(title: "new")), .advance, .dismiss(reason: "no"), .merge(into: 7, reason: nil),
        .technical, .assignRole(.scribe, person: "Sam"), .hit("feed"), .hit("feed", .none),
        .removeImpact(component: "feed"), .setAudience(AudienceImpact(audience: .users, description: "d")),
        .note("text"),
        .mitigate(.running), .changeMitigation(id: 1, MitigationPatch(state: .running)),
        .addTask(text: "t", owner: nil),
        .changeTask(id: 1, text: "t", owner: nil, done: nil), .start("feed"),
        .rampStep(component: "feed", percent: 10), .verify("feed"), .waive("feed"),
        .failStep(component: "feed", reason: nil),
        .postUpdate(UpdateContent(audience: .staff, body: "b")),
        .draftUpdate(UpdateRequest(UpdateContent(audience: .staff, body: "b"))), .setEta(clock("23:00"), reason: "r"),
        .draftReview,
        .reviseReview(sections: [], status: .draft), .fires("feed"),
    ]

    /// Those that go on after closing.
    static let written: [IncidentCommand] = [
        .amend(IncidentAmendment(title: "new")), .technical, .note("text"), .draftReview,
        .reviseReview(sections: [], status: .draft),
    ]

    @Test(arguments: commands) func `a closed incident refuses all that is not written down afterwards`(
        _ command: IncidentCommand
    ) throws {
        let answer = try Given.incident(in: .closed).when(command)
        guard Self.written.contains(command) else {
            #expect(answer.code == "wrong-phase")
            return
        }
        guard case .events(let events) = answer else {
            Issue.record("refused: \(answer)")
            return
        }
        #expect(events.allSatisfy { $0.isAfterwards })
    }

    @Test func `severity and start are not changed after closing`() throws {
        let closed = try Given.incident(in: .closed)
        #expect(closed.when(.set(.sev4)).code == "wrong-phase")
        #expect(closed.when(.amend(IncidentAmendment(startedAt: clock("09:00")))).field == "/started_at")
    }

    @Test func `a review that is changed after closing is approved again, and was reviewed when it was`() throws {
        let closed = try Given.incident(in: .closed)
        let sections = [EditedSection(id: "lessons", title: "Lessons", markdown: "Ask earlier.")]
        let revised = try closed.and(.reviseReview(sections: sections, status: nil))
        #expect(revised.incident.review?.status == .draft)
        let approved = try revised.and(.approveReview(sections: sections))
        #expect(approved.incident.review?.status == .approved && approved.incident.phase == .closed)
        #expect(approved.incident.times == closed.incident.times)
        #expect(approved.timeline.last?.event.sentence.hasPrefix("After closing: ") == true)
    }

    @Test(arguments: commands) func `a merged or dismissed incident refuses it too`(_ command: IncidentCommand) throws {
        for phase in [Phase.merged, .dismissed] {
            let answer = try Given.incident(in: phase).when(command)
            switch (phase, command) {
            case (.dismissed, .dismiss), (.merged, .merge): #expect(answer == .nothing)
            default: #expect(answer.code == "wrong-phase")
            }
        }
    }
}
