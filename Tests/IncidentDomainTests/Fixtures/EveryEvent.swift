@testable import IncidentDomain

/// One event of each kind, with a marker in every text that people can type and every optional field filled.
enum EveryEvent {
    static let marker = "hunter2"

    static let all = (incident + work + updates + restoration + review).map(IncidentEvent.init)

    private static let impact = ComponentImpact(
        component: "feed", impact: .degraded, regions: ["near \(marker)"], startedAt: Given.start, endedAt: Given.start,
        perRegion: false, fromAlert: true, deliberate: true)
    private static let past: ComponentImpact = {
        var impact = Self.impact
        impact.past = true
        return impact
    }()
    private static let sections = [EditedSection(id: "cause", title: "On \(marker)", markdown: "It was \(marker).")]
    private static let alerts: AlertBatch = {
        var batch = AlertBatch(
            [
                AlertMention(
                    id: "a-1", title: "\(marker) is down", component: "feed", seenAt: Given.start,
                    resolvedBy: "P \(marker)")
            ],
            affecting: "feed",
            correlation: AlertCorrelation(
                component: "feed", through: ["feed", "user-db"], direction: .dependsOnAffected), atOnce: true,
            saying: AlertsSay(
                links: [IncidentLink(.runbook, "https://wiki.example/\(marker)")].compactMap(\.self), severity: .sev2,
                whenCleared: .close(afterSeconds: 60)), opening: true)
        batch.clearsAll = true
        batch.closesAt = Given.start
        return batch
    }()

    private static let brought: IncidentAbsorbed.Brought = {
        var brought = IncidentAbsorbed.Brought()
        brought.levels = [
            "feed": [
                BroughtLevel(
                    level: .degraded, regions: ["near \(marker)"], startedAt: Given.start, endedAt: Given.start)
            ]
        ]
        brought.attachments = [
            Attachment(
                number: 1, name: "N \(marker)", type: .text, bytes: 3, caption: "C \(marker)", entry: 3, incident: 7,
                origin: Attachment.Origin(incident: 7, number: 1), removed: true)
        ]
        brought.startedAt = Given.start
        brought.severity = .sev1
        brought.roles = [.scribe: "P \(marker)"]
        brought.alertSeverity = .sev1
        brought.links = IncidentLink(.runbook, "https://example.org/\(marker)").map { [$0] }
        brought.detectedAt = Given.start
        brought.mitigations = [
            Mitigation(
                id: 2, description: "D \(marker)", kind: "K \(marker)", owner: "O \(marker)", state: .succeeded,
                reason: "R \(marker)", incident: 7)
        ]
        brought.tasks = [IncidentTask(id: 2, text: "T \(marker)", owner: "O \(marker)", done: true, incident: 7)]
        brought.actions = [
            ActionItem(
                ordinal: 2, title: "T \(marker)", kind: .detective, owner: "O \(marker)", due: "2026-12-24",
                required: true, state: .open, incident: 7, link: "https://t.example/\(marker)")
        ]
        brought.steps = [RestorationStep(component: "feed")]
        (brought.notes, brought.notesLeft) = (1, 1)
        return brought
    }()

    private static let incident: [any TimelineEvent] = [
        IncidentOpened(
            title: "T \(marker)", summary: "S \(marker)", startedAt: Given.start, labels: ["k \(marker)": marker],
            origin: "person"),
        IncidentDescribed(
            title: "T \(marker)", summary: "S \(marker)", labels: ["k \(marker)": marker], afterwards: true),
        StartCorrected(startedAt: Given.start, previous: Given.start),
        TimesCorrected(
            changes: [TimesCorrected.Change(clock: .mitigated, at: Given.start, previous: Given.start)],
            reason: "R \(marker)", afterwards: true),
        SeveritySet(
            severity: .sev1, previous: .sev2, updateDueAt: Given.start, approval: [.users], approvalUntil: Given.start,
            origin: .alert, past: true),
        Acknowledged(),
        PhaseEntered(
            phase: .mitigate, from: .assess,
            overridden: [OverriddenRequirement(requirement: .tasksDone, detail: "task 1: \(marker)")],
            reason: "R \(marker)", reviewDueAt: Given.start, reachedAt: Given.start),
        PhaseReverted(
            phase: .assess, from: .mitigate, reason: "R \(marker)", updateDueAt: Given.start,
            measured: MeasuredClocks(assessedAt: Given.start)),
        IncidentDismissed(reason: "R \(marker)", from: .assess),
        IncidentMerged(into: 7, reason: "R \(marker)", from: .mitigate),
        IncidentAbsorbed(
            number: 7, title: "T \(marker)", impacts: [impact], firing: ["feed": 1, "": 2], alerts: 3, brought: brought),
        IncidentReopened(phase: .assess, reason: "R \(marker)", updateDueAt: Given.start),
        IncidentUnmerged(
            from: 7, phase: .mitigate, reason: "R \(marker)", firing: ["feed": 1], alerts: 3, impacts: [impact],
            steps: [RestorationStep(component: "feed")], updateDueAt: Given.start),
        IncidentSeparated(
            number: 7, title: "T \(marker)", reason: "R \(marker)", removed: ["feed"], impacts: [impact],
            roles: [.scribe], firing: ["feed": 1], alerts: 3, unsetsSeverity: true),
        CauseStated(
            CauseHypothesis(
                category: .technical, subcategory: .capacity, confidence: .refuted, evidence: "E \(marker)",
                afterwards: true, role: .root, component: "feed", change: "C \(marker)")
        ),
        RoleAssigned(role: .scribe, person: "P \(marker)", previous: "Q \(marker)", past: true),
        AudienceImpactRemoved(audience: .creators, reason: "R \(marker)"),
        RoleRemoved(role: .scribe, previous: "Q \(marker)", reason: "R \(marker)"),
        ImpactSet(past),
        ImpactRemoved(component: "feed"),
        AudienceImpactSet(
            AudienceImpact(
                audience: .users, description: "D \(marker)", people: 1, money: 2.5, currency: "EUR", reports: 3,
                past: true)),
        NoteAdded(
            text: "N \(marker)", key: true, number: 4, afterwards: true,
            origin: NoteOrigin(incident: 7, by: "Ron", at: Given.start), by: "B \(marker)", precision: .hour),
        FactAdded(fact),
    ]

    private static let fact: IncidentFact = {
        var fact = IncidentFact(
            kind: .measure, text: "T \(marker)", value: 4.5, unit: "U \(marker)", until: Given.start,
            reason: "R \(marker)", source: "S \(marker)", by: "B \(marker)", component: "feed", detection: .detected,
            incident: 7, precision: .minute)
        (fact.number, fact.afterwards) = (3, true)
        fact.origin = NoteOrigin(incident: 7, by: "Ron", at: Given.start)
        return fact
    }()

    private static let work: [any TimelineEvent] = [
        MitigationAdded(
            id: 1, description: "D \(marker)", kind: "K \(marker)", owner: "O \(marker)", state: .succeeded,
            inForce: true, reason: "R \(marker)"),
        MitigationChanged(
            id: 1, description: "D \(marker)", kind: "K \(marker)", owner: "O \(marker)", state: .failed,
            previous: .running, inForce: false, startedAt: Given.start, endedAt: Given.start,
            reason: "R \(marker)"),
        TaskAdded(id: 1, text: "T \(marker)", owner: "O \(marker)"),
        TaskChanged(id: 1, text: "T \(marker)", owner: "O \(marker)", done: true),
        AlertsAttached(alerts),
        AlertsCleared(alerts),
        AlertsReopened(batch: alerts, reason: "R \(marker)"),
        AlertsMovedIn(alerts, firing: ["feed": 1], from: 3, reason: "R \(marker)"),
        AlertsMovedOut(alerts, firing: ["feed": 1], to: 7, reason: "R \(marker)"),
        SelfRecovered(clearedAt: Given.start, reopenUntil: Given.start),
        ReportsCounted(
            ReportSeries(
                total: 84, peakPerMinute: 31, baselinePerMinute: 0.6, from: Given.start, bucketSeconds: 60,
                buckets: [53, 31])),
        ActionAdded(
            ordinal: 1, title: "T \(marker)", kind: .detective, owner: "O \(marker)", due: "2026-12-24",
            required: true, afterwards: true, priority: .high, link: "https://t.example/\(marker)", answers: 3),
        ActionChanged(
            ordinal: 1, title: "T \(marker)", kind: .corrective, owner: "O \(marker)", due: "2026-12-24",
            required: false, state: .done, afterwards: true, priority: .low, link: "https://t.example/\(marker)",
            answers: 3),
        EntryStruck(
            sequence: 2, reason: "R \(marker)", mitigation: 1, task: 1, action: 1,
            cause: CauseHypothesis(category: .attack, subcategory: .ddos, evidence: "E \(marker)", afterwards: true),
            acknowledgement: true, success: 1, approval: 3, eta: Given.start, etaSaidAt: Given.start, withdrawal: true,
            left: .detect, afterwards: true),
        EntryTimeCorrected(
            sequence: 2, happenedAt: Given.start, previous: Given.start.adding(seconds: 60), restores: true,
            reason: "R \(marker)", afterwards: true),
        EntryStarred(sequence: 2, key: true, afterwards: true),
        EntryRedacted(sequence: 2, reason: "R \(marker)", replacementDigest: "00ff"),
    ]

    private static let content = UpdateContent(
        audience: .users, language: "de", body: "B \(marker)", eta: Given.start, steps: ["Enter \(marker)"],
        nextUpdateAt: Given.start)

    private static let updates: [any TimelineEvent] = [
        UpdatePosted(content, id: 2, nextUpdateAt: Given.start, promisedAt: Given.start),
        UpdateDrafted(
            id: 3, revision: 2, content: content, publishAt: Given.start, template: "assess.de", corrects: 2,
            released: true, person: "P \(marker)"),
        UpdateApproved(id: 3, revision: 2),
        UpdateScheduled(id: 3, publishAt: Given.start, released: true),
        UpdateHeld(id: 3, why: .notApproved),
        UpdateWithdrawn(id: 3, reason: "R \(marker)"),
        UpdateCorrected(
            id: 2, revision: 2, content: content, reason: "R \(marker)", draft: 4, publishedAt: Given.start),
        UpdateOverdue(due: Given.start),
        ReviewOverdue(due: Given.start),
        EtaSet(eta: Given.start, source: .person, reason: "R \(marker)", previous: Given.start, slipped: true),
        EtaWithdrawn(previous: Given.start, reason: "R \(marker)", past: true),
    ]

    private static let restoration: [any TimelineEvent] = [
        StepStarted(
            component: "feed", overridden: ["waits \(marker)"], reason: "R \(marker)",
            estimate: StepEstimate(
                expectedSeconds: 60, soakSeconds: 0,
                measured: MeasuredDuration(medianSeconds: 60, p90Seconds: 90, samples: 5)), without: ["user-db"],
            expectedAt: Given.start),
        StepRamped(component: "feed", percent: 10, expectedAt: Given.start, backlog: 9),
        StepTold(component: "feed", expectedAt: Given.start, backlog: 9),
        StepVerifying(component: "feed", soakUntil: Given.start, without: ["user-db"], reason: "R \(marker)"),
        StepRestored(component: "feed", incident: 7, without: ["user-db"], reason: "R \(marker)"),
        StepWaived(component: "feed", reason: "R \(marker)"),
        StepFailed(component: "feed", reason: "R \(marker)"),
        StepUndone(component: "feed", undone: .waiver, reason: "R \(marker)"),
        StepTimesCorrected(
            component: "feed", startedAt: Given.start, restoredAt: Given.start, previousStart: Given.start,
            previousRestoration: Given.start, reason: "R \(marker)", afterwards: true),
        StepRegressed(component: "feed", reason: "R \(marker)"),
        RestorationOrdered(components: ["feed"], reason: "R \(marker)"),
        HandsSet(hands: ["default": 2], reason: "R \(marker)"),
        NeedsLearnt(component: "feed", needs: ["auth"], reason: "R \(marker)"),
        PlanRevised(
            revision: 2, changes: [.components, .order, .expected], joined: ["feed"], left: ["ads"],
            waves: [["user-db"], ["feed"]],
            expected: ExpectedRestoration(median: Given.start, p90: Given.start.adding(seconds: 60)),
            previous: ExpectedRestoration(median: Given.start, p90: Given.start),
            spans: [PlannedSpan(component: "feed", begin: Given.start, end: Given.start)], pathEnd: Given.start,
            without: ["ads"], calibration: ForecastCalibration.none),
    ]

    private static let review: [any TimelineEvent] = [
        ReviewDrafted(revision: 1),
        ReviewRevised(
            revision: 2, status: .inReview, sections: sections, order: ["cause"], hidden: ["lessons"],
            dropped: ["lessons"], afterwards: true),
        ReviewCommented(
            number: 2, text: "C \(marker)", section: "cause", replyTo: 1, revision: 2, afterwards: true),
        ReviewCommentSettled(number: 2, resolved: true, afterwards: true),
        ReviewersAsked(reviewers: ["R \(marker)"], afterwards: true),
        AttachmentAdded(
            number: 1, name: "N \(marker)", type: .png, bytes: 12, digest: "D \(marker)",
            caption: "C \(marker)", afterwards: true, gone: true),
        AttachmentRemoved(number: 1, reason: "R \(marker)", afterwards: true),
        TimeQualified(sequence: 2, through: 3, precision: .hour, afterwards: true),
        PublicReviewSet(
            sections: ["cause"], replacements: [TextReplacement(text: "A \(marker)", with: "B \(marker)")],
            title: "T \(marker)",
            afterwards: true),
        PublicReviewApproved(revision: 2, title: "T \(marker)", sections: sections, afterwards: true),
        ReviewApproved(revision: 2, sections: sections, order: ["cause"], afterwards: true),
        ReviewSigned(revision: 2, role: "A \(marker)", comment: "C \(marker)", afterwards: true),
    ]
}
