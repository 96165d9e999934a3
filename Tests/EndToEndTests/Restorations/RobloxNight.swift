import FoundationEssentials

extension RestorationStory {
    /// Roblox, 28 to 31 October 2021: the service registry fails after each of four theories, the caches are built from nothing, and
    /// players are let in by tenths. Times are UTC, of Roblox' own report of 20 January 2022.
    ///
    /// What that does not say is estimated here: tiers, expected times, the edges from services to secrets and from players to routing, the
    /// failed start of the caches at 07:30, and the parts of the players (spread evenly over 17:00 to 23:45).
    static let roblox = RestorationStory(
        name: "Roblox 2021-10-28", components: Roblox.components, startedAt: Roblox.at("28T20:37"),
        detectedAt: Roblox.at("28T20:37"), restoringAt: Roblox.at("28T20:37"), endedAt: Roblox.at("31T23:45"),
        hit: ["consul", "vault"].map { ["component": .string($0), "impact": "degraded"] }, deeds: Roblox.deeds,
        looks: Roblox.looks)
}

private enum Roblox {
    static func at(_ text: String) -> Date {
        Moment.date("2021-10-\(text):00Z") ?? .distantPast
    }

    static let components: [JSON] = [
        ["slug": "databases", "name": "Databases", "tier": 0],
        [
            "slug": "consul", "name": "Service registry", "tier": 0, "expected_restore_seconds": 3600,
            "depends_on": [
                [
                    "component": "telemetry", "kind": "restore",
                    "otherwise": "profilers and logs on the servers themselves",
                ]
            ],
        ],
        component("vault", 1, 1800, needs: "consul"),
        component("nomad", 1, 1800, needs: "consul"),
        component("telemetry", 3, 1800, needs: "consul"),
        component("traffic-routing", 0, 1800, needs: "consul"),
        component("caches", 1, 7200, needs: "nomad", "consul", "databases"),
        component("backend-services", 1, 7200, needs: "consul", "nomad", "vault", "caches", "databases"),
        component("play", 0, 14_400, needs: "backend-services", "traffic-routing").with([
            "name": "Players can play", "goal": true,
        ]),
    ]

    private static func component(_ slug: String, _ tier: Int, _ seconds: Int, needs: String...) -> JSON {
        [
            "slug": .string(slug), "tier": .number(Double(tier)), "expected_restore_seconds": .number(Double(seconds)),
            "depends_on": .array(needs.map { ["component": .string($0), "kind": "hard"] }),
        ]
    }

    private static func hit(_ component: String, _ impact: String) -> RestorationStory.Deed {
        .init(at("28T23:35"), .hit(component, ["impact": .string(impact)]))
    }

    private static func step(_ time: String, _ call: String, _ body: JSON = [:]) -> RestorationStory.Deed {
        .init(at(time), .step(call, body))
    }

    private static func failed(_ time: String, _ component: String, _ reason: String) -> RestorationStory.Deed {
        step(time, component + "/fail", ["reason": .string(reason)])
    }

    static let deeds: [RestorationStory.Deed] = [
        step("28T20:37", "consul/start"),
        hit("consul", "major_outage"), hit("nomad", "major_outage"), hit("telemetry", "degraded"),
        hit("traffic-routing", "major_outage"), hit("caches", "major_outage"), hit("backend-services", "major_outage"),
        hit("play", "major_outage"),
        failed("29T02:00", "consul", "It was not the hardware: writes take 2 s on larger machines, too."),
        .init(at("29T09:00"), .measure("Firewall rules keep clients out while the registry is reset.")),
        step("29T09:00", "consul/start"),
        failed("29T11:00", "consul", "It was well until clients were let in."),
        .init(at("29T11:00"), .measure("External traffic is blocked, services are at single digits.")),
        step("29T23:00", "consul/start"),
        failed("30T09:00", "consul", "It was not the crowd: unhealthy with far less load."),
        step("30T09:00", "consul/start"),
        failed("30T19:00", "consul", "It was not the number of cores."),
        step("30T19:00", "consul/start"),
        .init(at("30T22:51"), .measure("Streaming is off.")),
        .init(at("30T22:51"), .measure("Slow leaders are kept from staying elected.")),
        .init(at("31T03:00"), .refused("caches/start", waitsFor: ["consul", "nomad"])),
        step("31T03:00", "consul/verify"),
        step("31T03:00", "vault/start"), step("31T03:00", "vault/verify"),
        step("31T03:00", "nomad/start"), step("31T03:00", "nomad/verify"),
        step("31T03:00", "caches/start"),
        failed("31T07:30", "caches", "The tool cannot build from nothing, and schedules onto a dead node."),
        step("31T07:30", "caches/start"), step("31T12:00", "caches/verify"),
        step("31T12:00", "backend-services/start"), step("31T17:00", "backend-services/verify"),
        step("31T17:00", "traffic-routing/start"), step("31T17:00", "traffic-routing/verify"),
        .init(at("31T17:00"), .measure("Players are admitted by DNS.")),
        step("31T17:00", "play/start"),
        step("31T17:40", "play/ramp", ["percent": 10]),
        step("31T20:22", "play/ramp", ["percent": 50]),
        step("31T23:45", "play/ramp", ["percent": 100]), step("31T23:45", "play/verify"),
        .init(at("31T23:45"), .lift("Players are admitted by DNS.")),
        step("31T23:45", "telemetry/start"), step("31T23:45", "telemetry/verify"),
    ]

    static let looks: [RestorationStory.Look] = [
        // One theory is spent.
        .init(
            at: at("29T03:00"), bottleneck: "consul", startFirst: "consul",
            waits: [
                "nomad": ["consul"], "caches": ["consul", "nomad"], "telemetry": ["consul"],
                "play": ["backend-services", "traffic-routing"],
            ], inForce: 0, restored: 0),
        // The third attempt has gone on for nine hours, an hour before it fails.
        .init(
            at: at("30T08:00"), bottleneck: "consul", waits: ["vault": ["consul"]], overdue: ["consul": 8 * 60],
            inForce: 2,
            restored: 0),
        // An hour before it holds.
        .init(at: at("31T02:00"), bottleneck: "consul", overdue: ["consul": 6 * 60], inForce: 4, restored: 0),
        // The caches, from nothing, for the second time.
        .init(
            at: at("31T10:30"), bottleneck: "caches",
            waits: ["backend-services": ["caches"], "play": ["backend-services", "traffic-routing"]],
            overdue: ["caches": 60], inForce: 4, restored: 3),
        // The first tenth of the players is in.
        .init(at: at("31T18:00"), bottleneck: "play", startFirst: "telemetry", inForce: 5, restored: 6),
    ]
}
