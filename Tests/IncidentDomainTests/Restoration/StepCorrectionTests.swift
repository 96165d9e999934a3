import Testing

@testable import IncidentDomain

/// What was said of steps by mistake is mended: it counts as if it had not been said.
struct StepCorrectionTests {
    private static func undo(_ component: String) -> IncidentCommand {
        .undoStep(component: component, reason: "wrong component")
    }

    private static func correct(
        _ component: String, started: String? = nil, restored: String? = nil
    ) -> IncidentCommand {
        .correctStep(
            component: component, startedAt: started.map(clock), restoredAt: restored.map(clock),
            reason: "entered afterwards")
    }

    private static func history(_ given: Given) -> ImpactHistory {
        ImpactHistory(given.incident)
    }

    @Test func `a waiver is taken back while a dependency is down, by a commander`() throws {
        let waived = try Given.restoring("ranking", "features").and(.waive("ranking"))
        #expect(waived.when(.start("ranking")).code == "gate-closed")
        #expect(waived.when(Self.undo("ranking"), by: .rita).code == "role-required")
        let back = try waived.and(Self.undo("ranking"))
        #expect(back.incident.step("ranking")?.state == .waiting)
        #expect(back.incident.unrestored == ["features", "ranking"])
        #expect(back.when(Self.undo("ranking")).code == "invalid-value")
    }

    @Test func `a start that took a waiver back is undone to the waiver`() throws {
        let given = try Given.restoring("feed").and(.waive("feed"), .start("feed"), Self.undo("feed"))
        #expect(given.incident.step("feed")?.state == .waived)
    }

    @Test func `what was waived while it was restored is being restored again`() throws {
        let given = try Given.restoring("feed").and(.start("feed"), .waive("feed"), Self.undo("feed"))
        #expect(given.incident.step("feed")?.state == .restoring)
        #expect(given.when(.verify("feed")).isAccepted)
    }

    /// Each state, what undoing leads to, and what it says.
    @Test(
        arguments: [
            ("waiting", [], nil, nil), ("restoring", ["start"], "waiting", "start"),
            ("verifying", ["start", "verify"], "restoring", "verification"),
            ("restored", ["start", "verify", "soak"], "restoring", "restoration"),
            ("waived", ["waive"], "waiting", "waiver"), ("waiting", ["start", "fail"], "restoring", "failure"),
            ("regressed", ["start", "verify", "alert"], "restoring", "regression"),
            ("regressed", ["start", "verify", "soak", "alert", "over"], "restored", "regression"),
            ("restoring", ["start", "verify", "alert", "start"], "regressed", "start"),
        ] as [(String, [String], String?, String?)])
    func `the last thing done to a step is undone`(
        _ state: String, _ way: [String], _ after: String?, _ deed: String?
    ) throws {
        let commands: [String: [IncidentCommand]] = [
            "start": [.start("upload")], "verify": [.verify("upload")], "waive": [.waive("upload")],
            "fail": [.failStep(component: "upload", reason: nil)], "alert": [.fires("upload")],
            "over": [.clears("upload")],
            "soak": [.note("a"), .note("b"), .deadlinePassed],
        ]
        let given = try Given.restoring("upload").and(way.flatMap { commands[$0] ?? [] })
        #expect(given.incident.step("upload")?.state.rawValue == state)
        let answer = given.when(Self.undo("upload"))
        guard let after, let deed = deed.flatMap(StepUndone.Deed.init(rawValue:)) else {
            #expect(answer.code == "invalid-value")
            return
        }
        #expect(answer == .events([StepUndone(component: "upload", undone: deed, reason: "wrong component")]))
        let undone = try given.and(Self.undo("upload"))
        #expect(undone.incident.step("upload")?.state.rawValue == after)
        #expect(undone.when(Self.undo("upload")).isAccepted == ["restoring", "restored"].contains(after))
    }

    @Test func `a component that was said to be back by mistake was down all the time`() throws {
        let wrong = try Given.restoring("feed").and(.start("feed"), .verify("feed"))
        #expect(wrong.incident.impacts[0].endedAt != nil)
        let undone = try wrong.later("10:40").and(Self.undo("feed"))
        #expect(undone.incident.impacts[0].endedAt == nil && undone.incident.step("feed")?.restoredAt == nil)
        #expect(undone.incident.clocks.restoredAt == nil)
        let right = try undone.later("11:00").and(.verify("feed"))
        let stretches = try #require(Self.history(right).stretches["feed"])
        #expect(stretches.count == 1 && stretches[0].end == clock("11:00"))
        let gantt = try #require(
            RestorationGantt.make(
                of: right.incident, timeline: right.timeline, waves: ["feed": 1], planned: [:], asOf: right.now))
        #expect(gantt.rows[0].restoredAt == clock("11:00"))
        #expect(gantt.rows[0].marks.map(\.kind) == [.restored])
    }

    @Test func `a stale alert that took a component down is undone, and nothing of the first restoration is lost`()
        throws
    {
        let back = try Given.restoring("feed").later("10:30").and(.start("feed")).later("10:50").and(.verify("feed"))
        let fallen = try back.later("11:10").and(.fires("feed"))
        #expect(fallen.incident.step("feed")?.state == .regressed && fallen.incident.impacts[0].endedAt == nil)
        #expect(fallen.when(Self.undo("feed")).code == "gate-closed", "the alert still fires")
        let undone = try fallen.later("11:15").and(.clears("feed")).later("11:20").and(Self.undo("feed"))
        let (step, before) = (undone.incident.step("feed"), back.incident.step("feed"))
        #expect(step?.state == .restored && step?.restoredAt == before?.restoredAt && step?.attempts == 1)
        #expect(undone.incident.impacts == back.incident.impacts)
        #expect(undone.incident.clocks.restoredAt == back.incident.clocks.restoredAt)
        #expect(Self.history(undone).stretches["feed"] == Self.history(back).stretches["feed"])
        #expect(undone.timeline.withStepsSetRight.allSatisfy { $0.event.as(StepRegressed.self) == nil })
        #expect(try undone.and(.fires("feed")).incident.step("feed")?.state == .regressed, "a new alert is another one")
    }

    @Test func `a restoration that was none is undone after its alert fires again`() throws {
        let back = try Given.restoring("feed").later("10:30").and(.start("feed")).later("10:40").and(.verify("feed"))
        let fallen = try back.later("11:10").and(.fires("feed"))
        #expect(fallen.incident.step("feed")?.state == .regressed)
        #expect(fallen.when(Self.undo("feed")).code == "gate-closed")
        let never = IncidentCommand.undoStep(component: "feed", restoration: true, reason: "the alert was muted")
        let undone = try fallen.and(never)
        let step = try #require(undone.incident.step("feed"))
        #expect(step.state == .restoring && step.restoredAt == nil && step.startedAt == clock("10:30"))
        #expect(step.attempts == 1 && undone.incident.clocks.restoredAt == nil)
        #expect(Self.history(undone).stretches["feed"]?.map(\.end) == [nil], "it was down all the time")
        #expect(undone.timeline.undoneSteps.count == 2)
        #expect(try back.and(never).incident.step("feed")?.state == .restoring, "also before")
        let started = try Given.restoring("feed").and(.start("feed"))
        #expect(started.when(never).field == "/restoration")
    }

    @Test func `a component whose impact somebody set again is not restored by undoing that it fell back`() throws {
        let back = try Given.restoring("feed").and(.start("feed"), .verify("feed"))
        let again = try back.later("11:10").and(.hit("feed"))
        #expect(again.incident.step("feed")?.state == .regressed)
        #expect(again.when(Self.undo("feed")).code == "invalid-value")
    }

    @Test func `an end that was said with another level is another one when the restoration is`() throws {
        let wrong = try Given.restoring("feed").and(.start("feed"), .verify("feed"))
        let end = try #require(wrong.incident.impacts[0].endedAt)
        let milder = ComponentImpact(component: "feed", impact: .degraded, endedAt: end)
        let said = try wrong.later("10:40").and(.setImpact(milder))
        let undone = try said.later("10:45").and(Self.undo("feed"))
        #expect(undone.incident.impacts[0].endedAt == nil)
        #expect(Self.history(undone).stretches["feed"]?.map(\.level) == [.degraded])
        #expect(Self.history(undone).stretches["feed"]?.map(\.end) == [nil])
        let corrected = try said.later("10:45").and(Self.correct("feed", restored: "10:39"))
        #expect(Self.history(corrected).stretches["feed"]?.map(\.level) == [.degraded])
        #expect(Self.history(corrected).stretches["feed"]?.map(\.end) == [clock("10:39")])
    }

    @Test func `a restoration before its impact began is undone as every other`() throws {
        let hit = ComponentImpact(component: "feed", impact: .majorOutage, startedAt: clock("10:22"))
        let given = try Given.restoring("feed").later("10:30").and(.start("feed"), at: clock("10:15"))
            .and(.setImpact(hit))
        let wrong = try given.and(.verify("feed"), at: clock("10:20"))
        #expect(Self.history(wrong).stretches["feed"]?.contains { $0.begin == clock("10:22") } != true)
        let undone = try wrong.and(Self.undo("feed"))
        #expect(undone.incident.impacts[0].isOngoing)
        #expect(Self.history(undone).stretches["feed"] == Self.history(given).stretches["feed"])
        let right = try undone.and(.verify("feed"), at: clock("10:29"))
        #expect(Self.history(right).stretches["feed"]?.last?.end == clock("10:29"))
        let moved = try wrong.and(Self.correct("feed", restored: "10:28"))
        #expect(moved.incident.impacts[0].endedAt == clock("10:28"))
    }

    @Test func `an end that a person said stays when a restoration is undone`() throws {
        let ended = ComponentImpact(component: "feed", impact: .majorOutage, endedAt: clock("10:05"))
        let given = try Given.restoring("feed").and(.start("feed"), .setImpact(ended))
        let restored = try given.and(.verify("feed"), Self.undo("feed"))
        #expect(restored.incident.impacts[0].endedAt == clock("10:05"))
    }

    @Test func `the times of a step are corrected, also after closing, and all follows`() throws {
        let given = try Given.restoring("feed").later("10:30").and(.start("feed")).later("10:50").and(.verify("feed"))
        #expect(given.when(Self.correct("feed")).code == "invalid-value")
        #expect(given.when(Self.correct("auth", started: "10:20")).code == "not-found")
        #expect(given.when(Self.correct("feed", started: "09:00")).field == "/started_at")
        #expect(given.when(Self.correct("feed", started: "10:55")).field == "/started_at")
        #expect(given.when(Self.correct("feed", restored: "10:29")).field == "/restored_at")
        #expect(given.when(Self.correct("feed", restored: "12:00")).field == "/restored_at")
        #expect(given.when(Self.correct("feed", started: "10:30", restored: "10:50")) == .nothing)
        let corrected = try given.and(Self.correct("feed", started: "10:20", restored: "10:40"))
        let step = try #require(corrected.incident.step("feed"))
        #expect(step.startedAt == clock("10:20") && step.firstStartedAt == clock("10:20"))
        #expect(step.restoredAt == clock("10:40") && corrected.incident.impacts[0].endedAt == clock("10:40"))
        #expect(corrected.incident.clocks.restoredAt == clock("10:40"))
        #expect(Self.history(corrected).stretches["feed"]?[0].end == clock("10:40"))
        #expect(
            corrected.timeline.last?.event.sentence
                == "feed: started 2026-11-22 10:20:00 UTC (was 2026-11-22 10:30:00 UTC); "
                + "restored 2026-11-22 10:40:00 UTC (was 2026-11-22 10:50:00 UTC). Reason: entered afterwards.")
        let closed = try corrected.and(.advance, .force(), Self.correct("feed", started: "10:21"))
        #expect(closed.incident.phase == .closed && closed.timeline.last?.event.payload.isAfterwards == true)
        #expect(closed.incident.step("feed")?.startedAt == clock("10:21"))
    }

    @Test func `the start of a second attempt is corrected, and the first one stays`() throws {
        let given = try Given.restoring("feed").later("10:30")
            .and(.start("feed"), .failStep(component: "feed", reason: nil)).later("10:40").and(.start("feed"))
        #expect(given.when(Self.correct("feed", started: "10:29")).field == "/started_at")
        let corrected = try given.and(Self.correct("feed", started: "10:35"))
        let step = try #require(corrected.incident.step("feed"))
        #expect(step.startedAt == clock("10:35") && step.firstStartedAt == clock("10:30"))
        let undone = try given.and(Self.undo("feed"))
        #expect(undone.incident.step("feed")?.attempts == 1)
    }
}
