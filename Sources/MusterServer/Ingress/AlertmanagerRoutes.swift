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
            ).asDoor(desk, .prometheusAlerts, key: ForeignAnswer.key),
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
        guard let key = try ForeignAnswer.key(of: request), let caller = try await desk.caller(request, key: key) else {
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
            try await desk.take(try await caller(request), by: .prometheusAlerts)
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
