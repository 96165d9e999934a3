import FoundationEssentials

extension RestorationStory {
    /// GitHub, 21 and 22 October 2018: after 43 s without a link two regions have writes that the other lacks; primaries are restored from
    /// backups for half a day, replicas catch up against the working day, and what was paused is worked off. Times are UTC, of GitHub's own
    /// analysis of 30 October 2018.
    ///
    /// What that does not say is estimated here: tiers, expected times, which part of the traffic a half-restored step carries, some edges
    /// (to the link, between jobs and hooks), and how far the backlog was between its beginning and its end.
    static let github = RestorationStory(
        name: "GitHub 2018-10-21", components: GitHub.components, startedAt: GitHub.at("21T22:52"),
        detectedAt: GitHub.at("21T22:54"), restoringAt: GitHub.at("22T00:05"), endedAt: GitHub.at("22T23:03"),
        hit: GitHub.hit, deeds: GitHub.deeds, looks: GitHub.looks)
}

private enum GitHub {
    /// A day and a time, to the minute or to the second.
    static func at(_ text: String) -> Date {
        Moment.date("2018-10-\(text)\(text.count > 8 ? "" : ":00")Z") ?? .distantPast
    }

    static let components: [JSON] = [
        component("network-link", 0, 300, ["us-east"]),
        component("mysql-primaries", 0, 21_600, ["us-east", "us-west"], needs: "network-link"),
        component("mysql-replicas", 1, 7200, ["us-east", "us-west", "us-east-cloud"]).with([
            // Each cluster's replicas follow as soon as that cluster is back.
            "depends_on": [["component": "mysql-primaries", "kind": "hard", "at": 10]]
        ]),
        component("git-storage", 0, 300, ["us-east"]),
        component("web-api", 0, 900, ["us-east"]).with([
            "depends_on": [
                ["component": "mysql-primaries", "kind": "hard"], ["component": "mysql-replicas", "kind": "soft"],
            ]
        ]),
        component("sign-in", 0, 300, ["us-east"], needs: "mysql-primaries", "web-api").with(["goal": true]),
        component("issues-pulls", 1, 300, ["us-east"], needs: "mysql-primaries", "web-api").with(["goal": true]),
        component("background-jobs", 1, 900, ["us-east"], needs: "mysql-primaries"),
        component("webhooks", 2, 900, ["us-east"], needs: "background-jobs", "mysql-replicas").with(["goal": true]),
        component("pages", 2, 900, ["us-east"], needs: "background-jobs", "mysql-replicas").with(["goal": true]),
        component("company-blog", 3, 1800, ["us-east"]).with([
            "depends_on": [["component": "pages", "kind": "soft"]]
        ]),
    ]

    private static func component(
        _ slug: String, _ tier: Int, _ seconds: Int, _ regions: [String], needs: String...
    ) -> JSON {
        [
            "slug": .string(slug), "tier": .number(Double(tier)), "expected_restore_seconds": .number(Double(seconds)),
            "regions": .array(regions.map(JSON.string)),
            "depends_on": .array(needs.map { ["component": .string($0), "kind": "hard"] }),
        ]
    }

    static let hit: [JSON] = [
        ["component": "network-link", "impact": "major_outage"],
        ["component": "mysql-primaries", "impact": "major_outage", "regions": ["us-east", "us-west"]],
        ["component": "mysql-replicas", "impact": "major_outage", "regions": ["us-east"]],
        ["component": "web-api", "impact": "partial_outage"], ["component": "sign-in", "impact": "degraded"],
        ["component": "issues-pulls", "impact": "partial_outage"],
    ]

    private static func step(_ time: String, _ call: String, _ body: JSON = [:]) -> RestorationStory.Deed {
        .init(at(time), .step(call, body))
    }

    private static func paused(_ component: String, _ impact: String) -> RestorationStory.Deed {
        .init(at("21T23:19"), .hit(component, ["impact": .string(impact)]))
    }

    private static let together: JSON = [
        "without": ["background-jobs"], "reason": "Both work the backlog off together.",
    ]

    static let deeds: [RestorationStory.Deed] = [
        .init(at("21T23:07"), .measure("Deployments are locked.")),
        .init(at("21T23:19"), .measure("Hooks, builds and jobs that write metadata are paused.")),
        paused("background-jobs", "partial_outage"), paused("webhooks", "major_outage"),
        paused("pages", "major_outage"),
        paused("company-blog", "degraded"),
        step("21T22:52", "network-link/start"), step("21T22:52:43", "network-link/verify"),
        step("21T22:52:43", "mysql-primaries@us-west/start"),
        step("22T00:41", "mysql-primaries@us-east/start"),
        .init(at("22T06:50"), .refused("mysql-replicas@us-east/start", waitsFor: ["mysql-primaries@us-east"])),
        step("22T06:51", "mysql-primaries@us-east/ramp", ["percent": 50]),
        // Two hours, they said: a straight line through the lag.
        step("22T06:51", "mysql-replicas@us-east/start", ["expected_at": "2018-10-22T08:51:00Z"]),
        step("22T07:46", "company-blog/start"), step("22T07:46", "company-blog/verify"),
        step("22T11:12", "mysql-primaries@us-east/verify"), step("22T11:12", "mysql-primaries@us-west/verify"),
        step("22T11:12", "web-api/start"), step("22T11:12", "web-api/ramp", ["percent": 50]),
        step("22T16:24", "mysql-replicas@us-east/verify"), step("22T16:24", "web-api/verify"),
        step("22T16:24", "sign-in/start"), step("22T16:24", "sign-in/verify"),
        step("22T16:24", "issues-pulls/start"), step("22T16:24", "issues-pulls/verify"),
        .init(at("22T16:45"), .lift("Hooks, builds and jobs that write metadata are paused.")),
        step("22T16:45", "background-jobs/start"),
        .init(at("22T16:45"), .refused("webhooks/start", waitsFor: ["background-jobs"])),
        step("22T16:45", "webhooks/start", together),
        step("22T16:45", "webhooks/ramp", ["percent": 10, "backlog": 5_000_000]),
        step("22T16:45", "webhooks/fail", ["reason": "200,000 payloads had outlived their time."]),
        step("22T16:45", "webhooks/start", together),
        step("22T16:45", "pages/start", together), step("22T16:45", "pages/ramp", ["percent": 10, "backlog": 80_000]),
        // A sixth of the way, if it went evenly.
        step("22T17:48", "webhooks/ramp", ["percent": 100, "backlog": 4_166_667]),
        step("22T17:48", "pages/ramp", ["percent": 100, "backlog": 66_667]),
        step("22T23:03", "background-jobs/verify"), step("22T23:03", "webhooks/verify"),
        step("22T23:03", "pages/verify"),
    ]

    static let looks: [RestorationStory.Look] = [
        // Restoring from backups has begun. Nothing in the east waits for the west.
        .init(
            at: at("22T01:00"), bottleneck: "mysql-primaries@us-east", startFirst: "company-blog",
            waits: [
                "web-api": ["mysql-primaries@us-east"], "mysql-replicas@us-east": ["mysql-primaries@us-east"],
                "sign-in": ["mysql-primaries@us-east", "web-api"],
                "webhooks": ["background-jobs", "mysql-replicas@us-east"],
            ], inForce: 2, restored: 1),
        // Half an hour after "two hours".
        .init(
            at: at("22T07:30"), bottleneck: "mysql-primaries@us-east", startFirst: "company-blog",
            waits: ["web-api": ["mysql-primaries@us-east"], "background-jobs": ["mysql-primaries@us-east"]],
            overdue: ["mysql-primaries@us-east": 49, "mysql-primaries@us-west": 157], inForce: 2, restored: 1),
        // The primaries are back; the replicas meet the working day.
        .init(
            at: at("22T12:00"), bottleneck: "mysql-replicas@us-east", startFirst: "background-jobs",
            waits: ["webhooks": ["background-jobs", "mysql-replicas@us-east"], "sign-in": ["web-api"]],
            overdue: ["mysql-replicas@us-east": 189, "web-api": 33], inForce: 2, restored: 4),
        // What was paused is being worked off.
        .init(
            at: at("22T18:00"), bottleneck: "background-jobs",
            overdue: ["background-jobs": 60, "webhooks": 60, "pages": 60], inForce: 1, restored: 8),
    ]
}
