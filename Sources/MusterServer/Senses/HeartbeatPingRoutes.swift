import FoundationEssentials
import HTTPTypes
import IncidentDomain

/// Taking pings: our own path, which one line of `curl` reaches, and Opsgenie's, which its clients call.
///
/// What a ping carries is not looked at. So Alertmanager's webhook can be one, as long as its Watchdog alert fires.
struct HeartbeatPingRoutes: Sendable {
    let store: HeartbeatStore
    let credentials: PingCredentials
    /// Woken when a heartbeat that was late came back.
    let signal: WakeSignal

    var routes: [Route] {
        let own = "/v1/heartbeats/{name}/ping"
        let opsgenie = "/v2/heartbeats/{name}/ping"
        return [
            Route(.post, own, role: nil, "pingHeartbeat", query: .anything, body: .optionalForeign, handler: take),
            Route(.get, own, role: nil, "pingHeartbeatByGet", query: .anything, handler: take),
            Route(
                .get, opsgenie, role: nil, "pingOpsgenieHeartbeat", query: .anything, handler: takeAsOpsgenie),
            Route(
                .post, opsgenie, role: nil, "pingOpsgenieHeartbeatByPost", query: .anything, body: .optionalForeign,
                handler: takeAsOpsgenie),
            Route(
                .put, opsgenie, role: nil, "pingOpsgenieHeartbeatByPut", query: .anything, body: .optionalForeign,
                handler: takeAsOpsgenie),
        ].map { route in
            var route = route
            route.ignoresBody = true
            route.getWrites = true
            return route
        }
    }

    private func take(_ request: RequestContext) async throws -> Answer {
        let name = try await ping(request)
        return .json { json in
            json.object { json in
                json.member("name", name)
                json.member("result", "taken")
            }
        }
    }

    /// - Returns: The heartbeat's name.
    private func ping(_ request: RequestContext) async throws -> String {
        try await credentials.check(request)
        let name = request.parameter("name")
        let ping = SenseFields.isName(name) ? try await store.ping(name) : .unknown
        switch ping {
        case .taken: break
        case .cameBack: signal.wake()
        case .unknown: throw HeartbeatRoutes.missing(name)
        }
        return name
    }

    /// Opsgenie's answers: its clients look for `result` and `requestId`, and print `message`.
    private func takeAsOpsgenie(_ request: RequestContext) async throws -> Answer {
        let start = ContinuousClock.now
        do {
            _ = try await ping(request)
            return Self.opsgenie(.accepted, "result", "PONG - Heartbeat received", request, since: start)
        } catch let problem as Problem {
            var answer = Self.opsgenie(problem.kind.status, "message", problem.detail, request, since: start)
            for field in problem.headers { answer.headers.append(field) }
            return answer
        }
    }

    private static func opsgenie(
        _ status: HTTPResponse.Status, _ name: String, _ text: String, _ request: RequestContext,
        since start: ContinuousClock.Instant
    ) -> Answer {
        let took = start.duration(to: .now).components
        return .json(status: status) { json in
            json.object { json in
                json.member(name, text)
                json.member("took", (Double(took.attoseconds / 1_000_000_000_000_000) + 1) / 1000)
                json.member("requestId", request.requestID)
            }
        }
    }
}

/// Who may send a ping: a token of a responder or more, or the key of any source that does not sign what it sends.
struct PingCredentials: Sendable {
    let authenticator: Authenticator
    let sources: SourceCache

    /// - Throws: `Problem` 401 when nothing that counts was sent, 403 for a token that may only read.
    func check(_ request: RequestContext) async throws {
        guard let secret = try Credentials.secret(of: request) else {
            throw Authenticator.unauthenticated(
                "Send an API token or a source key: Authorization: Bearer or GenieKey, basic-auth password, or ?key=.",
                error: nil)
        }
        do {
            let principal = try await authenticator.principal(token: Substring(secret))
            guard principal.role >= .responder else {
                throw Problem(
                    .roleRequired,
                    "Requires role responder or a source key; this token has \(principal.role.rawValue).",
                    members: ["role": .string(Role.responder.rawValue)])
            }
        } catch let problem as Problem where problem.kind == .unauthenticated {
            // No token; a key, then. A ping carries no signature, so the key of a source that signs is not enough.
            guard let source = try await sources.source(key: secret) else { throw problem }
            guard source.signature == nil else {
                throw Authenticator.unauthenticated(
                    "The key of a source with a signature cannot send pings; use a token, or a source without one.",
                    error: nil)
            }
        }
    }
}
