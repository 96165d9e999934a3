import FoundationEssentials
import HTTPTypes
import IncidentDomain

/// Alertmanager's API v2 (prometheus/alertmanager, api/v2/openapi.yaml), as far as Prometheus and amtool use it: a source's
/// key is the bearer token, the password, or `key` in the query. Each source sees its own alerts.
struct AlertmanagerRoutes: Sendable {
    let desk: IngressDesk
    let search: AlertSearch
    let startedAt = Timestamp.now()

    private static let alertsMax = 10_000

    var routes: [Route] {
        [
            Route(
                .post, "/api/v2/alerts", role: nil, "postAlertmanagerAlerts", query: .anything, body: .foreign,
                handler: receive
            ).asDoor(desk, .prometheusAlerts, key: Credentials.secret),
            Route(
                .get, "/api/v2/alerts", role: nil, "listAlertmanagerAlerts", query: .anything, isLong: true,
                handler: list),
            Route(
                .get, "/api/v2/alerts/groups", role: nil, "listAlertmanagerGroups", query: .anything, isLong: true,
                handler: groups),
            Route(.get, "/api/v2/status", role: nil, "getAlertmanagerStatus", query: .anything, handler: status),
            Route(.get, "/api/v2/receivers", role: nil, "listAlertmanagerReceivers", query: .anything) { request in
                let source = try await caller(request).source
                return .json { json in
                    json.array([source.name]) { json, name in json.object { $0.member("name", name) } }
                }
            },
            Route(.get, "/-/healthy", role: nil, "getAlertmanagerHealthy", query: .anything) { _ in .text("OK\n") },
            Route(.get, "/-/ready", role: nil, "getAlertmanagerReady", query: .anything) { _ in .text("OK\n") },
        ].map(Self.refusingAsAlertmanager)
    }

    /// amtool reads no other form of error, and would say nothing of the reason.
    static func refusingAsAlertmanager(_ route: Route) -> Route {
        var route = route
        route.refusals = .jsonText
        return route
    }

    func caller(_ request: RequestContext) async throws -> IngressDesk.Caller {
        guard let key = try Credentials.secret(of: request), let caller = try await desk.caller(request, key: key)
        else {
            throw Problem(
                .unauthenticated,
                "Send a source's key: as bearer token, as password of basic authentication, or as ?key= in the URL.",
                headers: [.wwwAuthenticate: "Bearer"])
        }
        return caller
    }

    /// 200 without a body when all of it is committed, else what Prometheus sends again. Where some alerts are wrong it is 400,
    /// as Alertmanager says it, and the others are committed.
    private func receive(_ request: RequestContext) async throws -> Answer {
        do {
            try await desk.receive(try await caller(request), by: .prometheusAlerts)
            return Answer(.ok)
        } catch let problem as Problem where problem.members["accepted"] != nil {
            throw problem.ofKind(.malformedRequest)
        }
    }

    private func list(_ request: RequestContext) async throws -> Answer {
        let source = try await caller(request).source
        let alerts = try await found(request, source)
        return .json { json in
            json.array(alerts) { Self.write($1.alert, $1.labels, source, to: &$0) }
        }
    }

    /// One group for each set of what the sender grouped by is more than we know: each alert's name is one.
    private func groups(_ request: RequestContext) async throws -> Answer {
        let source = try await caller(request).source
        let alerts = try await found(request, source)
        let groups = Dictionary(grouping: alerts) { $0.labels["alertname"] ?? "" }.sorted { $0.key < $1.key }
        return .json { json in
            json.array(groups) { json, group in
                json.object { json in
                    json.object("labels") { json in
                        if !group.key.isEmpty { json.member("alertname", group.key) }
                    }
                    json.object("receiver") { $0.member("name", source.name) }
                    json.array("alerts", group.value) { Self.write($1.alert, $1.labels, source, to: &$0) }
                }
            }
        }
    }

    /// Open alerts that all matchers match, and that are silenced or not as the query asks.
    private func found(
        _ request: RequestContext, _ source: Source
    ) async throws -> [(alert: StoredAlert, labels: [String: String])] {
        let query = try AlertmanagerQuery(request.target)
        guard try query.wants(receiver: source.name) else { return [] }
        var filter = AlertFilter()
        filter.source = source.id
        filter.labels = query.matchers.filter(\.isLookup).map { ($0.name, $0.value) }
        var operations = AlertmanagerMatcher.operationsMax
        return try await search.open(filter, limit: Self.alertsMax).compactMap { alert in
            guard alert.held == "silence" ? query.wantsSilenced : query.wantsActive else { return nil }
            let labels = try AlertTexts.texts(alert.labels)
            let isFound = try query.matchers.allSatisfy { try $0.matches(labels, operations: &operations) }
            return isFound ? (alert, labels) : nil
        }
    }

    private static func write(
        _ alert: StoredAlert, _ labels: [String: String], _ source: Source, to json: inout JSONWriter
    ) {
        var annotations = (try? AlertTexts.texts(alert.annotations)) ?? [:]
        let generatorURL = annotations.removeValue(forKey: PrometheusFormat.generatorURL)
        json.object { json in
            json.object("annotations") { json in
                for (name, text) in annotations.sorted(by: { $0.key < $1.key }) { json.member(name, text) }
            }
            if let generatorURL { json.member("generatorURL", generatorURL) }
            json.member("endsAt", alert.expiresAt ?? alert.lastSeenAt.adding(seconds: 300))
            json.member("fingerprint", alert.identity)
            json.array("receivers", [source.name]) { json, name in json.object { $0.member("name", name) } }
            json.member("startsAt", alert.startsAt)
            json.object("status") { json in
                json.array("inhibitedBy", [String]()) { $0.value($1) }
                json.array("mutedBy", [String]()) { $0.value($1) }
                let isSilenced = alert.held == "silence"
                json.array("silencedBy", isSilenced ? [alert.silence].compactMap(\.self) : []) { $0.value($1) }
                json.member("state", isSilenced ? "suppressed" : "active")
            }
            json.member("updatedAt", alert.lastSeenAt)
            json.name("labels")
            json.raw(alert.labelBytes)
        }
    }

    /// What amtool looks at before it does anything; nothing in it is a secret.
    private func status(_ request: RequestContext) async throws -> Answer {
        .json { json in
            json.object { json in
                json.object("cluster") { json in
                    json.member("name", "muster")
                    json.member("status", "ready")
                    json.array("peers", [String]()) { $0.value($1) }
                }
                json.object("config") { $0.member("original", "# Muster; see /openapi.yaml\n") }
                json.member("uptime", startedAt)
                json.object("versionInfo") { json in
                    for name in ["branch", "buildDate", "buildUser", "goVersion", "revision"] { json.member(name, "") }
                    json.member("version", "0.25.0")
                }
            }
        }
    }
}

// MARK: - Silences

/// The silences of Alertmanager's API v2, for amtool: made with a source's key, they hold for that source's alerts, and it
/// sees and ends only its own.
struct AlertmanagerSilenceRoutes: Sendable {
    let doors: AlertmanagerRoutes
    let store: SilenceStore
    let routing: WakeSignal

    var routes: [Route] {
        [
            Route(
                .get, "/api/v2/silences", role: nil, "listAlertmanagerSilences", query: .anything, isLong: true,
                handler: list),
            Route(
                .post, "/api/v2/silences", role: nil, "postAlertmanagerSilence", query: .anything, body: .foreign,
                isLong: true, handler: create
            ).asDoor(doors.desk, nil, key: Credentials.secret),
            Route(
                .get, "/api/v2/silence/{id}", role: nil, "getAlertmanagerSilence", query: .anything, handler: get),
            Route(
                .delete, "/api/v2/silence/{id}", role: nil, "deleteAlertmanagerSilence", query: .anything,
                handler: expire),
        ].map(AlertmanagerRoutes.refusingAsAlertmanager)
    }

    private func list(_ request: RequestContext) async throws -> Answer {
        let source = try await doors.caller(request).source
        let query = try AlertmanagerQuery(request.target)
        let filter = SilenceFilter(source: source.id, currentFirst: true)
        let silences = try await store.list(filter, before: nil, limit: SilenceStore.unpagedMax)
            .compactMap(\.readable)
            .filter { stored in query.matchers.allSatisfy { $0.isOne(of: stored.silence.matchers) } }
        return .json { json in json.array(silences) { Self.write($1, to: &$0) } }
    }

    /// Takes what `amtool silence add` and `update` post: with an `id`, the silence of that id is replaced. The matcher on
    /// the source is ours, and is not shown.
    private func create(_ request: RequestContext) async throws -> Answer {
        let caller = try await doors.caller(request)
        let source = caller.source
        let fields = try caller.request.fields()
        var matchers = try Self.matchers(fields)
        guard !matchers.matchEverything else {
            throw Problem.invalid("/matchers", "should have at least 1 matcher that does not match an empty value")
        }
        matchers.append(try Self.matcher("source", .equal, source.name, at: matchers.count))
        guard let endsAt = fields.time("endsAt") else {
            throw Problem.invalid("/endsAt", "is required, as an RFC 3339 time")
        }
        let draft = SilenceDraft(
            matchers: matchers, startsAt: fields.time("startsAt"), endsAt: endsAt,
            comment: ForeignText.bounded(fields.text("comment"), bytes: 2000) ?? "",
            createdBy: ForeignText.bounded(fields.text("createdBy"), bytes: 200) ?? source.name, source: source.id)
        let new = UUID.timeOrdered(at: request.clock.now)
        let id = try Self.id(fields)
        let stored: StoredSilence
        do {
            let saving =
                if let id {
                    try await store.replace(id, by: draft, new: new, by: Self.principal(source))
                } else {
                    try await store.create(new, draft, by: Self.principal(source))
                }
            stored = try saving.silence()
        } catch let problem as Problem where !problem.errors.isEmpty {
            throw Self.named(problem)
        }
        routing.wake()
        return .json { json in json.object { $0.member("silenceID", stored.silence.id) } }
    }

    /// A problem with the names of the fields that the client sent, in the place of ours.
    private static func named(_ problem: Problem) -> Problem {
        let names = ["/starts_at": "/startsAt", "/ends_at": "/endsAt", "/created_by": "/createdBy"]
        return .invalid(
            problem.errors.map { error in
                var pointer = names[error.pointer] ?? error.pointer
                if pointer.hasPrefix("/matchers/"), pointer.hasSuffix("/label") {
                    pointer = pointer.dropLast("label".count) + "name"
                }
                return FieldError(pointer: pointer, detail: error.detail)
            })
    }

    /// Which silence is to be replaced; nil for none.
    private static func id(_ fields: ForeignFields) throws(Problem) -> UUID? {
        switch fields["id"] {
        case nil, .null?: return nil
        case .string(let text)?:
            if text.isEmpty { return nil }
            guard let id = UUID(uuidString: text) else {
                throw .notFound("Silence \(ForeignText.cut(text, bytes: 64))")
            }
            return id
        case .bool?, .integer?, .number?, .array?, .object?: throw .invalid("/id", "should be a string")
        }
    }

    private static func matchers(_ fields: ForeignFields) throws(Problem) -> [LabelMatcher] {
        guard let list = fields["matchers"]?.array, !list.isEmpty else {
            throw .invalid("/matchers", "should be a list of at least 1 matcher")
        }
        // One more keeps the silence to the source.
        let most = MatcherBodies.matchersMax - 1
        guard list.count <= most else {
            throw .invalid("/matchers", "has \(list.count) matchers; at most \(most) are allowed")
        }
        var matchers: [LabelMatcher] = []
        for (index, matcher) in list.enumerated() {
            guard case .string(let name)? = matcher["name"], case .string(let value)? = matcher["value"], !name.isEmpty
            else { throw .invalid("/matchers/\(index)", "should have the strings name and value") }
            let isEqual = try flag("isEqual", of: matcher, at: index) ?? true
            let isRegex = try flag("isRegex", of: matcher, at: index) ?? false
            let comparison: LabelMatcher.Comparison =
                isRegex ? (isEqual ? .matches : .matchesNot) : (isEqual ? .equal : .notEqual)
            matchers.append(try Self.matcher("label:\(name)", comparison, value, at: index))
        }
        return matchers
    }

    private static func flag(_ name: String, of matcher: JSONValue, at index: Int) throws(Problem) -> Bool? {
        switch matcher[name] {
        case nil, .null?: return nil
        case .bool(let flag)?: return flag
        case .string?, .integer?, .number?, .array?, .object?:
            throw .invalid("/matchers/\(index)/\(name)", "should be true or false, without quotes")
        }
    }

    private func get(_ request: RequestContext) async throws -> Answer {
        let source = try await doors.caller(request).source
        let id = try request.uuid("id", of: "Silence")
        guard let stored = try await store.find(id, of: source.id)?.get() else { throw Self.unknown(id) }
        return .json { json in Self.write(stored, to: &json) }
    }

    private func expire(_ request: RequestContext) async throws -> Answer {
        let source = try await doors.caller(request).source
        let id = try request.uuid("id", of: "Silence")
        guard try await store.expire(id, of: source.id, by: Self.principal(source)) != nil else {
            throw Self.unknown(id)
        }
        routing.wake()
        return Answer(.ok)
    }

    private static func unknown(_ id: UUID) -> Problem {
        .notFound("Silence \(id.text)")
    }

    private static func matcher(
        _ name: String, _ comparison: LabelMatcher.Comparison, _ value: String, at index: Int
    ) throws(Problem) -> LabelMatcher {
        do {
            return try LabelMatcher(name, comparison, value)
        } catch {
            throw .invalid("/matchers/\(index)/value", "is not a valid regular expression: it \(error.reason)")
        }
    }

    /// The source acts in its own name.
    private static func principal(_ source: Source) -> Principal {
        Principal(id: "source:\(source.id.text)", name: source.name, role: .responder)
    }

    private static func write(_ stored: StoredSilence, to json: inout JSONWriter) {
        json.object { json in
            json.member("id", stored.silence.id)
            json.object("status") { $0.member("state", stored.state.rawValue) }
            json.array("matchers", stored.silence.matchers.filter { $0.label.hasPrefix("label:") }) { json, matcher in
                json.object { json in
                    json.member("name", String(matcher.label.dropFirst(6)))
                    json.member("value", matcher.value)
                    json.member("isRegex", matcher.isPattern)
                    json.member("isEqual", matcher.isEqual)
                }
            }
            json.member("startsAt", stored.silence.startsAt)
            json.member("endsAt", stored.silence.endsAt)
            json.member("updatedAt", stored.updatedAt)
            json.member("comment", stored.comment)
            json.member("createdBy", stored.createdBy)
        }
    }
}
