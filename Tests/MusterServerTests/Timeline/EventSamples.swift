@testable import IncidentDomain
@testable import MusterServer

/// One event of every kind, with every field set: what the golden files are made of.
enum EventSamples {
    static let all: [IncidentEvent] = opening + assessing + working + restoring + reviewing

    private static let noon = Timestamp(milliseconds: 1_795_348_800_123)
    private static let before = Timestamp(milliseconds: 1_795_345_200_000)

    private static let planRevision = PlanRevised(
        revision: 3, changes: [.components, .order, .expected], joined: ["cdn"], left: ["ads"],
        waves: [["core"], ["cdn", "edge"]],
        expected: ExpectedRestoration(median: noon, p90: noon.adding(seconds: 600)),
        previous: ExpectedRestoration(median: before, p90: noon),
        spans: [PlannedSpan(component: "core", begin: before, end: noon)])

    private static let opening: [IncidentEvent] = [
        .opened(
            IncidentOpened(
                title: "Videos do not play", summary: "Error 503 / \"edge\" – ünïcode ✓", startedAt: before,
                labels: ["region": "eu-west", "service": "playback"], origin: "alert")),
        .described(
            IncidentDescribed(title: "Videos stall", summary: "After ten seconds", labels: ["region": "eu-north"])),
        .startCorrected(StartCorrected(startedAt: before, previous: noon)),
        .severitySet(SeveritySet(severity: .sev2, previous: .sev3)),
        .acknowledged,
        .phaseEntered(
            PhaseEntered(
                phase: .mitigate, from: .assess,
                overridden: [OverriddenRequirement(requirement: .causeGiven, detail: "no cause category is given")],
                reason: "the rollback cannot wait")),
        .phaseReverted(PhaseReverted(phase: .mitigate, from: .restore, reason: "it broke again")),
        .dismissed(IncidentDismissed(reason: "a test alert")),
        .merged(IncidentMerged(into: 7, reason: "the same outage")),
        .absorbed(
            IncidentAbsorbed(
                number: 8, title: "Uploads fail", impacts: [impact], firing: ["": 1, "cdn": 2], alerts: 3)),
    ]

    private static let assessing: [IncidentEvent] = [
        .causeStated(
            CauseHypothesis(
                category: .technical, subcategory: .configuration, confidence: .confirmed, evidence: "the diff of 11:58"
            )),
        .roleAssigned(RoleAssigned(role: .commander, person: "Mia", previous: "Ron")),
        .impactSet(impact),
        .impactRemoved(ImpactRemoved(component: "cdn")),
        .audienceImpactSet(
            AudienceImpact(
                audience: .users, description: "cannot watch", people: 1_200_000, money: 12_500.5, currency: "EUR",
                reports: 812)),
    ]

    private static let impact = ComponentImpact(
        component: "cdn", impact: .majorOutage, regions: ["eu-north", "eu-west"], startedAt: before, endedAt: noon)

    private static let working: [IncidentEvent] = [
        .noteAdded(NoteAdded(text: "line one\nline two", key: true)),
        .mitigationAdded(
            MitigationAdded(id: 1, description: "Roll back", kind: "rollback", owner: "Ron", state: .running)),
        .mitigationChanged(
            MitigationChanged(
                id: 1, description: "Roll back again", kind: "rollback", owner: "Mia", state: .succeeded,
                previous: .running)),
        .taskAdded(TaskAdded(id: 1, text: "Call the carrier", owner: "Ron")),
        .taskChanged(TaskChanged(id: 1, text: "Call both carriers", owner: "Mia", done: true)),
        .alertsAttached(AlertBatch([AlertMention(id: "0199-a", title: "Errors", component: "cdn")])),
        .alertsCleared(AlertBatch([AlertMention(id: "0199-b", title: "Latency", component: nil)])),
        .reportsCounted(
            ReportSeries(
                total: 84, peakPerMinute: 31, baselinePerMinute: 0.6, from: noon, bucketSeconds: 60,
                buckets: [1, 0, 31, 29, 23])),
        .updatePosted(
            UpdatePosted(audience: "public", body: "We are on it.", eta: noon, steps: ["Restart the app"])),
    ]

    private static let restoring: [IncidentEvent] = [
        .stepStarted(
            StepStarted(
                component: "cdn", overridden: ["waits for core (restoring)"], reason: "only reads")),
        .restorationOrdered(RestorationOrdered(components: ["core", "cdn"], reason: "the match begins at eight")),
        .planRevised(planRevision),
        .stepRamped(StepRamped(component: "cdn", percent: 50)),
        .stepVerifying(StepVerifying(component: "cdn", soakUntil: noon)),
        .stepRestored(StepRestored(component: "cdn")),
        .stepWaived(StepWaived(component: "cdn", reason: "is retired tomorrow")),
        .stepFailed(StepFailed(component: "cdn", reason: "the cache was cold")),
        .stepRegressed(StepRegressed(component: "cdn", reason: "an alert fires on it again")),
    ]

    private static let sections = [EditedSection(id: "summary", title: "Summary", markdown: "*What* happened")]

    private static let reviewing: [IncidentEvent] = [
        .reviewDrafted(ReviewDrafted(revision: 1)),
        .reviewRevised(ReviewRevised(revision: 2, status: .inReview, sections: sections, scope: .whole)),
        .reviewRevised(ReviewRevised(revision: 2, status: .inReview, sections: sections)),
        .reviewApproved(ReviewApproved(revision: 2, sections: sections)),
        .reviewApproved(ReviewApproved(revision: 2, sections: sections, order: ["summary", "lessons"])),
        .actionAdded(
            ActionAdded(
                ordinal: 1, title: "Test the configuration", kind: .preventive, owner: "Ron", due: "2026-12-24",
                required: true)),
        .actionChanged(
            ActionChanged(
                ordinal: 1, title: "Test every configuration", kind: .detective, owner: "Mia", due: "2026-12-31",
                required: false, state: .inProgress)),
        .entryRedacted(
            EntryRedacted(
                sequence: 3, reason: "a password", replacementDigest: String(repeating: "0f", count: 32))),
    ]
}
