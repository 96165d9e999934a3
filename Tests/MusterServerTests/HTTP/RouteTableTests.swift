import HTTPTypes
import Testing

@testable import MusterServer

struct RouteTableTests {
    private func route(_ method: HTTPRequest.Method, _ path: String) -> Route {
        Route(method, path, role: nil, "\(method.rawValue) \(path)") { _ in .noContent }
    }

    private var table: RouteTable {
        var ping = route(.get, "/ping")
        ping.getWrites = true
        return RouteTable([
            ping, route(.post, "/ping"),
            route(.get, "/"), route(.get, "/v1/incidents"), route(.post, "/v1/incidents"),
            route(.get, "/v1/incidents/{id}"),
            route(.patch, "/v1/incidents/{id}"), route(.get, "/v1/incidents/recent"),
            route(.put, "/v1/incidents/{id}/roles/{role}"), route(.get, "/v1/incidents/{id}/review.md"),
        ])
    }

    private func find(_ method: HTTPRequest.Method, _ path: String) throws -> String {
        switch table.match(method, try RequestTarget(path).segments) {
        case .found(let bound, let captured): ([bound.route.operation] + captured).joined(separator: " ")
        case .otherMethods(let methods): "other: " + methods.map(\.rawValue).joined(separator: ",")
        case .nothing: "nothing"
        }
    }

    @Test(arguments: [
        (HTTPRequest.Method.get, "/", "GET /"), (.get, "/v1/incidents", "GET /v1/incidents"),
        (.post, "/v1/incidents", "POST /v1/incidents"), (.head, "/v1/incidents", "GET /v1/incidents"),
        (.get, "/v1/incidents/INC-7", "GET /v1/incidents/{id} INC-7"),
        (.get, "/v1/incidents/recent", "GET /v1/incidents/recent"),
        (.patch, "/v1/incidents/recent", "other: GET,HEAD"),
        (.put, "/v1/incidents/7/roles/scribe", "PUT /v1/incidents/{id}/roles/{role} 7 scribe"),
        (.get, "/v1/incidents/recent/review.md", "GET /v1/incidents/{id}/review.md recent"),
        (.get, "/v1/incidents/a%2Fb", "GET /v1/incidents/{id} a/b"),
        (.delete, "/v1/incidents", "other: GET,POST,HEAD"), (.get, "/v1/incidents/7/roles/scribe", "other: PUT"),
        (.get, "/v1", "nothing"), (.get, "/v1/incidents/", "GET /v1/incidents"),
        (.get, "/v1//incidents/7/", "GET /v1/incidents/{id} 7"),
        (.get, "/ping", "GET /ping"), (.head, "/ping", "other: GET,POST"), (.put, "/ping", "other: GET,POST"),
        (.get, "/V1/incidents", "nothing"), (.get, "//", "GET /"), (.get, "/v1/incidents/7/roles/a/b", "nothing"),
    ])
    func `a request finds its route`(method: HTTPRequest.Method, path: String, found: String) throws {
        #expect(try find(method, path) == found)
    }
}
