import Testing

@testable import IncidentDomain

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
        #expect(refusal.description.contains("no component fed"))
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
}
