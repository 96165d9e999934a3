import FoundationEssentials
import HTTPTypes
import IncidentDomain

/// The silences of Alertmanager's API v2, for amtool: made with a source's key, they hold for that source's alerts, and it
/// sees and ends only its own.
struct AlertmanagerSilenceRoutes: Sendable {
    let doors: AlertmanagerRoutes
    let store: SilenceStore
    let routing: RoutingSignal

    var routes: [Route] {
        [
            Route(
                .get, "/api/v2/silences", role: nil, "listAlertmanagerSilences", query: .anything, isLong: true,
                handler: list),
            Route(
                .post, "/api/v2/silences", role: nil, "postAlertmanagerSilence", query: .anything, body: .foreign,
                isLong: true, handler: create
            ).asDoor(doors.desk, nil, key: ForeignAnswer.key),
            Route(
                .get, "/api/v2/silence/{id}", role: nil, "getAlertmanagerSilence", query: .anything, handler: get),
            Route(
                .delete, "/api/v2/silence/{id}", role: nil, "deleteAlertmanagerSilence", query: .anything,
                handler: expire),
        ].map(AlertmanagerRoutes.refusingAsAlertmanager)
    }

    private func list(_ request: RequestContext) async throws -> Answer {
        let source = try await doors.caller(request).source
        var filter = SilenceFilter()
        filter.source = source.id
        let silences = try await store.list(filter, before: nil, limit: SilenceStore.silencesMax)
        return .json { json in json.array(silences) { Self.write($1, to: &$0) } }
    }

    /// Takes what `amtool silence add` posts. The matcher on the source is ours, and is not shown.
    private func create(_ request: RequestContext) async throws -> Answer {
        let source = try await doors.caller(request).source
        let fields = try request.foreign().fields()
        var matchers = [try Self.matcher("source", .equal, source.name)]
        for (index, matcher) in (fields["matchers"]?.array ?? []).prefix(MatcherBodies.matchersMax).enumerated() {
            guard let name = matcher["name"]?.string, let value = matcher["value"]?.string else {
                throw Problem.invalid("/matchers/\(index)", "should have name and value")
            }
            let isEqual = matcher["isEqual"]?.bool ?? true
            let isRegex = matcher["isRegex"]?.bool ?? false
            let comparison: LabelMatcher.Comparison =
                isRegex ? (isEqual ? .matches : .matchesNot) : (isEqual ? .equal : .notEqual)
            matchers.append(try Self.matcher("label:\(name)", comparison, value))
        }
        guard matchers.count > 1 else { throw Problem.invalid("/matchers", "should have at least 1 matcher") }
        guard let endsAt = fields.time("endsAt") else { throw Problem.invalid("/endsAt", "is required") }
        let draft = SilenceDraft(
            matchers: matchers, startsAt: fields.time("startsAt"), endsAt: endsAt,
            comment: ForeignText.bounded(fields.text("comment"), bytes: 2000) ?? "-",
            createdBy: ForeignText.bounded(fields.text("createdBy"), bytes: 200) ?? source.name, source: source.id)
        let now = request.clock.now
        if let fault = draft.fault(now: now) { throw Problem.invalid("/\(fault.field)", fault.detail) }
        guard let stored = try await store.create(.timeOrdered(at: now), draft, by: Self.principal(source)) else {
            throw Problem.invalid("", "There are \(SilenceStore.silencesMax) silences already; end one first.")
        }
        return .json { json in json.object { $0.member("silenceID", stored.silence.id) } }
    }

    private func get(_ request: RequestContext) async throws -> Answer {
        let stored = try await found(request).silence
        return .json { json in Self.write(stored, to: &json) }
    }

    private func expire(_ request: RequestContext) async throws -> Answer {
        let (source, stored) = try await found(request)
        _ = try await store.expire(stored.silence.id, by: Self.principal(source))
        routing.wake()
        return Answer(.ok)
    }

    private func found(_ request: RequestContext) async throws -> (source: Source, silence: StoredSilence) {
        let source = try await doors.caller(request).source
        let id = try request.uuid("id", of: "Silence")
        guard let stored = try await store.find(id), stored.source == source.id else {
            throw Problem.notFound("Silence \(id.uuidString.lowercased())")
        }
        return (source, stored)
    }

    private static func matcher(
        _ name: String, _ comparison: LabelMatcher.Comparison, _ value: String
    ) throws(Problem) -> LabelMatcher {
        do {
            return try LabelMatcher(name, comparison, value)
        } catch {
            throw .invalid("/matchers", "has a regular expression that \(error.reason)")
        }
    }

    /// The source acts in its own name.
    private static func principal(_ source: Source) -> Principal {
        Principal(id: "source:\(source.id.uuidString.lowercased())", name: source.name, role: .responder)
    }

    private static func write(_ stored: StoredSilence, to json: inout JSONWriter) {
        json.object { json in
            json.member("id", stored.silence.id)
            json.object("status") { $0.member("state", stored.state.rawValue) }
            json.array("matchers", stored.silence.matchers.filter { $0.label.hasPrefix("label:") }) { json, matcher in
                json.object { json in
                    json.member("name", String(matcher.label.dropFirst(6)))
                    json.member("value", matcher.value)
                    json.member("isRegex", matcher.comparison == .matches || matcher.comparison == .matchesNot)
                    json.member("isEqual", matcher.comparison == .equal || matcher.comparison == .matches)
                }
            }
            json.member("startsAt", stored.silence.startsAt)
            json.member("endsAt", stored.silence.endsAt)
            json.member("updatedAt", stored.createdAt)
            json.member("comment", stored.comment)
            json.member("createdBy", stored.createdBy)
        }
    }
}
