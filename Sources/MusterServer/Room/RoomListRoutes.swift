import FoundationEssentials
import HTTPTypes
import IncidentDomain
import NIOCore

/// The lists of the API and the page of one item of them, as `RoomList` describes them. They are read by the API's own handlers, with the
/// rights of whoever is signed in.
struct RoomListRoutes: Sendable {
    let door: RoomDoor
    private let byOperation: [String: BoundRoute]
    private let publicURL: String?

    /// Lines on one page of a list.
    private static let linesMax = 50
    /// Items of what else is asked for a page.
    private static let relatedMax = 20
    /// Open incidents that are looked at for the states of components.
    private static let openMax = 200

    /// - Parameter api: All routes of the API.
    init(door: RoomDoor, api: [Route], publicURL: String?) {
        (self.door, self.publicURL) = (door, publicURL)
        byOperation = Dictionary(uniqueKeysWithValues: api.map { ($0.operation, BoundRoute($0)) })
    }

    var routes: [Route] {
        [
            door.page("/lists/{list}", "getListPage", isLong: true) { request, session in
                Pages.shared.render(try await list(request, session))
            },
            door.page("/lists/{list}/{key}", "getItemPage", isLong: true) { request, session in
                Pages.shared.render(try await item(request, session))
            },
        ]
    }

    private func list(_ request: RequestContext, _ session: Session) async throws -> RoomListPage {
        let list = try Self.named(request)
        let query = RoomListQuery(list, try request.target.parameters())
        let limit = QueryParameter(name: "limit", value: String(Self.linesMax))
        let takesLimit = byOperation[list.list].map { $0.route.query.takes("limit") } ?? false
        let found = try await read(
            list.list, query: query.parameters + (takesLimit ? [limit] : []), request: request, session)
        return RoomListPage(
            list, query, found, try await impacts(list, request, session),
            RoomFrame(session, version: 0, here: list), calls)
    }

    private func item(_ request: RequestContext, _ session: Session) async throws -> RoomItemPage {
        let list = try Self.named(request)
        let key = request.parameter("key")
        let found = try await read(list.get, captured: [key], request: request, session)
        var related: [[JSONValue]] = []
        for more in list.related {
            let parameters = more.query.map { QueryParameter(name: $0.name, value: $0.value) }
            let own = more.parameter.map { [QueryParameter(name: $0, value: key)] } ?? []
            let answer = try await read(
                more.operation, captured: more.parameter == nil ? [key] : [], query: parameters + own,
                request: request, session)
            let items = more.members.reduce([answer]) { found, member in found.flatMap { $0[member]?.array ?? [] } }
            related.append(Array(items.prefix(Self.relatedMax + 1)))
        }
        return RoomItemPage(
            list, key, found, related, shownMax: Self.relatedMax, try await impacts(list, request, session),
            RoomFrame(session, version: 0, here: list), calls)
    }

    private static func named(_ request: RequestContext) throws(Problem) -> RoomList {
        let name = request.parameter("list")
        guard let list = RoomList.named(name) else { throw .notFound("The list \(name)") }
        return list
    }

    /// How hard what is open hits the components.
    private func impacts(
        _ list: RoomList, _ request: RequestContext, _ session: Session
    ) async throws -> RoomImpacts {
        guard case .impact = list.shape.state else { return .none }
        let query = [("open", "true"), ("fields", "number,impacts"), ("limit", String(Self.openMax))]
        let open = try await read(
            "listIncidents", query: query.map { QueryParameter(name: $0.0, value: $0.1) }, request: request, session)
        return RoomImpacts(open["items"]?.array ?? [])
    }

    private var calls: RoomListCalls { RoomListCalls(byOperation: byOperation, publicURL: publicURL) }

    // MARK: - The API

    /// What the API answers to a GET. The page has its turn among long reads already.
    private func read(
        _ operation: String, captured: [String] = [], query: [QueryParameter] = [], request: RequestContext,
        _ session: Session
    ) async throws -> JSONValue {
        guard let bound = byOperation[operation] else { throw Problem.notFound("The call \(operation)") }
        let principal = session.principal
        if let role = bound.route.role, principal.role < role {
            throw Problem(
                .roleRequired, "Requires role \(role.rawValue); your token has \(principal.role.rawValue).",
                members: ["role": .string(role.rawValue)])
        }
        let text = query.map { "\($0.name)=\(PercentEncoding.encode($0.value))" }.joined(separator: "&")
        let path = bound.route.path + (text.isEmpty ? "" : "?\(text)")
        let context = RequestContext(
            head: RequestHead(method: .get, path: path), target: try RequestTarget(path), bound: bound,
            principal: principal, requestID: request.requestID, trace: request.trace, commandID: .random(),
            body: ByteBuffer(), captured: captured, baseLogger: request.baseLogger, clock: request.clock)
        return try await bound.route.handler(context).json
    }
}

extension Route.QueryRule {
    fileprivate func takes(_ name: String) -> Bool {
        switch self {
        case .only(let names): names.contains(name)
        case .anything: true
        }
    }
}

extension Answer {
    /// The body, where it is JSON.
    var json: JSONValue {
        get throws {
            guard case .bytes(let bytes) = body else { return .null }
            return try JSONParser.parse(Array(bytes.readableBytesView))
        }
    }
}
