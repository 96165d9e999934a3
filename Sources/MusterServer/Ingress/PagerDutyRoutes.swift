import HTTPTypes
import NIOCore

/// PagerDuty's Events API v2, for everything that can send to it: `routing_key` is a source's key. The form of the answers
/// is that of developer-docs, docs/events-API-v2, and api-schema, reference/events-v2/openapiv3.json.
struct PagerDutyRoutes: Sendable {
    let desk: IngressDesk

    /// PagerDuty's own limit.
    private static let bodyBytesMax = 524_288

    var routes: [Route] {
        [
            Route(
                .post, "/v2/enqueue", role: nil, "enqueueEvent", query: .anything, body: .foreign,
                handler: { try await receive($0, by: .pagerDutyEvent) }),
            Route(
                .post, "/v2/change/enqueue", role: nil, "enqueueChange", query: .anything, body: .foreign,
                handler: { try await receive($0, by: .pagerDutyChange) }),
        ].map { route in
            var route = route
            route.bodyBytesMax = Self.bodyBytesMax
            route.refusalAnswer = { try? Self.answer($0) }
            return route
        }
    }

    private func receive(_ request: RequestContext, by entry: IngressEntry) async throws -> Answer {
        do {
            guard request.body.readableBytes <= Self.bodyBytesMax else {
                return Self.refusal(.contentTooLarge, "The event is larger than 512 KB", [])
            }
            let document = try request.foreign().document()
            guard let key = document["routing_key"]?.string, var caller = try await desk.caller(request, key: key)
            else {
                // A wrong key is 400 there, too, and no 401.
                return Self.refusal(
                    .badRequest, "Event object is invalid", ["'routing_key' is not the key of a source"])
            }
            if !caller.isKeyHidden { caller.request.hide(member: "routing_key", of: document) }
            let message = try await desk.receive(caller, by: entry)
            return .json(status: .accepted) { json in
                json.object { json in
                    json.member("status", "success")
                    json.member("message", entry == .pagerDutyChange ? "Change event processed" : "Event processed")
                    if let alert = message.alerts.first { json.member("dedup_key", alert.identity) }
                }
            }
        } catch let problem as Problem {
            return try Self.answer(problem)
        }
    }

    private static func answer(_ problem: Problem) throws -> Answer {
        switch problem.kind.status {
        case .badRequest, .unprocessableContent, .unauthorized:
            var places = problem.errors.map { "'\($0.pointer.dropFirst())' \($0.detail)" }
            if places.isEmpty { places = [problem.detail] }
            if let letter = problem.members["dead_letter"]?.string { places.append("kept as dead letter \(letter)") }
            return refusal(.badRequest, "Event object is invalid", places)
        case .contentTooLarge: return refusal(.contentTooLarge, "The event is larger than 512 KB", [])
        case .serviceUnavailable where problem.kind == .overloaded:
            // PagerDuty's clients try again for ever after a 429, and soon give up after a 503.
            var answer = refusal(.tooManyRequests, problem.detail, [])
            answer.headers.append(contentsOf: problem.headers)
            return answer
        case .unsupportedMediaType, .notFound, .methodNotAllowed, .conflict:
            var answer = refusal(problem.kind.status, problem.detail, [])
            answer.headers.append(contentsOf: problem.headers)
            return answer
        case _: throw problem
        }
    }

    private static func refusal(_ status: HTTPResponse.Status, _ message: String, _ errors: [String]) -> Answer {
        .json(status: status) { json in
            json.object { json in
                json.member("status", status == .tooManyRequests ? "throttle exceeded" : "invalid event")
                json.member("message", message)
                json.array("errors", errors) { $0.value($1) }
            }
        }
    }
}
