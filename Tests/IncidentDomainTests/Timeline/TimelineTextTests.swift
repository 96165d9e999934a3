import Testing

@testable import IncidentDomain

struct TimelineTextTests {
    private static let noon = clock("12:00")

    @Test(arguments: [
        (
            IncidentEvent(
                IncidentOpened(title: "Feed is slow", startedAt: noon, labels: [:], origin: "person")),
            "Opened: Feed is slow. Impact started 2026-11-22 12:00:00 UTC."
        ),
        (
            IncidentEvent(IncidentOpened(title: "Is it down?", startedAt: noon, labels: [:], origin: "alert")),
            "Opened by an alert: Is it down? Impact started 2026-11-22 12:00:00 UTC."
        ),
        (
            IncidentEvent(IncidentDescribed(title: "New", summary: "Two\nlines", labels: ["b": "2", "a": "1"])),
            "Title changed to “New”; summary changed to “Two lines”; labels set to a=1, b=2."
        ),
        (IncidentEvent(IncidentDescribed(labels: [:])), "Labels removed."),
        (
            IncidentEvent(StartCorrected(startedAt: clock("11:50"), previous: noon)),
            "Impact start corrected to 2026-11-22 11:50:00 UTC (was 2026-11-22 12:00:00 UTC)."
        ),
        (IncidentEvent(SeveritySet(severity: .sev1, previous: .sev3)), "Severity set to sev1 (was sev3)."),
        (IncidentEvent(SeveritySet(severity: .sev1)), "Severity set to sev1."),
        (
            IncidentEvent(SeveritySet(severity: .sev1, previous: .sev3, origin: .alert)),
            "Severity set to sev1 (was sev3), as its alerts say."
        ),
        (
            IncidentEvent(SeveritySet(severity: .sev1, previous: .sev1)),
            "Severity set to sev1, confirmed by a person."
        ),
        (IncidentEvent(Acknowledged()), "Acknowledged."),
        (
            IncidentEvent(
                PhaseEntered(
                    phase: .restore, from: .mitigate,
                    overridden: [
                        OverriddenRequirement(
                            requirement: .noFiringAlert, detail: "2 alerts are still firing on cdn-edge"),
                        OverriddenRequirement(requirement: .tasksDone, detail: "task 1 is not done: call"),
                    ], reason: "they are stale")),
            "Restoration started with overrides: 2 alerts are still firing on cdn-edge; task 1 is not done: call. "
                + "Reason: they are stale."
        ),
        (
            IncidentEvent(PhaseEntered(phase: .closed, from: .review, overridden: [], reason: "All done!")),
            "Closed. Reason: All done!"
        ),
        (
            IncidentEvent(PhaseReverted(phase: .mitigate, from: .closed, reason: "it is back")),
            "Reopened, back to mitigation. Reason: it is back."
        ),
        (IncidentEvent(IncidentMerged(into: 7)), "Merged into INC-7."),
        (
            IncidentEvent(
                IncidentAbsorbed(
                    number: 8, title: "Uploads fail",
                    impacts: [ComponentImpact(component: "upload", impact: .degraded)], firing: ["upload": 1], alerts: 2
                )),
            "INC-8 “Uploads fail” merged into this incident, with impacts on upload and 2 alerts."
        ),
    ])
    func `what happened to the incident is said`(_ event: IncidentEvent, _ text: String) {
        #expect(event.sentence == text)
    }

    @Test(arguments: [
        (
            IncidentEvent(
                CauseStated(
                    CauseHypothesis(
                        category: .technical, subcategory: .cdnFault, confidence: .refuted, evidence: "it is fast"))),
            "Cause refuted: CDN fault (technical). Evidence: it is fast."
        ),
        (IncidentEvent(RoleAssigned(role: .commander, person: "Mia", previous: "Ron")), "Mia is commander (was Ron)."),
        (
            IncidentEvent(
                ImpactSet(
                    ComponentImpact(
                        component: "cdn", impact: .majorOutage, regions: ["eu-north", "eu-west"], startedAt: noon,
                        endedAt: clock("12:10")))),
            "Impact on cdn: major outage in eu-north, eu-west, from 2026-11-22 12:00:00 UTC, "
                + "until 2026-11-22 12:10:00 UTC."
        ),
        (
            IncidentEvent(
                AudienceImpactSet(
                    AudienceImpact(
                        audience: .users, description: "cannot watch", people: 1, money: 12_500.5, currency: "EUR",
                        reports: 1))),
            "Impact on users: cannot watch. 1 person affected, EUR 12,500.50 at risk, 1 report received."
        ),
        (IncidentEvent(NoteAdded(text: "one\n\ttwo", key: true)), "Key note: one two"),
        (
            IncidentEvent(
                MitigationAdded(id: 1, description: "Roll back", kind: "rollback", owner: "Ron", state: .running)),
            "Mitigation 1 (rollback, running, owner Ron): Roll back."
        ),
        (
            IncidentEvent(MitigationChanged(id: 1, state: .rolledBack, previous: .running)),
            "Mitigation 1 was rolled back (was running)."
        ),
        (IncidentEvent(MitigationChanged(id: 1)), "Mitigation 1 changed."),
        (IncidentEvent(TaskChanged(id: 2, owner: "Mia", done: true)), "Task 2 is done; owner set to Mia."),
        (
            IncidentEvent(
                StepStarted(component: "cdn", overridden: ["waits for core (restoring)"], reason: "reads only")),
            "Restoring cdn started with overrides: waits for core (restoring). Reason: reads only."
        ),
        (
            IncidentEvent(StepRegressed(component: "cdn", reason: "an alert is firing on it again")),
            "cdn regressed: an alert is firing on it again."
        ),
        (
            IncidentEvent(
                AlertsAttached(
                    AlertBatch(
                        (1...5).map {
                            AlertMention(id: "\($0)", title: "Errors \($0)", component: $0 == 1 ? nil : "cdn")
                        }))),
            "5 alerts attached on cdn: “Errors 1”, “Errors 2”, “Errors 3” and 2 more."
        ),
        (
            IncidentEvent(
                AlertsAttached(
                    AlertBatch(
                        [AlertMention(id: "1", title: "Errors", component: "feed")],
                        correlation: AlertCorrelation(
                            component: "feed", through: ["feed", "user-db"], direction: .dependsOnAffected)))),
            "1 alert attached on feed: “Errors”, because feed depends on user-db."
        ),
        (
            IncidentEvent(
                UpdatePosted(audience: "public", body: "We are on it", eta: noon, steps: ["Wait", "Restart"])),
            "Update posted to public: We are on it. ETA: 2026-11-22 12:00:00 UTC. What to do: Wait; Restart."
        ),
        (
            IncidentEvent(ActionChanged(ordinal: 1, owner: "Ron", due: "2026-12-24", state: .inProgress)),
            "Action item 1 is in progress; owner set to Ron; due date set to 2026-12-24."
        ),
        (
            IncidentEvent(EntryRedacted(sequence: 3, reason: "a password", replacementDigest: "00")),
            "Entry 3 redacted. Reason: a password."
        ),
    ])
    func `what people found and did is said`(_ event: IncidentEvent, _ text: String) {
        #expect(event.sentence == text)
    }

    @Test(arguments: EveryEvent.all)
    func `every event has a text on one line, and so has what is left of it when it was redacted`(
        _ event: IncidentEvent
    ) {
        for text in [event.sentence, event.redacted.sentence] {
            #expect(!text.isEmpty)
            #expect(!text.contains { $0.isNewline })
            #expect(text.first?.isWhitespace == false && text.last?.isWhitespace == false)
        }
    }
}
