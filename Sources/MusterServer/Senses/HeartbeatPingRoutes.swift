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
