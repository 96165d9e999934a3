import FoundationEssentials
import HTTPTypes
import IncidentDomain

/// The routing rules, their order, and trying them out.
struct RuleRoutes: Sendable {
    let store: RuleStore
    let book: RuleBook
    let trial: RuleTrial
    let names: NamedComponents
    let endpoints: EndpointStore

    var routes: [Route] {
        [
            Route(.get, "/v1/rules", role: .viewer, "listRules", isLong: true, handler: list),
            Route(.post, "/v1/rules", role: .admin, "createRule", body: .json, isLong: true, handler: create),
            Route(.put, "/v1/rules/order", role: .admin, "orderRules", body: .json, isLong: true, handler: order),
            Route(.post, "/v1/rules/try", role: .viewer, "tryRules", body: .json, isLong: true, handler: attempt),
            Route(.get, "/v1/rules/{id}", role: .viewer, "getRule", handler: get),
            Route(.put, "/v1/rules/{id}", role: .admin, "replaceRule", body: .json, isLong: true, handler: replace),
            Route(.delete, "/v1/rules/{id}", role: .admin, "deleteRule", handler: delete),
        ]
    }

    private func list(_ request: RequestContext) async throws -> Answer {
        let rules = try await store.list()
        return .json { json in
            json.object { json in
                json.array("items", rules.compactMap(\.readable)) { $0.value($1) }
                let unreadable = rules.filter { $0.reason != nil }
                if !unreadable.isEmpty { json.member("unreadable", unreadable) }
            }
        }
    }

    private func create(_ request: RequestContext) async throws -> Answer {
        let (rule, position) = try await body(request, id: request.commandID)
        try await names.check(Self.mentions(rule))
        guard let stored = try await store.create(rule, at: position, by: request.principal) else {
            throw Problem.invalid("", "There are \(RuleStore.rulesMax) rules already; delete one first.")
        }
        try await book.refresh()
        return .created(Self.bytes(stored), location: "/v1/rules/\(stored.rule.id.text)")
    }

    private func get(_ request: RequestContext) async throws -> Answer {
        let id = try request.uuid("id", of: "Rule")
        guard let stored = try await store.find(id)?.get() else { throw Self.unknown(id) }
        return .json { $0.value(stored) }
    }

    private func replace(_ request: RequestContext) async throws -> Answer {
        let id = try request.uuid("id", of: "Rule")
        let (rule, position) = try await body(request, id: id)
        guard let held = try await store.find(id) else { throw Self.unknown(id) }
        try await names.check(Self.mentions(rule), before: held.readable.map { Self.mentions($0.rule) } ?? [])
        guard let stored = try await store.replace(rule, at: position, by: request.principal) else {
            throw Self.unknown(id)
        }
        try await book.refresh()
        return .json { $0.value(stored) }
    }

    private func delete(_ request: RequestContext) async throws -> Answer {
        let id = try request.uuid("id", of: "Rule")
        guard try await store.delete(id, by: request.principal) else { throw Self.unknown(id) }
        try await book.refresh()
        return .noContent
    }

    private func order(_ request: RequestContext) async throws -> Answer {
        var body = try request.fields()
        let names = body.strings("rules", max: RuleStore.rulesMax, 36...36)
        try body.finish()
        let ids = names.compactMap(UUID.init(uuidString:))
        guard ids.count == names.count, try await store.order(ids, by: request.principal) else {
            throw Problem.invalid("/rules", "should name every rule once, as GET /v1/rules lists them")
        }
        try await book.refresh()
        return try await list(request)
    }

    private func attempt(_ request: RequestContext) async throws -> Answer {
        var body = try request.fields()
        let example = RuleTrial.Example(&body)
        try body.finish()
        let outcome = try await trial.outcome(of: example)
        return .json { $0.value(outcome) }
    }

    private func body(_ request: RequestContext, id: UUID) async throws -> (RoutingRule, position: Int?) {
        var body = try request.fields()
        let rule = RuleBodies.rule(&body, id: id)
        let position = body.optionalInteger("position", 1...RuleStore.rulesMax)
        try body.finish()
        if let fault = RuleBodies.fault(rule) { throw fault }
        if let zone = rule.hours?.timeZone, try await !store.knows(timeZone: zone) {
            throw Problem.invalid(
                "/then/hours/time_zone", "\(zone) is not a known time zone; use an IANA name such as Europe/Berlin")
        }
        if let plan = rule.paging {
            let named = Set(plan.steps.flatMap(\.endpoints)).sorted()
            if let missing = try await endpoints.unknown(among: named) {
                throw Problem.invalid(
                    "/then/notify", "has no endpoint named \"\(missing)\"; GET /v1/endpoints lists them")
            }
        }
        return (rule, position)
    }

    private static func mentions(_ rule: RoutingRule) -> [NamedComponents.Mention] {
        rule.component?.mentions(at: "/then/component") ?? []
    }

    private static func bytes(_ stored: StoredRule) -> [UInt8] {
        var json = JSONWriter()
        json.value(stored)
        return json.bytes
    }

    private static func unknown(_ id: UUID) -> Problem {
        .notFound("Rule \(id.text)")
    }
}

extension StoredRule: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", rule.id)
            json.member("position", position)
            RuleBodies.write(rule, to: &json)
            json.member("skipped_alerts", MatchingSkips.shared.count(of: rule.id))
            json.member("created_at", createdAt)
            json.member("created_by", createdBy)
            json.member("updated_at", updatedAt)
            json.member("updated_by", updatedBy)
        }
    }
}
