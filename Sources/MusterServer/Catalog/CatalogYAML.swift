import IncidentDomain

/// The catalog as one YAML document, to be kept with the code and sent back as it is: what a person would write, without
/// versions and without fields that hold nothing.
enum CatalogYAML {
    static func bytes(_ components: [Component]) -> [UInt8] {
        var yaml = YAMLWriter(capacity: 256 * components.count + 64)
        yaml.line(components.isEmpty ? "components: []" : "components:")
        for component in components { write(component, to: &yaml) }
        return yaml.bytes
    }

    private static func write(_ component: Component, to yaml: inout YAMLWriter) {
        yaml.line("  - slug: \(YAMLWriter.scalar(component.slug))")
        for field in ComponentField.differences(from: nil, to: component) {
            switch field {
            case .name where component.name == component.slug: break
            case .dependsOn:
                yaml.line("    depends_on:")
                for dependency in component.dependsOn {
                    let slug = YAMLWriter.scalar(dependency.component)
                    yaml.line("      - {component: \(slug), kind: \(dependency.kind.rawValue)}")
                }
            case .name, .tier, .owner, .regions, .expectedRestoreSeconds, .soakSeconds, .labels:
                yaml.line("    \(field.rawValue): \(text(of: field, component))")
            }
        }
    }

    private static func text(of field: ComponentField, _ component: Component) -> String {
        switch field {
        case .name: YAMLWriter.scalar(component.name)
        case .tier: "\(component.tier)"
        case .owner: YAMLWriter.scalar(component.owner ?? "")
        case .regions: YAMLWriter.flow(component.regions.map(YAMLWriter.scalar), "[", "]")
        case .expectedRestoreSeconds: "\(component.expectedRestoreSeconds ?? 0)"
        case .soakSeconds: "\(component.soakSeconds ?? 0)"
        case .dependsOn: ""
        case .labels:
            YAMLWriter.flow(
                component.labels.sorted { $0.key < $1.key }.map {
                    "\(YAMLWriter.scalar($0.key)): \(YAMLWriter.scalar($0.value))"
                }, "{", "}")
        }
    }
}
