import IncidentDomain
import Postgres

/// A component as it is stored.
struct StoredComponent: Sendable {
    let component: Component
    let version: Int
}

extension StoredComponent: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("slug", component.slug)
            for field in ComponentField.allCases {
                json.name(field.rawValue)
                component.write(field, to: &json)
            }
            json.member("version", version)
        }
    }
}

extension Component {
    /// Writes what a field holds, nothing as null.
    func write(_ field: ComponentField, to json: inout JSONWriter) {
        switch field {
        case .name: json.value(name)
        case .tier: json.value(tier)
        case .owner: json.value(owner)
        case .regions: json.value(regions)
        case .expectedRestoreSeconds: json.value(expectedRestoreSeconds)
        case .soakSeconds: json.value(soakSeconds)
        case .dependsOn: json.value(dependsOn)
        case .labels:
            json.object { json in
                for (name, value) in labels.sorted(by: { $0.key < $1.key }) { json.member(name, value) }
            }
        }
    }
}

extension Dependency: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("component", component)
            json.member("kind", kind.rawValue)
        }
    }
}

// MARK: - The stored form

extension Component {
    /// Why a stored component cannot be read.
    struct Unreadable: Error {
        let slug: String?

        let reason = "its JSON has not the members that a component has"
    }

    /// What the column `body` holds: the fields under the names of the API. Lists stand there also when they are empty,
    /// and nothing is left out instead of null: so the first releases read it.
    var stored: PostgresJSON {
        var json = JSONWriter()
        json.object { json in
            json.member("slug", slug)
            for field in ComponentField.allCases {
                switch field {
                case .owner where owner == nil: break
                case .expectedRestoreSeconds where expectedRestoreSeconds == nil: break
                case .soakSeconds where soakSeconds == nil: break
                case .name, .tier, .owner, .regions, .expectedRestoreSeconds, .soakSeconds, .dependsOn, .labels:
                    json.name(field.rawValue)
                    write(field, to: &json)
                }
            }
        }
        return PostgresJSON(bytes: json.bytes)
    }

    /// Reads what is stored. Members that we do not know are skipped: a newer release wrote them. Ours rather than
    /// `Codable`, since a catalog of ten thousand is read whole whenever it has changed.
    init(stored: PostgresJSON) throws {
        let json = try JSONParser.parse(stored.bytes, doubledNames: .lastWins)
        guard let members = json.object?.members, let slug = json["slug"]?.string, let tier = json["tier"]?.integer
        else { throw Unreadable(slug: json["slug"]?.string) }
        self.init(slug: slug, name: slug, tier: tier)
        for member in members {
            switch ComponentField(rawValue: member.name) {
            case .name?: name = member.value.string ?? slug
            case .tier?, nil: break
            case .owner?: owner = member.value.string
            case .regions?: regions = member.value.array?.compactMap(\.string) ?? []
            case .expectedRestoreSeconds?: expectedRestoreSeconds = member.value.integer
            case .soakSeconds?: soakSeconds = member.value.integer
            case .dependsOn?: dependsOn = try (member.value.array ?? []).map { try Dependency(stored: $0, of: slug) }
            case .labels?:
                labels = Dictionary((member.value.object?.members ?? []).map { ($0.name, $0.value.string ?? "") }) {
                    $1
                }
            }
        }
    }
}

extension Dependency {
    fileprivate init(stored json: JSONValue, of slug: String) throws {
        guard let component = json["component"]?.string, let kind = json["kind"]?.string.flatMap(DependencyKind.init)
        else { throw Component.Unreadable(slug: slug) }
        self.init(component: component, kind: kind)
    }
}
