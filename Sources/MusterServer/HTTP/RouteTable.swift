import HTTPTypes

/// Finds the route of a request: a tree of path segments.
///
/// Ours instead of Hummingbird's router because a path that exists under another method has to answer 405 with
/// `Allow`, and because the table has to be readable as data.
struct RouteTable: Sendable {
    /// What a lookup found.
    enum Match: Sendable {
        /// `captured` holds the values of the path's `{names}`, in order.
        case found(BoundRoute, captured: [String])
        /// The path exists, under these methods.
        case otherMethods([HTTPRequest.Method])
        case nothing
    }

    /// All routes, in the order in which they were given.
    let routes: [BoundRoute]
    private var nodes = [Node()]
    /// By the first two segments of their paths, routes whose clients read only their own forms of a no.
    private var doors: [String: Route] = [:]

    private struct Node: Sendable {
        var children: [String: Int] = [:]
        var capture: Int?
        var routes: [(method: HTTPRequest.Method, index: Int)] = []
        /// Whether the GET, if there is one, is to be answered under HEAD as well.
        var hasHead = true
    }

    init(_ routes: [Route]) {
        self.routes = routes.map(BoundRoute.init)
        for (index, bound) in self.routes.enumerated() {
            var node = 0
            for segment in bound.segments {
                node = child(of: node, for: segment)
            }
            precondition(
                !nodes[node].routes.contains { $0.method == bound.route.method },
                "\(bound.route.method) \(bound.route.path) stands twice in the route table")
            nodes[node].routes.append((bound.route.method, index))
            if bound.route.refusals != .problem || bound.route.refusalAnswer != nil,
                let door = Self.door(bound.route.path)
            {
                doors[door] = doors[door] ?? bound.route
            }
            if bound.route.getWrites { nodes[node].hasHead = false }
        }
    }

    private static func door(_ path: String) -> String? {
        let segments = path.split(separator: "/").prefix(2)
        return segments.count == 2 ? segments.joined(separator: "/") : nil
    }

    /// A route whose clients ask for a path that does not exist beside it, or by a method that it has not; nil of paths that
    /// are beside no door of other tools.
    func door(of segments: [String]) -> Route? {
        segments.count < 2 ? nil : doors["\(segments[0])/\(segments[1])"]
    }

    private mutating func child(of node: Int, for segment: BoundRoute.Segment) -> Int {
        switch segment {
        case .fixed(let text):
            if let child = nodes[node].children[text] { return child }
            nodes[node].children[text] = nodes.count
        case .capture:
            if let child = nodes[node].capture { return child }
            nodes[node].capture = nodes.count
        }
        nodes.append(Node())
        return nodes.count - 1
    }

    /// The route for a method and the segments of a path. HEAD is answered by the route for GET, unless that one writes.
    func match(_ method: HTTPRequest.Method, _ segments: [String]) -> Match {
        var captured: [String] = []
        guard let node = find(segments[...], from: 0, &captured) else { return .nothing }
        let wanted = method == .head && nodes[node].hasHead ? .get : method
        if let entry = nodes[node].routes.first(where: { $0.method == wanted }) {
            return .found(routes[entry.index], captured: captured)
        }
        return .otherMethods(allowed(at: node))
    }

    private func allowed(at node: Int) -> [HTTPRequest.Method] {
        let methods = nodes[node].routes.map(\.method)
        return methods.contains(.get) && nodes[node].hasHead ? methods + [.head] : methods
    }

    /// Fixed segments go before captures: `/v1/incidents/statistics` is not an incident.
    private func find(_ segments: ArraySlice<String>, from node: Int, _ captured: inout [String]) -> Int? {
        guard let segment = segments.first else { return nodes[node].routes.isEmpty ? nil : node }
        if let child = nodes[node].children[segment], let found = find(segments.dropFirst(), from: child, &captured) {
            return found
        }
        guard let child = nodes[node].capture, !segment.isEmpty else { return nil }
        captured.append(segment)
        if let found = find(segments.dropFirst(), from: child, &captured) { return found }
        captured.removeLast()
        return nil
    }
}

/// A route with what is worked out once: its segments, the names it captures and its metrics.
struct BoundRoute: Sendable {
    enum Segment: Hashable, Sendable {
        case fixed(String)
        case capture(String)
    }

    let route: Route
    let segments: [Segment]
    let captureNames: [String]
    let metrics: RouteMetrics

    init(_ route: Route) {
        self.route = route
        segments = route.path.split(separator: "/").map { part in
            part.hasPrefix("{") && part.hasSuffix("}")
                ? .capture(String(part.dropFirst().dropLast())) : .fixed(String(part))
        }
        captureNames = segments.compactMap { segment in
            if case .capture(let name) = segment { name } else { nil }
        }
        metrics = RouteMetrics(method: route.method.rawValue, route: route.path)
    }
}
