/// Whether a component can work without another.
package enum DependencyKind: String, CaseIterable, Codable, Sendable {
    /// Cannot work without it.
    case hard
    /// Works degraded without it.
    case soft
}

/// One edge of the catalog, seen from the component that needs the other.
package struct Dependency: Hashable, Codable, Sendable {
    package var component: String
    package var kind: DependencyKind

    package init(component: String, kind: DependencyKind) {
        self.component = component
        self.kind = kind
    }
}

/// Something of the platform that can be down: a server group, a database, a feature.
package struct Component: Hashable, Codable, Sendable {
    package var slug: String
    package var name: String
    /// 0 = the platform does not exist without it, 1 = the main experience, 2 = user-facing features, 3 = the rest.
    package var tier: Int
    package var owner: String?
    package var regions: [String]
    /// How long restoring it is expected to take.
    package var expectedRestoreSeconds: Int?
    /// How long it must stay healthy before it counts as restored; nil takes the policy of its tier.
    package var soakSeconds: Int?
    package var dependsOn: [Dependency]
    package var labels: [String: String]

    /// The tier of what the catalog does not rank.
    package static let leastCriticalTier = 3

    package init(
        slug: String, name: String, tier: Int, owner: String? = nil, regions: [String] = [],
        expectedRestoreSeconds: Int? = nil, soakSeconds: Int? = nil, dependsOn: [Dependency] = [],
        labels: [String: String] = [:]
    ) {
        self.slug = slug
        self.name = name
        self.tier = tier
        self.owner = owner
        self.regions = regions
        self.expectedRestoreSeconds = expectedRestoreSeconds
        self.soakSeconds = soakSeconds
        self.dependsOn = dependsOn
        self.labels = labels
    }

    private enum CodingKeys: String, CodingKey {
        case slug, name, tier, owner, regions, labels
        case expectedRestoreSeconds = "expected_restore_seconds"
        case soakSeconds = "soak_seconds"
        case dependsOn = "depends_on"
    }
}
