import IncidentDomain

/// The kinds of notices that endpoints can choose: every kind of event of a timeline, and what is told of other things.
struct NoticeKinds {
    /// A kind that belongs to no timeline, with what it means.
    struct Other: Sendable {
        let name: String
        let description: String
    }

    static let test = "test"
    static let endpointDisabled = "endpoint_disabled"
    static let page = "page"

    /// What belongs to no timeline; all of it is told by default.
    static let others =
        [
            Other(name: test, description: "A message of POST /v1/endpoints/{id}/test."),
            Other(name: endpointDisabled, description: "Muster disabled an endpoint that takes no messages any more."),
            Other(
                name: page,
                description:
                    "An incident has to be acknowledged. Only the endpoints hear it that a rule or escalation names."),
        ] + MaintenanceKind.allCases.map { Other(name: $0.rawValue, description: $0.description) }

    static let names = Set(IncidentEvent.types.map { $0.kind } + others.map(\.name))

    /// A kind as the catalogue shows it.
    struct Entry: JSONWritable {
        let name: String
        /// The versions of its `data`.
        let versions: [Int]
        let description: String?
        /// Whether endpoints hear it that choose no kinds.
        let isDefault: Bool

        func write(to json: inout JSONWriter) {
            json.object { json in
                json.member("kind", name)
                json.member("type", "muster.\(name)")
                json.member("versions", versions)
                json.member("description", description)
                json.member("default", isDefault)
            }
        }
    }

    static let all =
        IncidentEvent.types.map {
            Entry(name: $0.kind, versions: Array($0.versions), description: nil, isDefault: false)
        }
        + others.map { Entry(name: $0.name, versions: [1], description: $0.description, isDefault: true) }
}
