@testable import IncidentDomain

/// A whole incident with everything in it: overrides, a way back, a failed and a forced start, a regression, a waiver,
/// expected times that were told and missed, sections that people wrote, action items.
enum VideoOutage {
    static let graph = DependencyGraph([
        Component(slug: "edge", name: "Edge routers", tier: 0, regions: ["eu-north", "eu-west", "us-east"]),
        Component(slug: "auth", name: "Sign-in", tier: 0, dependsOn: [Dependency(component: "user-db", kind: .hard)]),
        Component(slug: "user-db", name: "User database", tier: 1),
        Component(
            slug: "cdn", name: "Video delivery", tier: 1, regions: ["eu-north", "eu-west"], soakSeconds: 600,
            dependsOn: [Dependency(component: "edge", kind: .hard)]),
        Component(slug: "upload", name: "Upload", tier: 2, dependsOn: [Dependency(component: "auth", kind: .hard)]),
        Component(slug: "stats", name: "Creator statistics", tier: 3),
    ])

    static var underWay: Story {
        var story = Story()
        detect(&story)
        assess(&story)
        mitigate(&story)
        return story
    }

    static var inReview: Story {
        var story = underWay
        restore(&story)
        reviewing(&story)
        return story
    }

    static var closed: Story {
        var story = inReview
        let sections = story.review(graph: graph).currentSections
        story.at(
            "2026-11-24T15:00:00Z", IncidentEvent(ReviewApproved(revision: 2, sections: sections)))
        story.at("2026-11-24T15:02:00Z", .entered(.closed, from: .review))
        story.at(
            "2026-11-30T09:00:00Z", by: "Ron", IncidentEvent(ActionChanged(ordinal: 1, state: .inProgress)))
        return story
    }

    private static func detect(_ story: inout Story) {
        story.at(
            "10:02:30", by: "alertmanager",
            .opened(
                "Videos do not play in Europe",
                summary:
                    "Players show error 503 after ten seconds.\nLive streams are affected as well.\n\nAudio works.",
                startedAt: story.moment("09:58"), labels: ["service": "playback", "team": "delivery"], origin: "alert"),
            IncidentEvent(
                AlertsAttached(
                    AlertBatch([
                        AlertMention(id: "a1", title: "High error rate", component: "cdn"),
                        AlertMention(id: "a2", title: "Router unreachable", component: "edge"),
                    ]))))
        story.at("10:04", by: "Rita", .acknowledged, IncidentEvent(SeveritySet(severity: .sev3)))
        story.at("10:05", by: "Rita", .entered(.assess, from: .detect))
    }

    private static func assess(_ story: inout Story) {
        story.at(
            "10:06", IncidentEvent(RoleAssigned(role: .commander, person: "Carla")),
            IncidentEvent(RoleAssigned(role: .communications, person: "Cleo")),
            .hit("edge", .majorOutage, in: ["eu-north", "eu-west"]),
            .hit("cdn", .majorOutage, in: ["eu-north", "eu-west"]), .hit("user-db", .degraded))
        story.at(
            "10:11", by: "Rita",
            IncidentEvent(
                CauseStated(
                    CauseHypothesis(
                        category: .attack, subcategory: .ddos, evidence: "Traffic to the edge tripled within a minute"))
            ))
        story.at(
            "10:15", IncidentEvent(SeveritySet(severity: .sev1, previous: .sev3)), .hit("auth", .partialOutage),
            .hit("upload", .majorOutage), .hit("stats", .degraded),
            IncidentEvent(
                AudienceImpactSet(
                    AudienceImpact(
                        audience: .users, description: "Cannot watch; some cannot sign in", people: 1_200_000,
                        reports: 8120
                    ))),
            IncidentEvent(
                AudienceImpactSet(
                    AudienceImpact(
                        audience: .businesses, description: "No advertising is shown", money: 184_250.5, currency: "EUR"
                    ))))
        story.at(
            "10:18",
            IncidentEvent(
                PhaseEntered(
                    phase: .mitigate, from: .assess,
                    overridden: [
                        OverriddenRequirement(requirement: .causeConfirmed, detail: "cause not confirmed")
                    ],
                    reason: "Rerouting helps whatever the cause is")))
    }

    private static func mitigate(_ story: inout Story) {
        story.at(
            "10:19", by: "Ron",
            IncidentEvent(
                MitigationAdded(
                    id: 1, description: "Block the top talkers", kind: "block", owner: "Ron", state: .running)),
            IncidentEvent(TaskAdded(id: 1, text: "Call the carrier", owner: "Ron")))
        story.at(
            "10:25", by: "Cleo",
            IncidentEvent(
                UpdatePosted(
                    audience: "public", body: "Videos do not play for many of you in Europe. We are on it.",
                    eta: story.moment("11:30"), steps: ["Downloads still play", "Please do not reinstall the app"])))
        story.at("10:31", by: "Ron", .mitigation(1, .failed, was: .running))
        story.at(
            "10:32",
            .reverted(.assess, from: .mitigate, reason: "It is no attack: the traffic was retries of our own players"))
        story.at(
            "10:38", by: "Rita",
            IncidentEvent(
                CauseStated(
                    CauseHypothesis(category: .attack, confidence: .refuted, evidence: "The senders are our players"))),
            IncidentEvent(
                CauseStated(
                    CauseHypothesis(
                        category: .technical, subcategory: .configuration, confidence: .confirmed,
                        evidence: "The route filter of 09:57 drops the prefix of eu-west"))),
            .note("Retries without back-off look exactly like an attack."))
        story.at("10:40", .entered(.mitigate, from: .assess))
        story.at(
            "10:41", by: "Ron",
            IncidentEvent(
                MitigationAdded(
                    id: 2, description: "Roll the route filter back", kind: "rollback", owner: "Ron", state: .running)))
        story.at("10:52", by: "Ron", .mitigation(2, .succeeded, was: .running))
    }

    private static func restore(_ story: inout Story) {
        story.at(
            "10:52:30", by: "musterd",
            IncidentEvent(
                ReportsCounted(
                    ReportSeries(
                        total: 2_855, peakPerMinute: 97, baselinePerMinute: 0.6, from: story.moment("09:57"),
                        bucketSeconds: 60,
                        buckets: [1, 0, 0, 2, 5, 21, 44, 61] + [Int](repeating: 58, count: 30)
                            + (0..<18).map { 97 - $0 * 5 }))))
        story.at("10:53", .entered(.restore, from: .mitigate))
        story.at("10:54", by: "Ron", .started("edge"), IncidentEvent(TaskChanged(id: 1, done: true)))
        story.at("11:02", by: "Ron", .restored("edge"), .started("user-db"))
        story.at("11:09", by: "Ron", .restored("user-db"), .started("auth"), .started("cdn"), .ramped("cdn", 10))
        story.at(
            "11:12",
            .started(
                "upload", overridden: ["waits for auth (restoring)"],
                reason: "Creators lose recordings of the live event"))
        story.at(
            "11:15", by: "Ron", .restored("auth"), IncidentEvent(StepFailed(component: "cdn", reason: "cold caches")))
        story.at("11:20", by: "Ron", .started("cdn"), .ramped("cdn", 50))
        story.at(
            "11:25", by: "Cleo",
            IncidentEvent(
                UpdatePosted(audience: "public", body: "Sign-in works again.", eta: story.moment("12:15"))))
        story.at("11:30", by: "Ron", .restored("upload"))
        story.at(
            "11:35", by: "alertmanager",
            IncidentEvent(
                AlertsAttached(AlertBatch([AlertMention(id: "a3", title: "Upload queue grows", component: "upload")]))),
            IncidentEvent(StepRegressed(component: "upload", reason: "an alert is firing on it again")))
        story.at("11:40", IncidentEvent(StepWaived(component: "stats", reason: "Nobody needs it before Monday")))
        story.at("11:45", by: "Ron", .started("upload"))
        story.at(
            "11:50", by: "Ron", .ramped("cdn", 100),
            IncidentEvent(StepVerifying(component: "cdn", soakUntil: story.moment("12:00"))), .restored("upload"))
        story.at(
            "12:00", by: "musterd", .restored("cdn"),
            IncidentEvent(
                AlertsCleared(
                    AlertBatch([
                        AlertMention(id: "a1", title: "High error rate", component: "cdn"),
                        AlertMention(id: "a2", title: "Router unreachable", component: "edge"),
                        AlertMention(id: "a3", title: "Upload queue grows", component: "upload"),
                    ]))))
    }

    private static func reviewing(_ story: inout Story) {
        story.at("12:05", .entered(.review, from: .restore), IncidentEvent(ReviewDrafted(revision: 1)))
        story.at(
            "14:00",
            IncidentEvent(
                ActionAdded(
                    ordinal: 1, title: "Players back off between retries", kind: .preventive, owner: "Ron",
                    due: "2026-12-24", required: true)),
            IncidentEvent(
                ActionAdded(ordinal: 2, title: "Alert on dropped prefixes", kind: .detective, required: false)))
        story.at(
            "2026-11-23T10:00:00Z", by: "Vera",
            IncidentEvent(
                ReviewRevised(
                    revision: 2, status: .inReview,
                    sections: [
                        EditedSection(
                            id: "what_went_well",
                            markdown: """
                                Three things, in this order:

                                1. The rollback was **rehearsed**.
                                2. `muster advance` told us what was missing.
                                   - also at 3 a.m.
                                3. The [runbook](https://wiki.example/edge) was right.
                                """),
                        EditedSection(
                            id: "what_went_wrong",
                            markdown: """
                                # Contributing factors
                                | factor | weight |
                                |--------|-------:|
                                | retries without back-off | high |
                                | no alert on *dropped prefixes* | medium |
                                """),
                        EditedSection(
                            id: "carrier_view", title: "The carrier's view",
                            markdown: "They saw nothing.\n\n```\nmtr --report edge.example\n```"),
                    ])))
    }
}
