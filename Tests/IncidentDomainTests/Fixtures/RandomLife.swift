@testable import IncidentDomain

/// An incident that had random things done to it, sensible and not.
struct RandomLife {
    private(set) var incident: Incident?
    private(set) var timeline: [RecordedEvent] = []
    private(set) var refusals: [IncidentRefusal] = []
    /// The newest command, for what a failure prints.
    private(set) var newest: IncidentCommand?
    private(set) var now = Given.start

    static let policies = [
        PhasePolicy(), PhasePolicy(general: [.assess: [], .review: []]),
        PhasePolicy(special: [.sev1: [.restore: Requirement.allCases], .sev4: [.detect: [], .mitigate: []]]),
    ]
    let policy: PhasePolicy
    let graph = SampleCatalog.graph
    let soak = SoakPolicy(secondsByTier: [0: 30, 1: 90])
    /// So short that all of it is missed now and then.
    let updates = UpdatePolicy(
        everyMinutes: [.sev1: 1, .sev2: 5], reviewDays: [.sev1: 1, .sev2: 1, .sev3: 1, .sev4: 1],
        approval: [.sev1: [.users, .regulators], nil: [.regulators]])

    static func make(
        commands: Int, _ random: inout SeededGenerator, after check: (RandomLife) throws -> Void
    ) rethrows -> RandomLife {
        var life = RandomLife(policy: random.pick(policies))
        for _ in 0..<commands {
            life.takeStep(&random)
            try check(life)
        }
        return life
    }

    private mutating func takeStep(_ random: inout SeededGenerator) {
        now = now.adding(seconds: Double.random(in: 0...60, using: &random))
        if Int.random(in: 0..<40, using: &random) == 0 { now = now.adding(seconds: 86_400) }
        let command = onWhatIsThere(
            incident == nil
                ? .open(RandomCommand.opening(&random)) : RandomCommand.make(&random, on: incident, now: now))
        newest = command
        let principal = random.pick([Principal.vera, .rita, .carla, .carla, .daemon])
        var occurredAt = now
        if Int.random(in: 0..<4, using: &random) == 0 {
            occurredAt = now.adding(seconds: Double.random(in: -300...8, using: &random))
        }
        let facts = DecisionFacts(
            principal: principal, now: now, occurredAt: occurredAt,
            precision: Int.random(in: 0..<30, using: &random) == 0 ? .hour : nil, policy: policy, graph: graph,
            soak: soak,
            updates: updates, clearing: ClearingPolicy(general: .close(afterSeconds: 0)))
        do throws(IncidentRefusal) {
            let events = try Incident.decide(command, on: incident, facts: facts)
            let added = Given.record(
                events, after: incident?.version ?? 0, by: principal, at: occurredAt, recordedAt: now)
            timeline += added
            incident = added.reduce(incident) { Incident.evolve($0, $1, number: Given.number) }
        } catch {
            refusals.append(error)
        }
    }

    /// What is struck out or starred is the entry that has that number, where there is one.
    private func onWhatIsThere(_ command: IncidentCommand) -> IncidentCommand {
        func recorded(_ sequence: Int) -> RecordedEvent? {
            timeline.indices.contains(sequence - 1) ? timeline[sequence - 1] : nil
        }
        func entry(_ sequence: Int, or other: IncidentEvent?) -> IncidentEvent? {
            recorded(sequence)?.event ?? other
        }
        return switch command {
        case .strike(let sequence, let other, let reason):
            .strike(sequence, entry(sequence, or: other), reason: reason)
        case .star(let sequence, let other, let key): .star(sequence, entry(sequence, or: other), key: key)
        case .correctEntryTime(let sequence, _, let moment, let reason):
            .correctEntryTime(sequence, recorded(sequence), moment, reason: reason)
        default: command
        }
    }
}

/// Commands as anybody might send them: names that exist and names that do not, in any phase.
enum RandomCommand {
    static func opening(_ random: inout SeededGenerator) -> OpenIncident {
        if Int.random(in: 0..<4, using: &random) == 0 {
            return OpenIncident(
                title: "Errors", alerts: [AlertMention(id: "a-0", title: "Errors", component: nil)], said: said(&random)
            )
        }
        return OpenIncident(
            title: "Random", severity: maybe(Severity.allCases, &random), impacts: [impact(&random)],
            cause: hypothesis(&random), alerts: alerts(&random))
    }

    /// The way forward comes often enough that every phase is reached, and restoring most often where it can be done.
    static func make(_ random: inout SeededGenerator, on incident: Incident?, now: Timestamp) -> IncidentCommand {
        if let incident, let command = recovering(&random, incident) { return command }
        if Int.random(in: 0..<6, using: &random) == 0 { return updating(&random, incident, now) }
        if incident?.phase == .restore, Int.random(in: 0..<3, using: &random) > 0 {
            return restoring(&random, incident)
        }
        if incident?.phase == .review, Bool.random(using: &random) { return reviewing(&random) }
        return switch Int.random(in: 0..<16, using: &random) {
        case 0: .advance(to: maybe(Phase.allCases, &random), reason: text(&random), override: .random(using: &random))
        case 1, 2: .advance(to: nil, reason: "go on", override: true)
        case 3: restoring(&random, incident)
        case 4, 5: deciding(&random, on: incident)
        case 6, 7: reviewing(&random)
        default: working(&random)
        }
    }

    /// What happens to an incident that nobody attends to, and to one that closed itself; nil for the others.
    private static func recovering(_ random: inout SeededGenerator, _ incident: Incident) -> IncidentCommand? {
        guard Bool.random(using: &random) else { return nil }
        if incident.recovery != nil { return .reopenRecovered(firingOn: [component(&random)]) }
        guard incident.isUntouched else { return nil }
        guard !incident.firing.isEmpty else { return .deadlinePassed }
        return .clearAlerts(
            incident.firing.flatMap { component, count in
                (0..<count).map {
                    AlertMention(id: "a-\($0)", title: "Errors", component: component.isEmpty ? nil : component)
                }
            })
    }

    private static func move(_ random: inout SeededGenerator) -> IncidentCommand {
        let alerts = alerts(&random)
        let move = AlertMove(
            alerts, firing: alerts.reduce(into: [:]) { $0[$1.component ?? "", default: 0] += 1 },
            other: maybe([7, 8], &random), reason: "elsewhere", saying: said(&random))
        return Bool.random(using: &random) ? .takeInAlerts(move) : .giveAwayAlerts(move)
    }

    private static func deciding(_ random: inout SeededGenerator, on incident: Incident?) -> IncidentCommand {
        switch Int.random(in: 0..<12, using: &random) {
        case 0: .dismiss(reason: "a test")
        case 1: .merge(into: random.pick([Given.number, 7]), reason: text(&random))
        case 2: .absorb(other(&random), notes: [note(&random)])
        case 3: undoing(&random, on: incident)
        case 4, 5, 6: .revert(to: random.pick(Phase.allCases), reason: "back")
        case 7: marking(&random)
        case 8: .open(opening(&random))
        case 9: correcting(&random, on: incident)
        default:
            .amend(
                IncidentAmendment(
                    title: text(&random), severity: maybe(Severity.allCases, &random),
                    labels: Bool.random(using: &random) ? ["team": "x"] : nil,
                    startedAt: incident.map {
                        $0.times.startedAt.adding(seconds: .random(in: -60...60, using: &random))
                    }))
        }
    }

    private static func undoing(_ random: inout SeededGenerator, on incident: Incident?) -> IncidentCommand {
        switch incident?.phase {
        case .dismissed: .reopen(reason: "it is real")
        case .merged: .unmerge(from: other(&random), MovedAlerts(), reason: "two after all")
        case .detect, .assess, .mitigate, .restore, .review, .closed, nil:
            .separate(from: other(&random), MovedAlerts(), reason: "two after all")
        }
    }

    private static func note(_ random: inout SeededGenerator) -> BroughtNote {
        BroughtNote(
            text: "there", key: .random(using: &random), origin: NoteOrigin(incident: 7, by: "Ann", at: Given.start))
    }

    private static func marking(_ random: inout SeededGenerator) -> IncidentCommand {
        let sequence = Int.random(in: -1...60, using: &random)
        let entries: [any TimelineEvent] = [
            NoteAdded(text: "note", key: false), MitigationAdded(id: 1, description: "Roll back", state: .succeeded),
            TaskAdded(id: 1, text: "call"), FactAdded(IncidentFact(kind: .change, text: "deploy")), Acknowledged(),
            CauseStated(hypothesis(&random)),
        ]
        let entry = random.pick(entries)
        let command: IncidentCommand = random.pick([
            .redact(sequence: sequence, reason: "secret", replacementDigest: "00"),
            .strike(sequence, sequence < 1 ? nil : IncidentEvent(entry), reason: "a mistake"),
            .star(sequence, sequence < 1 ? nil : IncidentEvent(entry), key: .random(using: &random)),
            .correctEntryTime(
                sequence, nil, Given.start.adding(seconds: .random(in: -60...900, using: &random)), reason: "the log"),
        ])
        // Some take a correction back, of the entry that is hit by the most of them.
        guard case .correctEntryTime(let sequence, let entry, let moment?, let reason) = command,
            moment > Given.start.adding(seconds: 700)
        else { return command }
        return .correctEntryTime(sequence, entry, nil, reason: reason)
    }

    private static func correcting(_ random: inout SeededGenerator, on incident: Incident?) -> IncidentCommand {
        let clock = random.pick(IncidentClock.allCases)
        let before = incident?.clocks[clock] ?? incident?.clocks.detectedAt
        let moment = before?.adding(seconds: .random(in: -30...30, using: &random))
        return .correctTimes(
            TimesCorrection(
                [TimesCorrection.Statement(clock, Bool.random(using: &random) ? moment : nil)], reason: "the graphs"))
    }

    private static func restoring(_ random: inout SeededGenerator, _ incident: Incident?) -> IncidentCommand {
        let affected = incident?.steps.map(\.component) ?? []
        let isAffected = !affected.isEmpty && Int.random(in: 0..<10, using: &random) > 0
        let component = isAffected ? random.pick(affected) : component(&random)
        let needed = RestorationStep.slug(of: affected.isEmpty ? component : random.pick(affected))
        return switch Int.random(in: 0..<12, using: &random) {
        case 0, 1, 2: .startStep(component: component, override: .random(using: &random), reason: text(&random))
        case 3:
            .rampStep(
                component: component, percent: Bool.random(using: &random) ? nil : .random(in: 0...100, using: &random),
                backlog: .random(in: 0...9, using: &random))
        case 4, 5, 6: .verifyStep(component: component)
        case 7:
            random.pick([
                .waiveStep(component: component, reason: "not now"),
                .undoStep(
                    component: component, restoration: component.utf8.count.isMultiple(of: 2), reason: "a mistake"),
            ])
        case 8:
            Bool.random(using: &random)
                ? .failStep(component: component, reason: text(&random))
                : .countReports(reports(&random), changedAt: Given.start)
        case 9: .deadlinePassed
        case 10:
            random.pick([
                .reviewPlan, .orderSteps(components: [component], reason: text(&random)),
                .setHands(["default": Int.random(in: 1...3, using: &random)], reason: text(&random)),
                .learnNeeds(component: component, [needed], reason: text(&random)),
                correction(of: component, &random, incident),
            ])
        default:
            switch Int.random(in: 0..<3, using: &random) {
            case 0: .attachAlerts(alerts(&random), saying: said(&random))
            case 1: random.pick([.clearAlerts(alerts(&random)), .reopenAlerts(alerts(&random), reason: "wrong alert")])
            default: move(&random)
            }
        }
    }

    private static func correction(
        of component: String, _ random: inout SeededGenerator, _ incident: Incident?
    ) -> IncidentCommand {
        let step = incident?.step(component)
        func moved(_ moment: Timestamp?) -> Timestamp? {
            random.pick([nil, moment?.adding(seconds: .random(in: -30...30, using: &random))])
        }
        return .correctStep(
            component: component, startedAt: moved(step?.startedAt), restoredAt: moved(step?.restoredAt),
            reason: "the log says so")
    }

    private static func reports(_ random: inout SeededGenerator) -> ReportSeries {
        let count = Int.random(in: 0...99, using: &random)
        return ReportSeries(
            total: count, peakPerMinute: count, baselinePerMinute: 1, from: Given.start, bucketSeconds: 60,
            buckets: [count])
    }

    private static func reviewing(_ random: inout SeededGenerator) -> IncidentCommand {
        let sections = [EditedSection(id: "cause", title: text(&random), markdown: "It was the disk.")]
        return switch Int.random(in: 0..<9, using: &random) {
        case 8: .approvePublicReview(sections: sections, title: "It was down")
        case 5:
            random.pick([
                .setPublicReview(sections: ["cause"], replacements: [], title: text(&random)),
                .approvePublicReview(sections: sections, title: "It was down"),
            ])
        case 0: .draftReview
        case 1:
            .reviseReview(
                sections: sections, status: random.pick(ReviewStatus.allCases),
                layout: ReviewLayout(order: ["cause"], hidden: Bool.random(using: &random) ? ["lessons"] : nil),
                dropped: Bool.random(using: &random) ? [] : ["cause"])
        case 2: random.pick([.approveReview(sections: sections), .signReview(role: text(&random), comment: nil)])
        case 4:
            .remarkOnReview(
                random.pick([
                    .comment(text: text(&random) ?? "Why?", section: "cause", replyTo: nil),
                    .ask(reviewers: [text(&random) ?? "Ann"]),
                    .settle(comment: 1, isResolved: .random(using: &random)),
                ]))
        case 6:
            random.pick([
                .attach(AttachmentDraft(name: "a.txt", type: .text, bytes: 3, digest: "0f", caption: text(&random))),
                .detach(attachment: 1, reason: text(&random)),
            ])
        case 3: .addAction(ActionDraft(title: "Do", kind: random.pick(ActionKind.allCases), owner: text(&random)))
        default:
            .changeAction(
                ordinal: .random(in: 0...4, using: &random),
                ActionPatch(owner: text(&random), due: "2026-12-24", state: maybe(ActionState.allCases, &random)))
        }
    }

    private static func working(_ random: inout SeededGenerator) -> IncidentCommand {
        switch Int.random(in: 0..<13, using: &random) {
        case 0: .acknowledge
        case 1: .stateCause(hypothesis(&random))
        case 2:
            Int.random(in: 0..<4, using: &random) == 0
                ? .removeRole(random.pick(IncidentRole.allCases), reason: text(&random))
                : .assignRole(random.pick(IncidentRole.allCases), person: random.pick(["Ann", "Bob"]))
        case 3, 4, 5: .setImpact(impact(&random))
        case 6: .removeImpact(component: component(&random))
        case 7:
            Int.random(in: 0..<4, using: &random) == 0
                ? .removeAudience(random.pick(Audience.allCases), reason: text(&random))
                : .setAudience(
                    AudienceImpact(audience: random.pick(Audience.allCases), description: "hit", money: 0.1))
        case 8: random.pick([.addNote(text: "note", key: .random(using: &random)), fact(&random)])
        case 9:
            .addMitigation(
                MitigationDraft(
                    description: "Roll back", state: random.pick(MitigationState.allCases), reason: text(&random)))
        case 10:
            .changeMitigation(
                id: .random(in: 0...4, using: &random),
                MitigationPatch(
                    owner: text(&random), state: maybe(MitigationState.allCases, &random), reason: text(&random)))
        case 11: .addTask(text: "call", owner: text(&random))
        default:
            .changeTask(id: .random(in: 0...4, using: &random), text: nil, owner: text(&random), done: true)
        }
    }

    private static func fact(_ random: inout SeededGenerator) -> IncidentCommand {
        .addFact(
            IncidentFact(
                kind: random.pick(FactKind.allCases), text: "fact", value: maybe([1, 2.5], &random),
                reason: text(&random), component: maybe(["feed"], &random),
                detection: maybe(Detection.allCases, &random), incident: maybe([7, Given.number], &random),
                precision: maybe(TimePrecision.allCases, &random)))
    }

    private static func updating(
        _ random: inout SeededGenerator, _ incident: Incident?, _ now: Timestamp
    ) -> IncidentCommand {
        let soon = now.adding(seconds: .random(in: -20...200, using: &random))
        let content = UpdateContent(
            audience: random.pick(UpdateAudience.allCases), isPublic: random.pick([nil, nil, nil, true, false]),
            body: random.pick(["b", "c"]), eta: random.pick([nil, soon]), nextUpdateAt: random.pick([nil, nil, soon]))
        let published = incident?.communication?.published.map(\.id) ?? []
        let id = random.pick((incident?.communication?.drafts.map(\.id) ?? []) + published + [1])
        let patch = UpdatePatch(
            body: text(&random), eta: random.pick([nil, soon]), publishAt: random.pick([nil, nil, soon]))
        return switch Int.random(in: 0..<14, using: &random) {
        case 0, 1: .postUpdate(content)
        case 2, 3, 4:
            .draftUpdate(
                UpdateRequest(
                    content, publishAt: random.pick([nil, soon]), corrects: random.pick([nil, nil, published.first])))
        case 5: .changeUpdate(id: id, .revise(patch))
        case 6, 7: .changeUpdate(id: id, .approve(revision: .random(in: 1...2, using: &random)))
        case 8, 9: .changeUpdate(id: id, .publish(at: random.pick([nil, soon])))
        case 10: .changeUpdate(id: id, .withdraw(reason: text(&random)))
        case 11: .changeUpdate(id: id, .correct(patch, reason: text(&random)))
        case 12:
            random.pick([
                .setEta(nil, reason: nil), .setEta(soon, reason: text(&random)), .withdrawEta(reason: "nobody knows"),
            ])
        default: .deadlinePassed
        }
    }

    /// An incident with random impacts and alerts, to be merged into the one that lives.
    private static func other(_ random: inout SeededGenerator) -> Incident {
        let events: [any TimelineEvent] = [
            IncidentOpened(title: "Other", startedAt: Given.start, labels: [:], origin: "alert"),
            ImpactSet(impact(&random)), AlertsAttached(AlertBatch(alerts(&random))),
        ]
        let recorded = Given.record(events, after: 0, by: .carla, at: Given.start, recordedAt: Given.start)
        guard let incident = recorded.reduce(nil, { Incident.evolve($0, $1, number: 7) }) else {
            preconditionFailure("an opening makes an incident")
        }
        return incident
    }

    private static func impact(_ random: inout SeededGenerator) -> ComponentImpact {
        ComponentImpact(
            component: component(&random), impact: random.pick(ImpactLevel.allCases),
            startedAt: Int.random(in: 0..<5, using: &random) == 0 ? Given.start : nil,
            endedAt: Int.random(in: 0..<5, using: &random) == 0 ? Given.start : nil)
    }

    private static func hypothesis(_ random: inout SeededGenerator) -> CauseHypothesis {
        CauseHypothesis(
            category: random.pick(CauseCategory.allCases),
            subcategory: Int.random(in: 0..<3, using: &random) == 0 ? random.pick(CauseSubcategory.allCases) : nil,
            confidence: random.pick(CauseConfidence.allCases), evidence: text(&random))
    }

    private static func said(_ random: inout SeededGenerator) -> AlertsSay {
        let link = IncidentLink(.generator, "https://prometheus.example/\(Int.random(in: 1...30, using: &random))")
        return AlertsSay(
            links: [link].compactMap(\.self),
            severity: Bool.random(using: &random) ? Severity.allCases.randomElement(using: &random) : nil)
    }

    private static func alerts(_ random: inout SeededGenerator) -> [AlertMention] {
        (0..<Int.random(in: 0...3, using: &random)).map { index in
            AlertMention(id: "a-\(index)", title: "Errors", component: maybe(SampleCatalog.components, &random)?.slug)
        }
    }

    private static func component(_ random: inout SeededGenerator) -> String {
        Int.random(in: 0..<20, using: &random) == 0 ? "unknown" : random.pick(SampleCatalog.components).slug
    }

    private static func text(_ random: inout SeededGenerator) -> String? {
        maybe(["Because", "Why not", "Ann"], &random)
    }

    private static func maybe<Element>(_ elements: [Element], _ random: inout SeededGenerator) -> Element? {
        Int.random(in: 0..<3, using: &random) == 0 ? nil : random.pick(elements)
    }
}
