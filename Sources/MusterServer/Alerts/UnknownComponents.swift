import IncidentDomain

/// Components that alerts name and that the catalog does not have, with what may have been meant.
struct UnknownComponents: Sendable {
    private let graph: DependencyGraph
    /// By name; only of those that were looked for.
    private let nearest: [String: [String]]

    /// Of how many different names the nearest are looked for in one answer: each is compared with the whole catalog.
    private static let lookedForMax = 20

    /// - Parameter names: Those that an answer shows.
    init(_ names: some Sequence<String>, in graph: DependencyGraph) {
        self.graph = graph
        var seen: Set<String> = []
        let unknown = names.filter { graph.components[$0] == nil && seen.insert($0).inserted }
        nearest = Dictionary(
            uniqueKeysWithValues: unknown.prefix(Self.lookedForMax).map {
                ($0, NearestNames.of($0, among: graph.components.keys))
            })
    }

    /// Writes `component_problem`: null when the catalog has the component, or none is named.
    func write(_ component: String?, to json: inout JSONWriter) {
        json.name("component_problem")
        guard let component, graph.components[component] == nil else { return json.literal("null") }
        json.object { json in
            json.member("detail", "component not in catalog")
            json.member("nearest", nearest[component] ?? [])
        }
    }
}

/// An alert with what the catalog says of its component.
struct ShownAlert: JSONWritable {
    let alert: StoredAlert
    let unknown: UnknownComponents

    func write(to json: inout JSONWriter) {
        json.object { write(into: &$0) }
    }

    func write(into json: inout JSONWriter) {
        alert.write(into: &json)
        unknown.write(alert.component, to: &json)
    }
}
