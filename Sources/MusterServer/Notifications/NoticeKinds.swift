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
        let description: String
        /// `data` of the newest version; nil of what belongs to no timeline.
        let example: [UInt8]?
        /// Whether endpoints hear it that choose no kinds.
        let isDefault: Bool

        func write(to json: inout JSONWriter) {
            json.object { json in
                json.member("kind", name)
                json.member("type", "muster.\(name)")
                json.member("versions", versions)
                json.member("description", description)
                json.member("default", isDefault)
                json.name("example")
                if let example { json.raw(example) } else { json.literal("null") }
            }
        }
    }

    static let all =
        IncidentEvent.types.map(entry)
        + others.map {
            Entry(name: $0.name, versions: [1], description: $0.description, example: nil, isDefault: true)
        }

    /// The example and its sentence are those of the event's own declaration.
    private static func entry(_ type: any TimelineEvent.Type) -> Entry {
        let newest = type.examples.max { $0.version < $1.version }.map { IncidentEvent($0) }
        return Entry(
            name: type.kind, versions: Array(type.versions),
            description: newest.map { "For example: \($0.sentence)" } ?? "",
            example: newest.flatMap { try? EventCodec.encode($0).payload },
            isDefault: type.examples.contains { $0.isNotified })
    }
}
