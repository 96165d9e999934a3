import FoundationEssentials
import Testing

@testable import IncidentDomain

/// What a step waits for says how far that is, and what can be done about it.
struct RestorationGateTests {
    private func gates(_ given: Given, _ component: String, at time: Timestamp? = nil) -> [RestorationGate] {
        given.plan(at: time).step(component)?.waitsFor ?? []
    }
    private func reasons(_ given: Given, _ component: String, at time: Timestamp? = nil) -> [String] {
        gates(given, component, at: time).map(\.reason)
    }
    private func remedies(_ given: Given, _ component: String) -> [RestorationRemedy] {
        gates(given, component).map(\.remedy)
    }
    private func ramp(_ component: String, _ percent: Int) -> IncidentCommand {
        .rampStep(component: component, percent: percent)
    }
    private func forceStart(_ component: String) -> IncidentCommand {
        .startStep(component: component, override: true, reason: "no time")
    }
    private static let soak = SoakPolicy(secondsByTier: [0: 300, 1: 300])

    @Test func `a dependency's state and ramp stand in the gate`() throws {
        let given = try Given.restoring("auth", "user-db")
        #expect(reasons(given, "auth") == ["waits for user-db (ready)"])
        let restoring = try given.and(.start("user-db"))
        #expect(reasons(restoring, "auth") == ["waits for user-db (restoring)"])
        #expect(
            reasons(try restoring.and(ramp("user-db", 60)), "auth") == ["waits for user-db (restoring, 60 % ramped)"])
    }

    @Test func `a soak says how much of it is over`() throws {
        let given = try Given.restoring("auth", "user-db", "feed", soak: Self.soak).enforcing()
            .and(.start("user-db"), ramp("user-db", 60)).later("10:20").and(.verify("user-db"))
        #expect(reasons(given, "auth", at: clock("10:22")) == ["waits for user-db (verifying, soaked 120 of 300 s)"])
        #expect(
            reasons(given, "feed", at: clock("10:22:00.900"))
                == [
                    "wave 1 is not complete (restoration.waves: enforce): user-db is soaking, 120 of 300 s, auth is waiting"
                ])
        let late = gates(given, "auth", at: clock("10:40"))
        #expect(late.map(\.reason) == ["waits for user-db (verifying, soaked 300 of 300 s)"])
        guard case .dependency(let step) = late[0].kind else {
            Issue.record("no dependency")
            return
        }
        #expect(step.soak?.until == clock("10:25") && step.soak?.totalSeconds == 300)
        #expect(late[0].remedy == .wait(component: "user-db", until: clock("10:25")))
    }

    @Test func `a row that does not say since when it soaks is read, and the gate says what it can`() throws {
        let row = #"{"component":"auth","state":"verifying","soakUntil":"2026-11-22T10:25:00.000Z","failures":0}"#
        let step = try JSONDecoder().decode(RestorationStep.self, from: Data(row.utf8))
        #expect(step.state == .verifying && step.soakUntil == clock("10:25") && step.verifyingSince == nil)
        var given = try Given.restoring("auth", "user-db", soak: Self.soak).and(.start("user-db"), .verify("user-db"))
        given.forgetSoakStarts()
        #expect(reasons(given, "auth") == ["waits for user-db (verifying)"])
    }

    @Test func `the first earlier wave is named by what is open in it, five of it at most`() throws {
        let given = try Given.restoring("auth", "upload", "archive").enforcing()
        #expect(reasons(given, "archive") == ["wave 1 is not complete (restoration.waves: enforce): auth is ready"])
        #expect(gates(given, "archive").map(\.component) == ["auth"])
        let restored = try given.and(.start("auth"), .verify("auth"))
        #expect(
            reasons(restored, "archive") == ["wave 2 is not complete (restoration.waves: enforce): upload is ready"])
        let many = (1...7).map { Component(slug: "c\($0)", name: "", tier: 0) }
        var crowded = try Given(graph: DependencyGraph(many + [Component(slug: "last", name: "", tier: 1)]))
        crowded.waves = .enforce
        crowded.affect(many.map(\.slug) + ["last"])
        #expect(
            reasons(crowded, "last") == [
                "wave 1 is not complete (restoration.waves: enforce): c1 is ready, c2 is ready, c3 is ready, c4 is ready, c5 is ready and 2 more"
            ])
    }

    @Test func `a wave is no gate of its own when dependencies say all of it`() throws {
        let given = try Given.restoring("user-db", "auth", "comments").enforcing()
        #expect(
            reasons(given, "comments")
                == [
                    "waits for auth (waiting)",
                    "wave 1 is not complete (restoration.waves: enforce): user-db is ready",
                ])
        let restored = try given.and(.start("user-db"), .verify("user-db"), .start("auth"), ramp("auth", 10))
        #expect(reasons(restored, "comments") == ["waits for auth (restoring, 10 % ramped)"])
    }

    @Test func `a ramp stands beside what is open in a wave`() throws {
        let given = try Given.restoring("auth", "upload").enforcing().and(.start("auth"), ramp("auth", 10))
        #expect(
            reasons(given, "upload") == [
                "wave 1 is not complete (restoration.waves: enforce): auth is restoring (10 % ramped)"
            ])
    }

    @Test func `what was started or is done waits for nothing`() throws {
        let given = try Given.restoring("features", "feed").and(forceStart("feed"))
        #expect(reasons(given, "feed").isEmpty)
        #expect(reasons(try given.and(.waive("feed")), "feed").isEmpty)
        #expect(given.plan().step("feed")?.isReady == false)
    }

    // MARK: Remedies

    @Test func `a chain of what waits for each other leads to what can be started now`() throws {
        let given = try Given.restoring("user-db", "auth", "comments", "archive").enforcing()
        #expect(remedies(given, "auth") == [.start(component: "user-db")])
        #expect(remedies(given, "comments") == [.start(component: "user-db"), .start(component: "user-db")])
        #expect(remedies(given, "archive") == [.start(component: "user-db")])
        let restoring = try given.and(.start("user-db"))
        #expect(remedies(restoring, "archive") == [.verify(component: "user-db")])
    }

    @Test func `what fires has to be resolved, a soak has to be waited for`() throws {
        let restoring = try Given.restoring("user-db", "auth", soak: Self.soak).and(.start("user-db"))
        let fires = try restoring.and(.fires("user-db"))
        #expect(remedies(fires, "auth") == [.resolveAlerts(component: "user-db")])
        let verifying = try restoring.and(.verify("user-db"))
        let end = try #require(verifying.incident.step("user-db")?.soakUntil)
        #expect(remedies(verifying, "auth") == [.wait(component: "user-db", until: end)])
        let regressed = try verifying.and(.fires("user-db"))
        #expect(remedies(regressed, "auth") == [.resolveAlerts(component: "user-db")])
        #expect(remedies(try regressed.and(.clears("user-db")), "auth") == [.start(component: "user-db")])
    }

    @Test func `what somebody can do comes before what only time does`() throws {
        let graph = DependencyGraph([
            Component(slug: "a", name: "", tier: 1), Component(slug: "b", name: "", tier: 1),
            Component(
                slug: "c", name: "", tier: 1,
                dependsOn: ["a", "b"].map { Dependency(component: $0, kind: .hard) }),
            Component(slug: "d", name: "", tier: 1, dependsOn: [Dependency(component: "c", kind: .hard)]),
            Component(slug: "e", name: "", tier: 2),
        ])
        var given = try Given(graph: graph)
        given.waves = .enforce
        given.affect(["a", "b", "c", "d", "e"])
        given.soak("a", from: clock("10:00"), until: clock("10:30"))
        #expect(remedies(given, "d") == [.start(component: "b")])
        #expect(remedies(given, "e") == [.start(component: "b")])
        given.soak("b", from: clock("10:00"), until: clock("10:40"))
        #expect(remedies(given, "d") == [.wait(component: "b", until: clock("10:40"))], "the last soak to end")
        #expect(remedies(given, "e") == [.wait(component: "b", until: clock("10:40"))])
    }

    @Test func `an alert that holds up the verification says so`() throws {
        let given = try Given.restoring("upload").and(.start("upload"), .fires("upload"))
        guard case .refused(.gateClosed("upload", _, let gates, _)) = given.when(.verify("upload")) else {
            Issue.record("not refused")
            return
        }
        #expect(gates.map(\.reason) == ["1 alert is still firing on upload"])
        #expect(gates.map(\.remedy) == [.resolveAlerts(component: "upload")])
    }
}
