import Testing

@testable import IncidentDomain

struct RestoringTests {
    private static let twoMinutes = StepEstimate(expectedSeconds: 120, soakSeconds: 0, measured: nil)

    private func ramp(_ component: String, _ percent: Int) -> IncidentCommand {
        .rampStep(component: component, percent: percent)
    }
    private func fail(_ component: String) -> IncidentCommand { .failStep(component: component, reason: "errors") }
    private func force(_ component: String, _ reason: String? = "no time") -> IncidentCommand {
        .startStep(component: component, override: false, without: ["features"], reason: reason)
    }

    @Test func `a component is started, ramped, verified and restored, and its impact ends`() throws {
        let given = try Given.restoring("feed")
        #expect(
            given.when(.start("feed"))
                == .events([StepStarted(component: "feed", overridden: [], estimate: Self.twoMinutes)]))
        let started = try given.and(.start("feed"))
        #expect(started.when(ramp("feed", 10)) == .events([StepRamped(component: "feed", percent: 10)]))
        let ramped = try started.and(ramp("feed", 10))
        #expect(ramped.when(ramp("feed", 10)) == .nothing)
        #expect(ramped.incident.step("feed")?.rampPercent == 10)
        #expect(ramped.when(.verify("feed")) == .events([StepRestored(component: "feed")]))
        let restored = try ramped.and(.verify("feed"), .advance)
        #expect(restored.incident.phase == .review)
        #expect(restored.incident.impacts[0].endedAt == restored.incident.step("feed")?.restoredAt)
    }

    @Test func `nothing is restored in another phase, or that was not hit`() throws {
        for phase in Phase.allCases where phase != .restore {
            #expect(
                try Given.incident(in: phase).when(.start("feed")) == .refused(.wrongPhase(phase, wanted: [.restore])))
        }
        #expect(try Given.restoring("feed").when(.start("auth")).code == "not-found")
    }

    /// The answers to start, ramp, verify, fail and waive, in each state of the step.
    @Test(arguments: [
        ("waiting", [nil, "step-state", "step-state", "step-state", nil]),
        ("restoring", ["nothing", nil, nil, nil, nil]),
        ("verifying", ["step-state", "step-state", "nothing", nil, nil]),
        ("restored", ["step-state", "step-state", "nothing", "step-state", "step-state"]),
        ("waived", [nil, "step-state", "step-state", "step-state", "nothing"]),
        ("regressed", [nil, "step-state", "step-state", "step-state", nil]),
    ])
    func `each state of a step has its own ways on`(_ state: String, _ expected: [String?]) throws {
        let ways: [String: [IncidentCommand]] = [
            "waiting": [], "restoring": [.start("upload")], "verifying": [.start("upload"), .verify("upload")],
            "restored": [.start("upload"), .verify("upload"), .note("a"), .note("b"), .deadlinePassed],
            "waived": [.waive("upload")], "regressed": [.start("upload"), .verify("upload"), .fires("upload")],
        ]
        let given = try Given.restoring("upload").and(try #require(ways[state]))
        #expect(given.incident.step("upload")?.state.rawValue == state)
        let commands = [.start("upload"), ramp("upload", 50), .verify("upload"), fail("upload"), .waive("upload")]
        let answers = commands.map { given.when($0) }.map { $0 == .nothing ? "nothing" : $0.code }
        #expect(answers == expected)
    }

    @Test func `what fails waits again, counted, and starts anew`() throws {
        let given = try Given.restoring("upload").and(.start("upload"), ramp("upload", 50), fail("upload"))
        let step = try #require(given.incident.step("upload"))
        #expect(step.state == .waiting)
        #expect(step.failures == 1)
        #expect(step.rampPercent == nil)
        #expect(given.when(.start("upload")).isAccepted)
    }

    @Test func `a waiver is a commander's, counts as done, and is taken back by starting`() throws {
        let given = try Given.restoring("feed")
        #expect(given.when(.waive("feed"), by: .rita).code == "role-required")
        let waived = try given.and(.waive("feed"))
        #expect(waived.incident.unrestored.isEmpty)
        #expect(waived.when(.advance).isAccepted)
        let started = try waived.and(.start("feed"))
        #expect(started.incident.unrestored == ["feed"])
        #expect(started.when(.advance).code == "requirements-unmet")
    }

    @Test func `taking a waiver back waits for the same gates`() throws {
        let given = try Given.restoring("ranking", "features").and(.waive("ranking"))
        #expect(given.when(.start("ranking")).code == "gate-closed")
    }

    @Test func `an alert on a waived component blocks nothing`() throws {
        let given = try Given.restoring("feed").and(.waive("feed"), .fires("feed"))
        #expect(given.incident.step("feed")?.state == .waived)
        #expect(given.when(.advance).isAccepted)
    }

    @Test func `a closed gate is forced by a commander who names it, with a reason, and that is recorded`() throws {
        let given = try Given.restoring("ranking", "features")
        guard case .refused(.gateClosed("ranking", _, let gates, _)) = given.when(.start("ranking")) else {
            Issue.record("not refused")
            return
        }
        #expect(gates.map(\.reason) == ["waits for features (ready)"])
        #expect(given.when(force("ranking"), by: .rita).code == "role-required")
        #expect(given.when(force("ranking", nil)).field == "/reason")
        let all = IncidentCommand.startStep(component: "ranking", override: true, reason: "no time")
        #expect(given.when(all).code == "gate-closed", "to pass over waves passes over no dependency")
        let forced = StepStarted(
            component: "ranking", overridden: ["waits for features (ready)"], reason: "no time",
            estimate: StepEstimate(expectedSeconds: 60, soakSeconds: 0, measured: nil), without: ["features"])
        #expect(given.when(force("ranking")) == .events([forced]))
    }

    // MARK: Soaking

    @Test func `the soak is the component's own, else that of the tier it counts as`() throws {
        let soak = SoakPolicy(secondsByTier: [0: 600, 1: 300])
        func soakUntil(_ component: String, _ others: String...) throws -> Answer {
            try Given(soak: soak).and(Way.toRestore([component] + others)).and(.start(component))
                .later("10:30").when(.verify(component))
        }
        func verifying(_ component: String, _ time: String) -> Answer {
            .events([StepVerifying(component: component, soakUntil: clock(time))])
        }
        #expect(try soakUntil("upload") == verifying("upload", "10:32"))
        #expect(try soakUntil("user-db", "auth") == verifying("user-db", "10:40"), "sign-in cannot work without it")
        #expect(try soakUntil("user-db") == .events([StepRestored(component: "user-db")]), "sign-in works")
        #expect(try soakUntil("features", "ranking", "feed") == verifying("features", "10:35"))
        #expect(try soakUntil("archive") == .events([StepRestored(component: "archive")]))
    }

    @Test func `when the soak has ended the component is restored, and not before`() throws {
        let given = try Given.restoring("upload").and(.start("upload")).and(.verify("upload"), at: clock("10:10"))
        #expect(given.incident.nextDeadline == clock("10:12"))
        #expect(given.when(.deadlinePassed, by: .daemon, at: clock("10:11:59.999")) == .nothing)
        let restored = Answer.events([StepRestored(component: "upload")])
        #expect(given.when(.deadlinePassed, by: .daemon, at: clock("10:12")) == restored)
        let later = try given.and(.note("a"), .note("b")).and(.deadlinePassed, at: clock("10:12"))
        #expect(later.incident.nextDeadline == nil)
        #expect(later.incident.step("upload")?.restoredAt == clock("10:12"))
        #expect(later.when(.deadlinePassed, by: .daemon) == .nothing)
    }

    @Test func `several soaks end one by one`() throws {
        let soak = SoakPolicy(secondsByTier: [3: 60])
        let given = try Given.restoring("upload", "archive", soak: soak).and(.start("upload"), .verify("upload"))
        let both = try given.and(.start("archive"), .verify("archive"))
        #expect(both.incident.steps.compactMap(\.soakUntil).count == 2)
        #expect(both.incident.nextDeadline == both.incident.step("upload")?.soakUntil)
        let first = try both.and(.deadlinePassed, at: both.incident.nextDeadline)
        #expect(first.incident.steps.map(\.state) == [.restored, .verifying])
        #expect(first.incident.nextDeadline == first.incident.step("archive")?.soakUntil)
    }

    @Test func `nothing is due while the incident is closed, and it goes on when that is reopened`() throws {
        let closed = try Given.restoring("upload").and(.start("upload"), .verify("upload"), .force(), .force())
        #expect(closed.incident.phase == .closed)
        #expect(closed.incident.nextDeadline == nil)
        #expect(closed.when(.deadlinePassed, by: .daemon) == .nothing)
        let reopened = try closed.and(.revert(to: .mitigate, reason: "it is back"))
        #expect(reopened.incident.nextDeadline == closed.incident.step("upload")?.soakUntil)
        #expect(reopened.when(.deadlinePassed, by: .daemon).isAccepted)
    }

    @Test func `an alert during the soak, or after it, takes the component back and closes the gates behind it`() throws
    {
        let verifying = try Given.restoring("upload", "archive").enforcing().and(.start("upload"), .verify("upload"))
        let restored = try verifying.and(.note("a"), .note("b"), .deadlinePassed)
        for given in [verifying, restored] {
            let mention = AlertMention(id: "a-upload", title: "Errors", component: "upload")
            let regressed = StepRegressed(component: "upload", reason: "an alert is firing on it again")
            #expect(
                given.when(.fires("upload"), by: .daemon)
                    == .events([AlertsAttached(AlertBatch([mention])), regressed]))
            let after = try given.and(.fires("upload"))
            #expect(after.incident.nextDeadline == nil)
            #expect(after.incident.unrestored == ["archive", "upload"])
            #expect(after.when(.start("archive")).code == "gate-closed")
            let restarted = try after.and(.start("upload"))
            #expect(restarted.when(.verify("upload")).code == "gate-closed", "the alert still fires")
            #expect(try restarted.and(.clears("upload")).when(.verify("upload")).isAccepted)
        }
    }

    @Test func `an alert on what is being restored changes nothing yet`() throws {
        let given = try Given.restoring("upload").and(.start("upload"))
        #expect(try given.and(.fires("upload")).incident.step("upload")?.state == .restoring)
    }
}
