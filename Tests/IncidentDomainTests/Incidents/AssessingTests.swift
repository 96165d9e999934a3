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

    @Test func `the severity is a commander's, the rest is not`() throws {
        let given = try Given()
        #expect(given.when(.set(.sev1), by: .rita) == .refused(.roleRequired(.commander, to: "set the severity")))
        #expect(given.when(.amend(IncidentAmendment(title: "U")), by: .rita).isAccepted)
        #expect(try given.and(.set(.sev1)).when(.set(.sev1), by: .rita) == .nothing)
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
        #expect(done == IncidentTask(id: 1, text: "Call", owner: "Rita", done: true))
    }

    @Test func `only a commander speaks to the outside`() throws {
        func update(_ audience: String, eta: Timestamp? = nil) -> IncidentCommand {
            .postUpdate(UpdatePosted(audience: audience, body: "We work on it", eta: eta, steps: ["Reload"]))
        }
        let given = try Given()
        #expect(given.when(update("internal"), by: .rita).isAccepted)
        #expect(given.when(update("public"), by: .rita) == .refused(.roleRequired(.commander, to: "publish an update")))
        let told = try given.and(update("public", eta: clock("11:00")), update("public"))
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
