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
