import Testing

@testable import IncidentDomain
@testable import MusterServer

/// An incident that restores something, as plans are made of it without a database.
struct PlanSample {
    var incident: Incident
    let graph: DependencyGraph
    var waves = WavePolicy.advise

    static let now = Timestamp("2026-11-22T15:00:00Z") ?? Timestamp(milliseconds: 0)

    /// - Parameter down: Names of steps.
    init(_ title: String, _ components: [Component], down: [String]) throws {
        let facts = DecisionFacts(
            principal: .daemon, now: Self.now, policy: PhasePolicy(), graph: .empty, soak: SoakPolicy())
        let opened = try #require(try Incident.decide(.open(OpenIncident(title: title)), on: nil, facts: facts).first)
        let recorded = RecordedEvent(
            sequence: 1, event: IncidentEvent(opened), actor: .daemon, occurredAt: Self.now, recordedAt: Self.now)
        incident = try #require(Incident.evolve(nil, recorded, number: 42))
        incident.steps = down.map(RestorationStep.init)
        graph = DependencyGraph(components)
    }

    var plan: RestorationPlan {
        RestorationPlan.make(
            for: incident, in: graph, soak: SoakPolicy(secondsByTier: [0: 300]), waves: waves, measured: .none,
            now: Self.now, order: incident.restorationOrder ?? [])
    }

    mutating func change(_ name: String, _ change: (inout RestorationStep) -> Void) {
        for index in incident.steps.indices where incident.steps[index].component == name {
            change(&incident.steps[index])
        }
    }

    /// A platform of any size that is down as a whole: each component needs up to three others, a few are what users have.
    static func platform(_ count: Int, waves: WavePolicy = .advise) throws -> PlanSample {
        let owners = ["storage", "network", "identity", "media", "payments", "search", "data"]
        let components = (0..<count).map { index in
            let needs = Set([index / 2, index - 3, index - 7].filter { $0 >= 0 && $0 < index }).sorted()
            return Component(
                slug: "component-\(index)", name: "Component \(index)", tier: index * 4 / count,
                owner: owners[index % owners.count], expectedRestoreSeconds: 60 * (1 + index % 10),
                dependsOn: needs.map { Dependency(component: "component-\($0)", kind: .hard) },
                goal: index.isMultiple(of: max(1, count / 6)) ? true : nil)
        }
        var sample = try PlanSample("Everything is down", components, down: components.map(\.slug))
        sample.waves = waves
        return sample
    }

    private static func component(
        _ slug: String, _ name: String, tier: Int, _ owner: String, minutes: Int?, needs: [String] = [],
        soft: [String] = [], goal: Bool? = nil, regions: [String] = [], regional: Bool? = nil
    ) -> Component {
        Component(
            slug: slug, name: name, tier: tier, owner: owner, regions: regions,
            expectedRestoreSeconds: minutes.map { $0 * 60 }, soakSeconds: 0,
            dependsOn: needs.map { Dependency(component: $0, kind: .hard) }
                + soft.map { Dependency(component: $0, kind: .soft) }, goal: goal, regional: regional)
    }

    private static let video: [Component] = [
        component("user-db", "User database", tier: 0, "storage", minutes: 15),
        component("video-db", "Video metadata database", tier: 0, "storage", minutes: 12),
        component("session-cache", "Session cache", tier: 0, "identity", minutes: 5),
        component(
            "auth", "Sign-in and sessions", tier: 0, "identity", minutes: 5, needs: ["user-db"], soft: ["session-cache"]
        ),
        component("feed", "Home feed", tier: 1, "home", minutes: 10, needs: ["auth", "user-db", "video-db"]),
        component("playback", "Video playback", tier: 1, "media", minutes: 10, needs: ["auth", "video-db"]),
        component("search", "Search", tier: 1, "search", minutes: 20, needs: ["auth"], soft: ["video-db"]),
        component("comments", "Comments", tier: 2, "social", minutes: 5, needs: ["auth", "user-db"]),
    ]

    /// What README shows.
    static func walkThrough() throws -> PlanSample {
        var sample = try PlanSample("Nobody can sign in", video, down: video.map(\.slug))
        sample.change("user-db") { step in
            step.start(at: now.adding(seconds: -300), nil)
            step.rampPercent = 60
        }
        sample.change("session-cache") { step in
            step.start(at: now.adding(seconds: -600), nil)
            step.restore(at: now.adding(seconds: -240))
        }
        return sample
    }

    /// Users have three things; one database is overdue, and load is shed.
    static func goals() throws -> PlanSample {
        let goals = [
            component("sign-in", "Sign in", tier: 0, "identity", minutes: nil, needs: ["auth"], goal: true),
            component("watch", "Watch", tier: 0, "media", minutes: nil, needs: ["playback"], goal: true),
            component("home", "Home", tier: 1, "home", minutes: nil, needs: ["feed", "search"], goal: true),
        ]
        var sample = try PlanSample("Nobody can sign in, nothing plays", video + goals, down: video.map(\.slug))
        sample.change("video-db") { $0.start(at: now.adding(seconds: -16_920), nil) }
        sample.change("user-db") { $0.start(at: now.adding(seconds: -300), nil) }
        sample.change("comments") { $0.waive() }
        sample.incident.mitigations = [
            Mitigation(id: 1, description: "Videos are played in two of five qualities", state: .running, inForce: true)
        ]
        return sample
    }

    /// A database and all that needs it is down in two regions, and the name service everywhere.
    static func regions() throws -> PlanSample {
        let both = ["eu", "us"]
        let components = [
            component("names", "Name service", tier: 0, "network", minutes: 5, regions: both, regional: false),
            component("db", "Database", tier: 0, "storage", minutes: 20, needs: ["names"], regions: both),
            component("cache", "Cache", tier: 1, "storage", minutes: 10, needs: ["names"], regions: both),
            component("feed", "Feed", tier: 1, "home", minutes: 10, needs: ["db", "cache"], regions: both),
            component("upload", "Upload", tier: 1, "media", minutes: 10, needs: ["db"], goal: true, regions: both),
            component("home", "Home", tier: 0, "home", minutes: nil, needs: ["feed"], goal: true),
        ]
        let regional = ["db", "cache", "feed", "upload"].flatMap { slug in both.map { "\(slug)@\($0)" } }
        var sample = try PlanSample("Two regions without a database", components, down: ["names"] + regional)
        sample.change("names") { step in
            step.start(at: now.adding(seconds: -900), nil)
            step.restore(at: now.adding(seconds: -600))
        }
        sample.change("db@eu") { step in
            step.start(at: now.adding(seconds: -540), nil)
            step.rampPercent = 50
        }
        return sample
    }

    /// An outage of a whole platform, some minutes after the first steps.
    static func hundreds() throws -> PlanSample {
        var sample = try platform(400)
        for index in 0..<40 {
            sample.change("component-\(index)") { step in
                step.start(at: now.adding(seconds: -1200), nil)
                if index < 30 { step.restore(at: now.adding(seconds: -600)) }
            }
        }
        return sample
    }
}

extension RestorationPicture {
    init(_ sample: PlanSample) {
        self.init(sample.plan, of: sample.incident, in: sample.graph)
    }
}
