@testable import IncidentDomain
@testable import MusterServer

/// One event of every kind, with every field set: what the golden files are made of.
enum EventSamples {
    static let all = (opening + assessing + working + updating + restoring + reviewing).map(IncidentEvent.init)

    private static let noon = Timestamp(milliseconds: 1_795_348_800_123)
    private static let before = Timestamp(milliseconds: 1_795_345_200_000)

    private static let planRevision = PlanRevised(
        revision: 3, changes: [.components, .order, .expected], joined: ["cdn"], left: ["ads"],
        waves: [["core"], ["cdn", "edge"]],
        expected: ExpectedRestoration(median: noon, p90: noon.adding(seconds: 600)),
        previous: ExpectedRestoration(median: before, p90: noon),
        spans: [PlannedSpan(component: "core", begin: before, end: noon)])

    private static let opening: [any TimelineEvent] = [
        IncidentOpened(
            title: "Videos do not play", summary: "Error 503 / \"edge\" – ünïcode ✓", startedAt: before,
            labels: ["region": "eu-west", "service": "playback"], origin: "alert"),
        IncidentDescribed(title: "Videos stall", summary: "After ten seconds", labels: ["region": "eu-north"]),
        StartCorrected(startedAt: before, previous: noon),
        SeveritySet(severity: .sev2, previous: .sev3),
        Acknowledged(),
        PhaseEntered(
            phase: .mitigate, from: .assess,
            overridden: [OverriddenRequirement(requirement: .causeGiven, detail: "no cause category is given")],
            reason: "the rollback cannot wait"),
        PhaseReverted(phase: .mitigate, from: .restore, reason: "it broke again"),
        IncidentDismissed(reason: "a test alert"),
        IncidentMerged(into: 7, reason: "the same outage"),
        IncidentAbsorbed(
            number: 8, title: "Uploads fail", impacts: [impact], firing: ["": 1, "cdn": 2], alerts: 3),
    ]

    private static let assessing: [any TimelineEvent] = [
        CauseStated(
            CauseHypothesis(
                category: .technical, subcategory: .configuration, confidence: .confirmed, evidence: "the diff of 11:58"
            )),
        RoleAssigned(role: .commander, person: "Mia", previous: "Ron"),
        ImpactSet(impact),
        ImpactRemoved(component: "cdn"),
        AudienceImpactSet(
            AudienceImpact(
                audience: .users, description: "cannot watch", people: 1_200_000, money: 12_500.5, currency: "EUR",
                reports: 812)),
    ]

    private static let impact = ComponentImpact(
        component: "cdn", impact: .majorOutage, regions: ["eu-north", "eu-west"], startedAt: before, endedAt: noon)

    private static let working: [any TimelineEvent] = [
        NoteAdded(text: "line one\nline two", key: true),
        MitigationAdded(id: 1, description: "Roll back", kind: "rollback", owner: "Ron", state: .running),
        MitigationChanged(
            id: 1, description: "Roll back again", kind: "rollback", owner: "Mia", state: .succeeded,
            previous: .running),
        TaskAdded(id: 1, text: "Call the carrier", owner: "Ron"),
        TaskChanged(id: 1, text: "Call both carriers", owner: "Mia", done: true),
        AlertsAttached(AlertBatch([AlertMention(id: "0199-a", title: "Errors", component: "cdn")])),
        AlertsCleared(AlertBatch([AlertMention(id: "0199-b", title: "Latency", component: nil)])),
        ReportsCounted(
            ReportSeries(
                total: 84, peakPerMinute: 31, baselinePerMinute: 0.6, from: noon, bucketSeconds: 60,
                buckets: [1, 0, 31, 29, 23])),
        UpdatePosted(audience: "public", body: "We are on it.", eta: noon, steps: ["Restart the app"]),
    ]

    private static let content = UpdateContent(
        audience: .users, language: "de", body: "Wir arbeiten daran.", eta: noon, steps: ["Neu laden"],
        nextUpdateAt: noon)

    private static let updating: [any TimelineEvent] = [
        UpdateDrafted(id: 3, revision: 2, content: content, publishAt: noon, template: "assess.de", corrects: 2),
        UpdateApproved(id: 3, revision: 2),
        UpdateScheduled(id: 3, publishAt: noon),
        UpdateHeld(id: 3, why: .notApproved),
        UpdateWithdrawn(id: 3, reason: "it is over"),
        UpdateCorrected(id: 2, revision: 2, content: content, reason: "a wrong time", draft: 3),
        UpdateOverdue(due: noon),
        ReviewOverdue(due: noon),
        EtaSet(eta: noon, source: .person, reason: "the vendor says so", previous: before, slipped: true),
    ]

    private static let restoring: [any TimelineEvent] = [
        StepStarted(
            component: "cdn", overridden: ["waits for core (restoring)"], reason: "only reads"),
        RestorationOrdered(components: ["core", "cdn"], reason: "the match begins at eight"),
        planRevision,
        StepRamped(component: "cdn", percent: 50),
        StepVerifying(component: "cdn", soakUntil: noon),
        StepRestored(component: "cdn"),
        StepWaived(component: "cdn", reason: "is retired tomorrow"),
        StepFailed(component: "cdn", reason: "the cache was cold"),
        StepRegressed(component: "cdn", reason: "an alert fires on it again"),
    ]

    private static let sections = [EditedSection(id: "summary", title: "Summary", markdown: "*What* happened")]

    private static let reviewing: [any TimelineEvent] = [
        ReviewDrafted(revision: 1),
        ReviewRevised(revision: 2, status: .inReview, sections: sections, scope: .whole),
        ReviewRevised(revision: 2, status: .inReview, sections: sections),
        ReviewApproved(revision: 2, sections: sections),
        ReviewApproved(revision: 2, sections: sections, order: ["summary", "lessons"]),
        ActionAdded(
            ordinal: 1, title: "Test the configuration", kind: .preventive, owner: "Ron", due: "2026-12-24",
            required: true),
        ActionChanged(
            ordinal: 1, title: "Test every configuration", kind: .detective, owner: "Mia", due: "2026-12-31",
            required: false, state: .inProgress),
        EntryRedacted(
            sequence: 3, reason: "a password", replacementDigest: String(repeating: "0f", count: 32)),
    ]
}
