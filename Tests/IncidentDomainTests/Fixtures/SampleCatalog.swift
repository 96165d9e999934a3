@testable import IncidentDomain

/// A small platform with one of each: a chain of hard dependencies that makes `user-db` as critical as what needs it, a
/// soft dependency, a component in between that is seldom affected itself, regions, and a soak time of its own.
enum SampleCatalog {
    static let graph = DependencyGraph(components)

    static let components: [Component] = [
        Component(slug: "auth", name: "Sign-in", tier: 0, expectedRestoreSeconds: 300, dependsOn: [hard("user-db")]),
        Component(slug: "user-db", name: "Users", tier: 2, expectedRestoreSeconds: 600),
        Component(
            slug: "feed", name: "Feed", tier: 1, expectedRestoreSeconds: 120,
            dependsOn: [hard("ranking"), soft("comments")]),
        Component(slug: "ranking", name: "Ranking", tier: 3, expectedRestoreSeconds: 60, dependsOn: [hard("features")]),
        Component(slug: "features", name: "Feature store", tier: 3, expectedRestoreSeconds: 240),
        Component(slug: "comments", name: "Comments", tier: 2, expectedRestoreSeconds: 60, dependsOn: [hard("auth")]),
        Component(
            slug: "upload", name: "Upload", tier: 2, regions: ["eu-west", "us-east"], expectedRestoreSeconds: 180,
            soakSeconds: 120),
        Component(slug: "archive", name: "Archive", tier: 3),
    ]

    private static func hard(_ slug: String) -> Dependency { Dependency(component: slug, kind: .hard) }
    private static func soft(_ slug: String) -> Dependency { Dependency(component: slug, kind: .soft) }
}

extension IncidentCommand {
    static func hit(_ component: String, _ level: ImpactLevel = .majorOutage) -> IncidentCommand {
        .setImpact(ComponentImpact(component: component, impact: level))
    }

    static func note(_ text: String) -> IncidentCommand { .addNote(text: text, key: false) }
    static let advance = IncidentCommand.advance(to: nil, reason: nil, override: false)
    static func force(_ reason: String? = "no time") -> IncidentCommand {
        .advance(to: nil, reason: reason, override: true)
    }
    static func set(_ severity: Severity) -> IncidentCommand { .amend(IncidentAmendment(severity: severity)) }
    static let technical = IncidentCommand.stateCause(CauseHypothesis(category: .technical))
    static func start(_ component: String) -> IncidentCommand {
        .startStep(component: component, override: false, reason: nil)
    }
    static func verify(_ component: String) -> IncidentCommand { .verifyStep(component: component) }
    static func waive(_ component: String) -> IncidentCommand {
        .waiveStep(component: component, reason: "not worth it")
    }
    static func mitigate(_ state: MitigationState) -> IncidentCommand {
        .addMitigation(MitigationDraft(description: "Roll back", state: state))
    }
    static func fires(_ components: String?...) -> IncidentCommand { .attachAlerts(alerts(components)) }
    static func clears(_ components: String?...) -> IncidentCommand { .clearAlerts(alerts(components)) }

    private static func alerts(_ components: [String?]) -> [AlertMention] {
        components.map { AlertMention(id: "a-\($0 ?? "")", title: "Errors", component: $0) }
    }
}

/// The commands that lead an incident through the phases by the default policy.
enum Way {
    static let toAssess: [IncidentCommand] = [.acknowledge, .advance]
    static func toMitigate(_ components: [String] = ["feed"]) -> [IncidentCommand] {
        toAssess + components.map { .hit($0) }
            + [.set(.sev2), .assignRole(.commander, person: "Carla"), .technical, .advance]
    }
    static func toRestore(_ components: [String] = ["feed"]) -> [IncidentCommand] {
        toMitigate(components) + [.mitigate(.succeeded), .advance]
    }
    static let toReview = toRestore() + [.start("feed"), .verify("feed"), .advance]
    static let toClosed = toReview + [.draftReview, .approveReview(sections: []), .advance]

    static func to(_ phase: Phase) -> [IncidentCommand] {
        switch phase {
        case .detect: []
        case .assess: toAssess
        case .mitigate: toMitigate()
        case .restore: toRestore()
        case .review: toReview
        case .closed: toClosed
        case .dismissed: [.dismiss(reason: "a test alert")]
        case .merged: [.merge(into: 7, reason: nil)]
        }
    }
}

extension Given {
    /// An incident with an outage of the feed, led to a phase by the default policy.
    static func incident(in phase: Phase) throws -> Given {
        try Given().and(Way.to(phase))
    }

    /// One that restores these components.
    static func restoring(_ components: String..., soak: SoakPolicy = SoakPolicy()) throws -> Given {
        try Given(soak: soak).and(Way.toRestore(components))
    }
}
