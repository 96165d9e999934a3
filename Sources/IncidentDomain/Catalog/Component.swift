/// Whether a component can work without another.
package enum DependencyKind: String, CaseIterable, Codable, Sendable {
    /// Cannot work without it.
    case hard
    /// Works degraded without it.
    case soft
}

/// How far a hard dependency has to be before the work on what needs it may start.
package enum DependencyOpening: Hashable, Sendable {
    /// It is up and soaks.
    case verifying
    /// So many percent of its traffic are back; 1 to 100.
    case ramp(Int)
}

extension DependencyOpening: Codable {
    /// Shape: `"verifying"` or a number of percent.
    package init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let percent = try? value.decode(Int.self), (1...100).contains(percent) {
            self = .ramp(percent)
        } else if try value.decode(String.self) == "verifying" {
            self = .verifying
        } else {
            throw DecodingError.dataCorruptedError(in: value, debugDescription: "neither verifying nor 1 to 100")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        switch self {
        case .verifying: try value.encode("verifying")
        case .ramp(let percent): try value.encode(percent)
        }
    }
}

/// One edge of the catalog, seen from the component that needs the other.
package struct Dependency: Hashable, Codable, Sendable {
    package var component: String
    package var kind: DependencyKind
    /// Of a hard one: when the dependent may start. Nil is when the dependency is restored, or what the policy says.
    package var at: DependencyOpening?

    package init(component: String, kind: DependencyKind, at: DependencyOpening? = nil) {
        self.component = component
        self.kind = kind
        self.at = at
    }
}

/// What restoring a component needs, though it works without: a deploy tool, a name service, a badge reader. In the API a
/// dependency of the kind `restore`. It holds nothing up, and may lead in a circle.
package struct RestoreNeed: Hashable, Codable, Sendable {
    package var component: String
    /// How it is restored when that is down as well, as "console server, runbook URL".
    package var otherwise: String?

    package init(component: String, otherwise: String? = nil) {
        (self.component, self.otherwise) = (component, otherwise)
    }
}

/// A part of the traffic that a component is given while it comes back, and how long it stays at it at least: cold caches and
/// herds of clients need time.
package struct RampStage: Hashable, Codable, Sendable {
    /// 1 to 100; stages ascend. At 100 it takes all, and stays at nothing.
    package var percent: Int
    package var minutes: Int

    package init(percent: Int, minutes: Int) {
        (self.percent, self.minutes) = (percent, minutes)
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
    /// Nil when there are none.
    package var restoreNeeds: [RestoreNeed]?
    package var labels: [String: String]
    /// Whether it is what users have, as "sign in": restored when what it needs is.
    package var goal: Bool?
    /// Of a goal: in how many of its regions users have to have it. Nil is in all of them.
    package var enoughRegions: Int?
    /// How it takes up traffic again; nil for evenly, within its expected time.
    package var ramp: [RampStage]?
    /// False for what is one thing in all its regions, as a global name service. Nil is true: an outage in some regions is restored
    /// region by region.
    package var regional: Bool?
    /// How it stands on the public page; nil where it is not public at all.
    package var publicListing: PublicListing?

    /// The tier of what the catalog does not rank.
    package static let leastCriticalTier = 3

    package init(
        slug: String, name: String, tier: Int, owner: String? = nil, regions: [String] = [],
        expectedRestoreSeconds: Int? = nil, soakSeconds: Int? = nil, dependsOn: [Dependency] = [],
        labels: [String: String] = [:], goal: Bool? = nil, regional: Bool? = nil,
        restoreNeeds: [RestoreNeed]? = nil, ramp: [RampStage]? = nil, enoughRegions: Int? = nil,
        publicListing: PublicListing? = nil
    ) {
        self.publicListing = publicListing
        self.enoughRegions = enoughRegions
        self.ramp = ramp
        self.restoreNeeds = restoreNeeds
        self.slug = slug
        self.name = name
        self.tier = tier
        self.owner = owner
        self.regions = regions
        self.expectedRestoreSeconds = expectedRestoreSeconds
        self.soakSeconds = soakSeconds
        self.dependsOn = dependsOn
        self.labels = labels
        self.goal = goal
        self.regional = regional
    }

    private enum CodingKeys: String, CodingKey {
        case slug, name, tier, owner, regions, labels, goal, regional, ramp
        case expectedRestoreSeconds = "expected_restore_seconds"
        case soakSeconds = "soak_seconds"
        case dependsOn = "depends_on"
        case restoreNeeds = "restore_needs"
        case enoughRegions = "enough_regions"
        case publicListing = "public"
    }
}

/// What a component consists of, beside its slug, under the names of the API.
package enum ComponentField: String, CaseIterable, Sendable {
    case name, tier, owner, regions
    case expectedRestoreSeconds = "expected_restore_seconds"
    case soakSeconds = "soak_seconds"
    case dependsOn = "depends_on"
    case ramp, labels, goal
    case enoughRegions = "enough_regions"
    case regional
    case publicListing = "public"

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
        case .dependsOn: one.dependsOn == other.dependsOn && one.restoreNeeds == other.restoreNeeds
        case .labels: one.labels == other.labels
        case .ramp: one.ramp == other.ramp
        case .goal: (one.goal ?? false) == (other.goal ?? false)
        case .enoughRegions: one.enoughRegions == other.enoughRegions
        case .regional: (one.regional ?? true) == (other.regional ?? true)
        case .publicListing: one.publicListing == other.publicListing
        }
    }

    private func isSet(_ component: Component) -> Bool {
        switch self {
        case .name, .tier: true
        case .owner: component.owner != nil
        case .regions: !component.regions.isEmpty
        case .expectedRestoreSeconds: component.expectedRestoreSeconds != nil
        case .soakSeconds: component.soakSeconds != nil
        case .dependsOn: !component.dependsOn.isEmpty || component.restoreNeeds != nil
        case .labels: !component.labels.isEmpty
        case .ramp: component.ramp != nil
        case .goal: component.goal ?? false
        case .enoughRegions: component.enoughRegions != nil
        case .regional: component.regional == false
        case .publicListing: component.publicListing != nil
        }
    }
}
