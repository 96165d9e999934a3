import FoundationEssentials
import HTTPTypes
import IncidentDomain

/// What a payload would become if it came to a source: everything is read and nothing is stored.
///
/// The body is the payload as the tool would send it. To try a mapping that is not saved, the body is
/// `{"mapping": ..., "payload": ...}` with the media type `application/vnd.muster.try+json`.
struct SourceTrial: Sendable {
    let store: SourceStore
    let rules: RuleTrial

    private static let wrapper = "application/vnd.muster.try+json"

    func carryOut(_ request: RequestContext) async throws -> Answer {
        let id = try request.uuid("id", of: "Source")
        guard var source = try await store.source(id) else {
            throw Problem.notFound("Source \(id.uuidString.lowercased())")
        }
        var foreign = request.foreign()
        if foreign.mediaType == Self.wrapper {
            var body = try request.fields()
            let mapping = body.optionalJSON("mapping") ?? .null
            let payload = body.optionalJSON("payload") ?? .null
            try body.finish()
            source.mapping = try PayloadMapping(mapping, at: "/mapping")
            foreign.headers[.contentType] = "application/json"
            foreign.parsed = payload
        }
        let message = try IngressEntry.hook.read(foreign, of: source)
        var tried: [Tried] = []
        for alert in message.alerts {
            let facts = RuleBook.facts(of: alert, source: source)
            // An end opens nothing, whatever the rules say.
            let isEnd = alert.status == .resolved
            tried.append(Tried(alert: alert, routing: isEnd ? nil : try await rules.outcome(of: facts)))
        }
        return .json { [tried] json in json.object { Self.write(message, tried, to: &$0) } }
    }

    /// An alert, and what the rules and silences would make of it.
    private struct Tried {
        let alert: IncomingAlert
        let routing: RuleTrial.Outcome?
    }

    private static func write(_ message: IncomingMessage, _ tried: [Tried], to json: inout JSONWriter) {
        json.array("alerts", tried) { json, tried in
            let alert = tried.alert
            json.object { json in
                json.member("identity", alert.identity)
                json.member("status", alert.status.rawValue)
                json.member("title", alert.title)
                json.member("group", alert.groupKey)
                json.member("component", alert.component)
                json.member("severity", alert.severity)
                json.member("starts_at", alert.startsAt)
                json.member("ends_at", alert.endsAt)
                json.member("expires_at", alert.expiresAt)
                json.member("routing", tried.routing)
                json.object("labels") { json in
                    for (name, value) in alert.labels.sorted(by: { $0.key < $1.key }) { json.member(name, value) }
                }
                json.object("annotations") { json in
                    for (name, value) in alert.annotations.sorted(by: { $0.key < $1.key }) { json.member(name, value) }
                }
            }
        }
        json.array("changes", message.changes) { json, change in
            json.object { json in
                json.member("summary", change.summary)
                json.member("component", change.component)
                json.member("at", change.at)
            }
        }
        json.array("refused", message.refused?.errors ?? []) { json, error in
            json.object { json in
                json.member("pointer", error.pointer)
                json.member("detail", error.detail)
            }
        }
        json.member("ends_group", message.resolvedGroup)
        json.member("confirmation_url", message.confirmationURL)
    }
}
