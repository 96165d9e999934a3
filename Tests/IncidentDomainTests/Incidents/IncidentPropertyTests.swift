import FoundationEssentials
import Testing

@testable import IncidentDomain

/// Thousands of random commands; whatever was accepted, these things hold of the incident afterwards.
struct IncidentPropertyTests {
    @Test func `whatever is asked of an incident, it stays one`() throws {
        var random = SeededGenerator()
        print("IncidentPropertyTests: \(random.seedText)")
        var reached: Set<Phase> = []
        var refused: Set<String> = []
        var events: Set<String> = []
        for life in 0..<60 {
            let made = try RandomLife.make(commands: 150, &random) { life in
                guard let incident = life.incident else { return }
                reached.insert(incident.phase)
                let broken = broken(incident, life)
                try #require(broken.isEmpty, "after \(String(describing: life.newest)); \(random.seedText)")
            }
            refused.formUnion(made.refusals.map(\.code))
            events.formUnion(made.timeline.map(\.event.name))
            try #require(Given.replay(made.timeline) == made.incident, "life \(life); \(random.seedText)")
            try checkPlan(of: made, random.seedText)
            try checkEncoding(of: made, random.seedText)
        }
        #expect(reached == Set(Phase.allCases), "\(random.seedText)")
        #expect(events == Set(EveryEvent.all.map(\.name)), "\(random.seedText)")
        #expect(refused.count == 11, "\(random.seedText): \(refused.sorted())")
    }

    @Test func `every refusal is a sentence, and names nothing that is not there`() {
        var random = SeededGenerator()
        for _ in 0..<30 {
            for refusal in RandomLife.make(commands: 100, &random).refusals {
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
        let properties: [(String, Bool)] = [
            ("version is the count of events", incident.version == life.timeline.count),
            ("sequences have no gap", life.timeline.map(\.sequence) == Array(1...life.timeline.count)),
            ("nothing happens after it was recorded", life.timeline.allSatisfy { $0.occurredAt <= $0.recordedAt }),
            ("firing counts are positive", incident.firing.values.allSatisfy { $0 > 0 }),
            ("no more fires than ever came", incident.firing.values.reduce(0, +) <= incident.alerts),
            ("a merged incident has no alerts", incident.phase != .merged || incident.firing.isEmpty),
            ("steps are unique", steps.values.allSatisfy { $0.count == 1 }),
            ("impacts are unique", impacts.values.allSatisfy { $0.count == 1 }),
            ("a step belongs to harm", steps.keys.allSatisfy { impacts[$0]?.first?.impact.isHarm == true }),
            ("harm has a step", incident.impacts.allSatisfy { !$0.isOngoing || steps[$0.component] != nil }),
            ("what is unrestored is hit", Set(incident.unrestored).isSubset(of: Set(impacts.keys))),
            ("no impact ends before it began", incident.impacts.allSatisfy { $0.endedAt ?? .latest >= $0.startedAt ?? .earliest }),
            ("what waits is not over", incident.steps.allSatisfy { !$0.state.isStartable || isOngoing($0, in: incident) }),
            ("what is restored is over", incident.steps.allSatisfy { $0.state != .restored || !isOngoing($0, in: incident) }),
            ("nothing is restored over an alert", incident.steps.allSatisfy { isQuiet($0, in: incident) }),
            ("a soak has an end", incident.steps.allSatisfy { ($0.state == .verifying) == ($0.soakUntil != nil) }),
            ("only what is open is due", incident.nextDeadline == nil || incident.phase.isOpen),
            ("nothing happened before the start", clocks.allSatisfy { $0 >= incident.times.startedAt }),
            ("nothing was detected before the start", incident.times.detectedAt >= incident.times.startedAt),
            ("mitigations count from 1", incident.mitigations.map(\.id) == (0..<incident.mitigations.count).map { $0 + 1 }),
            ("tasks count from 1", incident.tasks.map(\.id) == (0..<incident.tasks.count).map { $0 + 1 }),
            ("actions count from 1", incident.actions.map(\.ordinal) == (0..<incident.actions.count).map { $0 + 1 }),
            ("only what was closed has a close", (incident.times.closedAt != nil) == (incident.phase == .closed)),
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

    /// A step is ready exactly when no dependency and no earlier wave is in its way.
    private func checkPlan(of life: RandomLife, _ seed: String) throws {
        let incident = try #require(life.incident)
        let plan = RestorationPlan.make(for: incident, in: life.graph)
        let steps = plan.waves.flatMap(\.steps)
        #expect(Set(steps.map(\.component)) == Set(incident.steps.map(\.component)), "\(seed)")
        #expect(steps.count == incident.steps.count, "\(seed)")
        for (index, wave) in plan.waves.enumerated() {
            #expect(wave.stable == wave.steps.allSatisfy { $0.step.state.isDone }, "\(seed)")
            let isBarred = plan.waves[..<index].contains { !$0.stable }
            for step in wave.steps where step.status == .ready || step.status == .waiting {
                let isHeld = needs(of: step.component, in: life.graph)
                    .contains { incident.step($0).map { !$0.state.isDone } ?? false }
                #expect((step.status == .ready) == !(isBarred || isHeld), "\(step.component); \(seed)")
                #expect(step.waitsFor.isEmpty == (step.status == .ready), "\(step.component); \(seed)")
            }
        }
    }

    /// Everything that a component needs, directly or not.
    private func needs(of component: String, in graph: DependencyGraph) -> Set<String> {
        var found: Set<String> = []
        var pending = graph.hardDependencies(of: component)
        while let next = pending.popLast() {
            if found.insert(next).inserted { pending += graph.hardDependencies(of: next) }
        }
        return found
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
