import FoundationEssentials
import Testing

@testable import IncidentDomain

/// Thousands of random commands; whatever was accepted, these things hold of the incident afterwards.
struct IncidentPropertyTests {
    @Test func `whatever is asked of an incident, it stays one`() throws {
        var random = SeededGenerator()
        let seed = random.seedText
        print("IncidentPropertyTests: \(seed)")
        for life in 0..<40 {
            let made = try RandomLife.make(commands: 150, &random) { life in
                guard let incident = life.incident else { return }
                let broken = broken(incident, life)
                try #require(broken.isEmpty, "after \(String(describing: life.newest)); \(seed)")
            }
            try #require(made.timeline.map(\.sequence) == Array(1...made.timeline.count), "life \(life); \(seed)")
            try #require(Given.replay(made.timeline) == made.incident, "life \(life); \(seed)")
            try checkPlan(of: made, seed)
            try checkEncoding(of: made, seed)
        }
    }

    /// With a seed of its own, so that it says the same thing every time.
    @Test func `the random commands reach every phase, every event and every refusal`() {
        var random = SeededGenerator(seed: 2026)
        var reached: Set<Phase> = []
        var events: Set<String> = []
        var refused: Set<String> = []
        for _ in 0..<200 {
            let life = RandomLife.make(commands: 150, &random) { life in
                if let phase = life.incident?.phase { reached.insert(phase) }
            }
            events.formUnion(life.timeline.map(\.event.kind))
            refused.formUnion(life.refusals.map(\.code))
        }
        #expect(reached == Set(Phase.allCases))
        #expect(events == Set(IncidentEvent.types.map { $0.kind }))
        #expect(refused.count == 14, "\(refused.sorted())")
    }

    @Test func `every refusal is a sentence, and names nothing that is not there`() {
        var random = SeededGenerator()
        for _ in 0..<30 {
            for refusal in RandomLife.make(commands: 100, &random, after: { _ in }).refusals {
                #expect(refusal.description.hasSuffix(".") || refusal.description.hasSuffix("?"), "\(refusal)")
                #expect(!refusal.description.contains("Optional("))
            }
        }
    }

    /// The invariants that do not hold, by name.
    private func broken(_ incident: Incident, _ life: RandomLife) -> [String] {
        let steps = Dictionary(grouping: incident.steps, by: \.component)
        let impacts = Dictionary(grouping: incident.impacts, by: \.component)
        let clocks = [
            incident.times.acknowledgedAt, incident.times.assessedAt, incident.times.mitigatedAt,
            incident.times.restoredAt, incident.times.reviewedAt, incident.times.closedAt,
        ].compactMap(\.self)
        // What people said of clocks may be odd, and taking it back is never refused: warnings tell of it.
        let isCorrected = life.timeline.contains { $0.event.as(TimesCorrected.self) != nil }
        let properties: [(String, Bool)] = [
            ("version is the count of events", incident.version == life.timeline.count),
            (
                "nothing happens after it was recorded",
                life.timeline.last.map { $0.occurredAt <= $0.recordedAt } ?? false
            ),
            ("firing counts are positive", incident.firing.values.allSatisfy { $0 > 0 }),
            ("no more fires than ever came", incident.firing.values.reduce(0, +) <= incident.alerts),
            ("a merged incident has no alerts", incident.phase != .merged || incident.firing.isEmpty),
            ("steps are unique", steps.values.allSatisfy { $0.count == 1 }),
            ("impacts are unique", impacts.values.allSatisfy { $0.count == 1 }),
            ("a step belongs to harm", steps.keys.allSatisfy { impacts[$0]?.first?.impact.isHarm == true }),
            ("harm has a step", incident.impacts.allSatisfy { !$0.isOngoing || steps[$0.component] != nil }),
            ("what is unrestored is hit", Set(incident.unrestored).isSubset(of: Set(impacts.keys))),
            (
                "no impact ends before it began",
                incident.impacts.allSatisfy { $0.endedAt ?? .latest >= $0.startedAt ?? .earliest }
            ),
            (
                "what waits is not over",
                incident.steps.allSatisfy { !$0.state.isStartable || isOngoing($0, in: incident) }
            ),
            (
                "what is restored is over",
                incident.steps.allSatisfy { $0.state != .restored || !isOngoing($0, in: incident) }
            ),
            ("nothing is restored over an alert", incident.steps.allSatisfy { isQuiet($0, in: incident) }),
            ("a soak has an end", incident.steps.allSatisfy { ($0.state == .verifying) == ($0.soakUntil != nil) }),
            ("only what is open is due", incident.nextDeadline == nil || incident.phase.isOpen),
            (
                "nothing happened before the start",
                isCorrected || clocks.allSatisfy { $0 >= incident.times.startedAt }
            ),
            (
                "nothing was detected before the start",
                isCorrected || incident.clocks.detectedAt >= incident.times.startedAt
            ),
            ("what is odd about clocks has a sentence", incident.warnings.allSatisfy { $0.detail.hasSuffix(".") }),
            (
                "mitigations count from 1",
                incident.mitigations.map(\.id) == (0..<incident.mitigations.count).map { $0 + 1 }
            ),
            ("tasks count from 1", incident.tasks.map(\.id) == (0..<incident.tasks.count).map { $0 + 1 }),
            ("actions count from 1", incident.actions.map(\.ordinal) == (0..<incident.actions.count).map { $0 + 1 }),
            (
                "only what was closed has a close",
                // Also what went back to its review, and was merged then.
                [.review, .merged].contains(incident.phase)
                    || (incident.times.closedAt != nil) == (incident.phase == .closed)
            ),
        ]
        return properties.filter { !$0.1 }.map(\.0)
    }

    private func isOngoing(_ step: RestorationStep, in incident: Incident) -> Bool {
        incident.impacts.first { $0.component == step.component }?.isOngoing == true
    }

    private func isQuiet(_ step: RestorationStep, in incident: Incident) -> Bool {
        switch step.state {
        case .verifying, .restored: incident.firing[step.component] == nil
        case .waiting, .restoring, .waived, .regressed: true
        }
    }

    /// A step is ready exactly when no dependency is in its way.
    private func checkPlan(of life: RandomLife, _ seed: String) throws {
        let incident = try #require(life.incident)
        let plan = RestorationPlan.make(
            for: incident, in: life.graph, soak: life.soak, measured: .none, now: life.now)
        let steps = plan.waves.flatMap(\.steps)
        #expect(Set(steps.map(\.component)) == Set(incident.steps.map(\.component)), "\(seed)")
        #expect(steps.count == incident.steps.count, "\(seed)")
        for wave in plan.waves {
            #expect(wave.stable == wave.steps.allSatisfy { $0.step.state.isDone }, "\(seed)")
            for step in wave.steps where step.status == .ready || step.status == .waiting {
                let isHeld = isHeld(step.component, incident, in: life.graph)
                #expect((step.status == .ready) == !isHeld, "\(step.component); \(seed)")
                #expect(step.waitsFor.isEmpty == (step.status == .ready), "\(step.component); \(seed)")
            }
        }
    }

    /// Whether anything that a component needs, directly or not, has still to be restored.
    private func isHeld(_ component: String, _ incident: Incident, in graph: DependencyGraph) -> Bool {
        (graph.hardDependencies(of: component) + (incident.learntNeeds?[component] ?? [])).contains { needed in
            switch incident.step(needed)?.state {
            case .waiting, .restoring, .verifying, .regressed: true
            case .restored: isHeld(needed, incident, in: graph)
            case .waived, nil: false
            }
        }
    }

    /// The row that is stored gives the incident back, in the same bytes every time.
    private func checkEncoding(of life: RandomLife, _ seed: String) throws {
        let incident = try #require(life.incident)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let bytes = try encoder.encode(incident)
        let decoded = try JSONDecoder().decode(Incident.self, from: bytes)
        #expect(decoded == incident, "\(seed)")
        #expect(try encoder.encode(decoded) == bytes, "\(seed)")
    }
}
