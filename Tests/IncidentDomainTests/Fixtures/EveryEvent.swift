@testable import IncidentDomain

/// One event of each kind, with a marker in every text that people can type and every optional field filled.
enum EveryEvent {
    static let marker = "hunter2"

    static let all: [IncidentEvent] = incident + work + restoration + review

    private static let impact = ComponentImpact(
        component: "feed", impact: .degraded, regions: ["near \(marker)"], startedAt: Given.start, endedAt: Given.start)
    private static let sections = [EditedSection(id: "cause", title: "On \(marker)", markdown: "It was \(marker).")]
    private static let alerts = AlertBatch(
        [AlertMention(id: "a-1", title: "\(marker) is down", component: "feed")], affecting: "feed",
        correlation: AlertCorrelation(
            component: "feed", through: ["feed", "user-db"], direction: .dependsOnAffected), atOnce: true)

    private static let incident: [IncidentEvent] = [
        .opened(
            IncidentOpened(
                title: "T \(marker)", summary: "S \(marker)", startedAt: Given.start, labels: ["k \(marker)": marker],
                origin: "person")),
        .described(IncidentDescribed(title: "T \(marker)", summary: "S \(marker)", labels: ["k \(marker)": marker])),
        .startCorrected(StartCorrected(startedAt: Given.start, previous: Given.start)),
        .severitySet(SeveritySet(severity: .sev1, previous: .sev2)),
        .acknowledged,
        .phaseEntered(
            PhaseEntered(
                phase: .mitigate, from: .assess,
                overridden: [OverriddenRequirement(requirement: .tasksDone, detail: "task 1: \(marker)")],
                reason: "R \(marker)")),
        .phaseReverted(PhaseReverted(phase: .assess, from: .mitigate, reason: "R \(marker)")),
        .dismissed(IncidentDismissed(reason: "R \(marker)")),
        .merged(IncidentMerged(into: 7, reason: "R \(marker)")),
        .absorbed(
            IncidentAbsorbed(number: 7, title: "T \(marker)", impacts: [impact], firing: ["feed": 1, "": 2], alerts: 3)),
        .causeStated(
            CauseHypothesis(category: .technical, subcategory: .capacity, confidence: .refuted, evidence: "E \(marker)")
        ),
        .roleAssigned(RoleAssigned(role: .scribe, person: "P \(marker)", previous: "Q \(marker)")),
        .impactSet(impact),
        .impactRemoved(ImpactRemoved(component: "feed")),
        .audienceImpactSet(
            AudienceImpact(
                audience: .users, description: "D \(marker)", people: 1, money: 2.5, currency: "EUR", reports: 3)),
        .noteAdded(NoteAdded(text: "N \(marker)", key: true)),
    ]

    private static let work: [IncidentEvent] = [
        .mitigationAdded(
            MitigationAdded(
                id: 1, description: "D \(marker)", kind: "K \(marker)", owner: "O \(marker)", state: .running)),
        .mitigationChanged(
            MitigationChanged(
                id: 1, description: "D \(marker)", kind: "K \(marker)", owner: "O \(marker)", state: .failed,
                previous: .running)),
        .taskAdded(TaskAdded(id: 1, text: "T \(marker)", owner: "O \(marker)")),
        .taskChanged(TaskChanged(id: 1, text: "T \(marker)", owner: "O \(marker)", done: true)),
        .alertsAttached(alerts),
        .alertsCleared(alerts),
        .reportsCounted(
            ReportSeries(
                total: 84, peakPerMinute: 31, baselinePerMinute: 0.6, from: Given.start, bucketSeconds: 60,
                buckets: [53, 31])),
        .updatePosted(
            UpdatePosted(audience: "public", body: "B \(marker)", eta: Given.start, steps: ["Enter \(marker)"])),
        .actionAdded(
            ActionAdded(
                ordinal: 1, title: "T \(marker)", kind: .detective, owner: "O \(marker)", due: "2026-12-24",
                required: true)),
        .actionChanged(
            ActionChanged(
                ordinal: 1, title: "T \(marker)", kind: .corrective, owner: "O \(marker)", due: "2026-12-24",
                required: false, state: .done)),
        .entryRedacted(EntryRedacted(sequence: 2, reason: "R \(marker)", replacementDigest: "00ff")),
    ]

    private static let restoration: [IncidentEvent] = [
        .stepStarted(
            StepStarted(
                component: "feed", overridden: ["waits \(marker)"], reason: "R \(marker)",
                estimate: StepEstimate(
                    expectedSeconds: 60, soakSeconds: 0,
                    measured: MeasuredDuration(medianSeconds: 60, p90Seconds: 90, samples: 5)))),
        .stepRamped(StepRamped(component: "feed", percent: 10)),
        .stepVerifying(StepVerifying(component: "feed", soakUntil: Given.start)),
        .stepRestored(StepRestored(component: "feed")),
        .stepWaived(StepWaived(component: "feed", reason: "R \(marker)")),
        .stepFailed(StepFailed(component: "feed", reason: "R \(marker)")),
        .stepRegressed(StepRegressed(component: "feed", reason: "R \(marker)")),
        .restorationOrdered(RestorationOrdered(components: ["feed"], reason: "R \(marker)")),
        .planRevised(
            PlanRevised(
                revision: 2, changes: [.components, .order, .expected], joined: ["feed"], left: ["ads"],
                waves: [["user-db"], ["feed"]],
                expected: ExpectedRestoration(median: Given.start, p90: Given.start.adding(seconds: 60)),
                previous: ExpectedRestoration(median: Given.start, p90: Given.start),
                spans: [PlannedSpan(component: "feed", begin: Given.start, end: Given.start)])),
    ]

    private static let review: [IncidentEvent] = [
        .reviewDrafted(ReviewDrafted(revision: 1)),
        .reviewRevised(ReviewRevised(revision: 2, status: .inReview, sections: sections)),
        .reviewApproved(ReviewApproved(revision: 2, sections: sections)),
    ]
}

extension IncidentEvent {
    /// The name of its case. Without a `default`, so that a new case is missed here.
    var name: String {
        switch self {
        case .opened, .described, .startCorrected, .severitySet, .acknowledged, .phaseEntered, .phaseReverted,
            .dismissed, .merged, .absorbed, .causeStated, .roleAssigned, .impactSet, .impactRemoved,
            .audienceImpactSet, .noteAdded, .mitigationAdded, .mitigationChanged, .taskAdded, .taskChanged,
            .stepStarted, .stepRamped, .stepVerifying, .stepRestored, .stepWaived, .stepFailed, .stepRegressed,
            .restorationOrdered, .planRevised, .alertsAttached, .alertsCleared, .reportsCounted, .updatePosted,
            .reviewDrafted,
            .reviewRevised, .reviewApproved,
            .actionAdded, .actionChanged, .entryRedacted:
            String("\(self)".prefix { $0 != "(" })
        }
    }
}
