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

/// What a component consists of, beside its slug, under the names of the API.
package enum ComponentField: String, CaseIterable, Sendable {
    case name, tier, owner, regions
    case expectedRestoreSeconds = "expected_restore_seconds"
    case soakSeconds = "soak_seconds"
    case dependsOn = "depends_on"
    case labels

    /// The fields in which two states of a component differ. Of a component that is new or gone: the fields that it has.
    package static func differences(from before: Component?, to after: Component?) -> [ComponentField] {
        allCases.filter { field in
            switch (before, after) {
            case (let before?, let after?): !field.isSame(before, after)
            case (let one?, nil), (nil, let one?): field.isSet(one)
            case (nil, nil): false
            }
        }
    }

    private func isSame(_ one: Component, _ other: Component) -> Bool {
        switch self {
        case .name: one.name == other.name
        case .tier: one.tier == other.tier
        case .owner: one.owner == other.owner
        case .regions: one.regions == other.regions
        case .expectedRestoreSeconds: one.expectedRestoreSeconds == other.expectedRestoreSeconds
        case .soakSeconds: one.soakSeconds == other.soakSeconds
        case .dependsOn: one.dependsOn == other.dependsOn
        case .labels: one.labels == other.labels
        }
    }

    private func isSet(_ component: Component) -> Bool {
        switch self {
        case .name, .tier: true
        case .owner: component.owner != nil
        case .regions: !component.regions.isEmpty
        case .expectedRestoreSeconds: component.expectedRestoreSeconds != nil
        case .soakSeconds: component.soakSeconds != nil
        case .dependsOn: !component.dependsOn.isEmpty
        case .labels: !component.labels.isEmpty
        }
    }
}
