import Testing

@testable import IncidentDomain

struct AssessingTests {
    // MARK: Amending

    @Test func `only what differs is recorded`() throws {
        let given = try Given(opening: OpenIncident(title: "T", summary: "S", severity: .sev2, labels: ["a": "1"]))
        let same = IncidentAmendment(
            title: "T", summary: "S", severity: .sev2, labels: ["a": "1"], startedAt: Given.start)
        #expect(given.when(.amend(same)) == .nothing)
        #expect(given.when(.amend(IncidentAmendment())) == .nothing)
        let changed = IncidentAmendment(title: "U", summary: "S", severity: .sev1, labels: [:])
        #expect(
            given.when(.amend(changed))
                == .events([
                    IncidentDescribed(title: "U", labels: [:]),
                    SeveritySet(severity: .sev1, previous: .sev2),
                ]))
        #expect(try given.and(.amend(changed)).incident.labels.isEmpty)
    }

    @Test func `the first severity is any responder's, another one a commander's, the rest is not`() throws {
        let given = try Given()
        #expect(given.when(.set(.sev1), by: .rita).isAccepted)
        let said = try given.and(.set(.sev1), by: .rita)
        #expect(said.when(.set(.sev2), by: .rita).code == "role-required")
        #expect(said.when(.set(.sev2), by: .carla).isAccepted)
        #expect(said.when(.set(.sev1), by: .rita) == .nothing)
        #expect(said.when(.amend(IncidentAmendment(title: "U")), by: .rita).isAccepted)
    }

    @Test func `what alerts said of the severity is nobody's word yet`() throws {
        let said = AlertsSay(severity: .sev3)
        let given = try Given().and(
            .attachAlerts([AlertMention(id: "a", title: "Errors", component: nil)], saying: said))
        #expect(given.incident.severity == .sev3 && given.incident.severityOrigin == .alert)
        let taken = try given.and(.set(.sev3), by: .rita)
        #expect(taken.incident.severityOrigin != .alert)
        #expect(given.when(.set(.sev2), by: .rita).isAccepted)
        #expect(taken.when(.set(.sev2), by: .rita).code == "role-required")
    }

    @Test func `a corrected start moves every duration, and never behind a clock`() throws {
        let given = try Given().and(.acknowledge, at: clock("10:00:20"))
        func correct(_ start: Timestamp) -> IncidentCommand { .amend(IncidentAmendment(startedAt: start)) }
        #expect(
            given.when(correct(clock("09:58")))
                == .events([StartCorrected(startedAt: clock("09:58"), previous: Given.start)]))
        let corrected = try given.and(correct(clock("09:58"))).incident
        #expect(corrected.times.timeToDetect == 120)
        #expect(corrected.times.timeToAcknowledge == 140)
        #expect(given.when(correct(clock("10:00:01"))).field == "/started_at", "it was detected at 10:00")
        #expect(given.when(correct(clock("10:30"))).field == "/started_at")
    }

    @Test func `an acknowledgement before the detection bounds the start as well`() throws {
        let given = try Given().and(.amend(IncidentAmendment(startedAt: clock("09:30"))))
            .and(.acknowledge, at: clock("09:45"))
        #expect(given.when(.amend(IncidentAmendment(startedAt: clock("09:45")))).isAccepted)
        guard case .refused(let refusal) = given.when(.amend(IncidentAmendment(startedAt: clock("09:46")))) else {
            Issue.record("not refused")
            return
        }
        #expect(refusal.description.contains("was acknowledged (2026-11-22T09:45:00.000Z)"))
    }

    @Test func `an earlier start and what happened after it come in one command`() throws {
        let given = try Given()
        let amendment = IncidentAmendment(startedAt: clock("09:30"))
        #expect(given.when(.amend(amendment), at: clock("09:40")).isAccepted)
        #expect(given.when(.amend(amendment), at: clock("09:20")).field == "/occurred_at")
        #expect(given.when(.amend(IncidentAmendment(title: "U")), at: clock("09:40")).field == "/occurred_at")
    }

    // MARK: The cause

    @Test(arguments: CauseCategory.allCases, CauseSubcategory.allCases)
    func `a subcategory goes with its own category only`(
        _ category: CauseCategory, _ subcategory: CauseSubcategory
    ) throws {
        let cause = CauseHypothesis(category: category, subcategory: subcategory, evidence: "graphs")
        let answer = try Given().when(.stateCause(cause))
        if category.subcategories.contains(subcategory) {
            #expect(answer == .events([CauseStated(cause)]))
        } else {
            #expect(answer.field == "/subcategory")
        }
    }

    @Test func `every subcategory has exactly one category, and every cause a playbook`() {
        #expect(
            CauseCategory.allCases.flatMap(\.subcategories).sorted { $0.rawValue < $1.rawValue }
                == CauseSubcategory.allCases.sorted { $0.rawValue < $1.rawValue })
        for category in CauseCategory.allCases {
            for subcategory in category.subcategories.map(Optional.some) + [nil] {
                let kinds = Playbook.suggestions(for: CauseHypothesis(category: category, subcategory: subcategory))
                    .map(\.kind)
                #expect(!kinds.isEmpty)
                #expect(Set(kinds).count == kinds.count, "\(category): \(kinds)")
            }
        }
    }

    @Test func `not knowing needs a reason`() throws {
        let given = try Given()
        #expect(given.when(.stateCause(CauseHypothesis(category: .unknown))).field == "/evidence")
        #expect(given.when(.stateCause(CauseHypothesis(category: .unknown, evidence: ""))).field == "/evidence")
        #expect(given.when(.stateCause(CauseHypothesis(category: .unknown, evidence: "no logs yet"))).isAccepted)
    }

    @Test func `the cause is the newest statement that was not refuted since`() throws {
        func state(_ subcategory: CauseSubcategory?, _ confidence: CauseConfidence) -> IncidentCommand {
            .stateCause(CauseHypothesis(category: .technical, subcategory: subcategory, confidence: confidence))
        }
        let given = try Given(state(.capacity, .suspected), state(.databaseFault, .suspected))
        #expect(given.incident.cause?.subcategory == .databaseFault)
        let refuted = try given.and(state(.databaseFault, .refuted))
        #expect(refuted.incident.cause?.subcategory == .capacity)
        #expect(try refuted.and(state(nil, .refuted)).incident.cause == nil)
        #expect(try refuted.and(state(.databaseFault, .confirmed)).incident.cause?.subcategory == .databaseFault)
        #expect(try refuted.and(state(nil, .refuted), state(nil, .suspected)).incident.cause?.confidence == .suspected)
        #expect(refuted.incident.hypotheses.count == 3, "the history of the hypotheses is kept")
        #expect(given.when(state(.databaseFault, .suspected)) == .nothing)
        #expect(given.when(state(.capacity, .suspected)).isAccepted, "it is the newest again")
    }

    // MARK: Roles, audiences, tasks, updates, notes

    @Test func `a role passes from one person to another`() throws {
        let given = try Given(.assignRole(.scribe, person: "Sam"))
        #expect(given.when(.assignRole(.scribe, person: "Sam"), by: .rita) == .nothing)
        #expect(
            given.when(.assignRole(.scribe, person: "Sue"), by: .rita)
                == .events([RoleAssigned(role: .scribe, person: "Sue", previous: "Sam")]))
        #expect(try given.and(.assignRole(.scribe, person: "Sue")).incident.roles == [.scribe: "Sue"])
    }

    @Test func `an audience has one impact, the newest`() throws {
        let first = AudienceImpact(audience: .users, description: "slow", people: 10)
        let second = AudienceImpact(audience: .users, description: "down", people: 1000)
        let other = AudienceImpact(audience: .creators, description: "late")
        let given = try Given(.setAudience(first), .setAudience(other), .setAudience(second))
        #expect(Set(given.incident.audiences) == [other, second])
        #expect(given.when(.setAudience(second)) == .nothing)
        #expect(given.when(.setAudience(first)).isAccepted)
    }

    @Test func `a task is added, changed and done, and only changes are recorded`() throws {
        let given = try Given(.addTask(text: "Call", owner: nil), .addTask(text: "Write", owner: "Olaf"))
        #expect(given.incident.tasks.map(\.id) == [1, 2])
        #expect(given.when(.changeTask(id: 3, text: nil, owner: nil, done: true)).code == "not-found")
        #expect(given.when(.changeTask(id: 2, text: "Write", owner: "Olaf", done: false)) == .nothing)
        #expect(
            given.when(.changeTask(id: 1, text: "Call", owner: "Rita", done: true))
                == .events([TaskChanged(id: 1, owner: "Rita", done: true)]))
        let done = try given.and(.changeTask(id: 1, text: nil, owner: "Rita", done: true)).incident.tasks[0]
        #expect(done == IncidentTask(id: 1, text: "Call", owner: "Rita", done: true, entry: 2))
    }

    @Test func `only a commander speaks to the outside`() throws {
        func update(_ audience: UpdateAudience, eta: Timestamp? = nil) -> IncidentCommand {
            .postUpdate(UpdateContent(audience: audience, body: "We work on it", eta: eta, steps: ["Reload"]))
        }
        let given = try Given()
        #expect(given.when(update(.staff), by: .rita).isAccepted)
        #expect(given.when(update(.users), by: .rita).code == "role-required")
        let told = try given.and(update(.users, eta: clock("11:00")), update(.users))
        #expect(told.incident.updates == 2)
        #expect(told.incident.eta == clock("11:00"), "an update without a time leaves the one that was told")
    }

    @Test func `the same note twice is two notes`() throws {
        let given = try Given(.note("restarted"))
        #expect(given.when(.note("restarted")).isAccepted)
        #expect(
            given.when(.addNote(text: "k", key: true))
                == .events([NoteAdded(text: "k", key: true, number: 2)]))
    }
}

struct ImpactTests {
    private func set(
        _ component: String, _ level: ImpactLevel = .majorOutage, in regions: [String] = [], from start: String? = nil,
        to end: String? = nil
    ) -> IncidentCommand {
        .setImpact(
            ComponentImpact(
                component: component, impact: level, regions: regions, startedAt: start.map(clock),
                endedAt: end.map(clock)))
    }

    @Test func `a component that the catalog does not know is refused by name`() throws {
        let answer = try Given().when(.hit("fed"))
        #expect(answer.field == "/component")
        guard case .refused(let refusal) = answer else { return }
        #expect(refusal.description.contains("No component fed"))
    }

    @Test func `what left the catalog can still be brought to an end`() throws {
        var given = try Given(.hit("feed"))
        given.graph = .empty
        #expect(given.when(set("feed", .majorOutage, to: "10:01")).isAccepted)
        #expect(given.when(.hit("auth")).field == "/component")
    }

    @Test func `regions are those in which the component runs, or anything when it names none`() throws {
        let given = try Given()
        #expect(given.when(set("upload", in: ["eu-west", "us-east"])).isAccepted)
        #expect(given.when(set("upload", in: ["eu-west", "mars"])).field == "/regions")
        #expect(given.when(set("feed", in: ["mars"])).isAccepted)
    }

    @Test func `an impact ends after it began, and neither is in the future`() throws {
        let given = try Given()
        #expect(given.when(set("feed", from: "09:59", to: "10:00")).isAccepted)
        #expect(given.when(set("feed", from: "10:01", to: "10:00")).field == "/ended_at")
        #expect(given.when(set("feed", to: "09:59")).field == "/ended_at", "the incident began at 10:00")
        #expect(given.when(set("feed", from: "10:02")).field == "/started_at")
        #expect(given.when(set("feed", to: "10:02")).field == "/ended_at")
    }

    @Test func `the same impact again is nothing, another one replaces it`() throws {
        let given = try Given(.hit("feed", .degraded))
        #expect(given.when(.hit("feed", .degraded)) == .nothing)
        #expect(
            try given.and(.hit("feed")).incident.impacts == [ComponentImpact(component: "feed", impact: .majorOutage)])
        #expect(try given.and(.hit("feed")).incident.steps.count == 1)
    }

    @Test func `harm has a step to be restored, and nothing else has`() throws {
        let given = try Given(
            .hit("feed"), .hit("auth", .degraded), .hit("archive", .maintenance), .hit("upload", .none))
        #expect(given.incident.steps.map(\.component) == ["feed", "auth"])
        #expect(given.incident.unrestored == ["auth", "feed"])
        #expect(try given.and(.hit("feed", .none)).incident.steps.map(\.component) == ["auth"])
        #expect(try given.and(set("feed", to: "10:03")).incident.steps.map(\.component) == ["auth"])
        #expect(try given.and(.removeImpact(component: "feed")).incident.steps.map(\.component) == ["auth"])
        #expect(try given.and(.removeImpact(component: "feed"), .hit("feed")).incident.unrestored == ["auth", "feed"])
    }

    @Test func `removing what is not there is nothing`() throws {
        #expect(try Given().when(.removeImpact(component: "feed")) == .nothing)
    }

    @Test(arguments: Phase.open) func `nothing breaks anew during the review, but what was wrong can be put right`(
        _ phase: Phase
    ) throws {
        let given = try Given.incident(in: phase)
        let breaks = given.when(.hit("auth", .degraded))
        if phase == .review {
            #expect(breaks == .refused(.wrongPhase(.review, wanted: [.detect, .assess, .mitigate, .restore])))
        } else {
            #expect(breaks.isAccepted)
        }
        #expect(given.when(set("auth", .degraded, to: "10:01")).isAccepted)
        #expect(given.when(.hit("auth", .none)).isAccepted)
    }

    @Test func `a restored component whose impact is set again has to be restored again`() throws {
        let given = try Given.restoring("feed").and(.start("feed"), .verify("feed"))
        let impact = ComponentImpact(component: "feed", impact: .degraded)
        #expect(
            given.when(.setImpact(impact))
                == .events([
                    ImpactSet(impact),
                    StepRegressed(component: "feed", reason: "its impact was set again"),
                ]))
        let again = try given.and(.setImpact(impact)).incident
        #expect(again.unrestored == ["feed"])
        #expect(again.step("feed")?.state == .regressed)
        let corrected = ComponentImpact(component: "feed", impact: .degraded, endedAt: clock("10:05"))
        #expect(
            given.when(.setImpact(corrected)) == .events([ImpactSet(corrected)]), "a past impact is only described")
    }

    @Test func `work under way on what has recovered is brought to its end, and keeps the end that was told`() throws {
        let given = try Given.restoring("upload").and(.start("upload")).and(set("upload", to: "10:05"))
        #expect(given.incident.step("upload")?.state == .restoring)
        let verified = try given.and(.verify("upload"))
        #expect(verified.incident.step("upload")?.state == .verifying)
        let soaked = try verified.and(.note("waiting"), .note("still waiting"), .deadlinePassed)
        #expect(soaked.incident.step("upload")?.state == .restored)
        #expect(soaked.incident.impacts.first?.endedAt == clock("10:05"))
        let failed = try verified.and(.failStep(component: "upload", reason: "errors"))
        #expect(failed.incident.unrestored == ["upload"], "what fails is still down")
    }

    @Test func `what was never harmed needs no restoring, however far that is`() throws {
        let given = try Given.restoring("feed", "archive").and(.start("feed"))
        let steps = try given.and(.hit("feed", .none)).incident.steps
        #expect(steps.map(\.component) == ["archive"])
    }

    @Test func `a role is taken away, by anybody who may give it`() throws {
        let given = try Given(.assignRole(.commander, person: "Mia"))
        let remove = IncidentCommand.removeRole(.commander, reason: "goes home")
        #expect(
            given.when(remove, by: .rita)
                == .events([RoleRemoved(role: .commander, previous: "Mia", reason: "goes home")]))
        let removed = try given.and(remove)
        #expect(removed.incident.roles.isEmpty && removed.when(remove) == .nothing)
        #expect(removed.incident.unmet(.commanderAssigned) != nil)
        #expect(removed.timeline.last?.event.sentence == "Nobody is commander (was Mia). Reason: goes home.")
        #expect(try Given.incident(in: .closed).when(remove).code == "wrong-phase")
        #expect(given.later("11:00").when(remove, at: clock("10:00")).field == "/occurred_at")
    }

    @Test func `an audience that was entered by mistake is removed`() throws {
        let given = try Given(
            .setAudience(AudienceImpact(audience: .users, description: "Many", people: 12)),
            .setAudience(AudienceImpact(audience: .creators, description: "Some")))
        let remove = IncidentCommand.removeAudience(.users, reason: "another incident")
        let removed = try given.and(remove)
        #expect(removed.incident.audiences.map(\.audience) == [.creators] && removed.when(remove) == .nothing)
        #expect(removed.review.head.people == nil && given.review.head.people != nil)
        #expect(removed.timeline.last?.event.sentence == "Impact on users removed. Reason: another incident.")
        let right = IncidentCommand.setAudience(AudienceImpact(audience: .users, description: "Few", people: 2))
        let again = try removed.later("11:00").and(right, at: clock("10:30"))
        #expect(again.incident.audiences.last?.people == 2, "what is right may be of an earlier time")
        #expect(given.later("11:00").when(remove, at: clock("10:00")).field == "/occurred_at")
    }

    @Test func `what a person says of the severity goes before what alerts said, whenever that was`() throws {
        let said = AlertsSay(severity: .sev3)
        let alerts = [AlertMention(id: "a", title: "Errors", component: "feed")]
        let given = try Given().later("11:00").and(.attachAlerts(alerts, saying: said))
        #expect(given.incident.severity == .sev3 && given.incident.severityOrigin == .alert)
        let person = try given.and([.set(.sev1)], at: clock("10:10"))
        #expect(person.incident.severity == .sev1)
        // Of what people say, the newest by its time counts.
        let earlier = try person.and([.set(.sev4)], at: clock("10:05"))
        #expect(earlier.incident.severity == .sev1)
    }
}
