import HTTPTypes
import IncidentDomain

/// What to bring back first, and the steps of doing so.
struct RestorationRoutes: Sendable {
    let desk: IncidentDesk

    var routes: [Route] {
        [
            Route(
                .get, "/v1/incidents/{id}/restoration", role: .viewer, "getRestoration",
                query: ["for", "without", "at", "hands", "state", "owner", "region", "limit", "cursor"],
                isLong: true, handler: get),
            Route(
                .put, "/v1/incidents/{id}/restoration/order", role: .responder, "orderRestoration", body: .json,
                isConditional: true, isLong: true, handler: order),
            Route(
                .put, "/v1/incidents/{id}/restoration/hands", role: .responder, "setRestorationHands", body: .json,
                isConditional: true, isLong: true, handler: hands),
            Route(
                .get, "/v1/incidents/{id}/restoration.svg", role: .viewer, "getRestorationSVG", query: ["layout"],
                isLong: true,
                handler: picture),
            Route(
                .put, "/v1/incidents/{id}/restoration/{component}/needs", role: .responder, "learnRestorationNeeds",
                body: .json, isConditional: true, isLong: true, handler: needs),
            step("start", "startRestoration", .optionalJSON) { component, body in
                .startStep(
                    component: component, override: body.optionalBool("override") ?? false,
                    without: Self.without(&body),
                    reason: body.optionalString("reason", 1...2000), expectedAt: body.optionalTime("expected_at"))
            },
            step("ramp", "rampRestoration", .json) { component, body in
                .rampStep(
                    component: component, percent: body.optionalInteger("percent", 0...100),
                    expectedAt: body.optionalTime("expected_at"),
                    backlog: body.optionalInteger("backlog", 0...1_000_000_000_000))
            },
            step("verify", "verifyRestoration", .optionalJSON) { component, body in
                .verifyStep(
                    component: component, without: Self.without(&body), reason: body.optionalString("reason", 1...2000))
            },
            step("waive", "waiveRestoration", .json) { component, body in
                .waiveStep(component: component, reason: body.string("reason", 1...2000))
            },
            step("fail", "failRestoration", .optionalJSON) { component, body in
                .failStep(component: component, reason: body.optionalString("reason", 1...2000))
            },
            step("undo", "undoRestoration", .json) { component, body in
                .undoStep(component: component, reason: body.string("reason", 1...2000))
            },
            step(nil, "correctRestoration", .json) { component, body in
                .correctStep(
                    component: component, startedAt: body.optionalTime("started_at"),
                    restoredAt: body.optionalTime("restored_at"), reason: body.string("reason", 1...2000))
            },
        ]
    }

    private func get(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        var query = try request.query()
        let goal = query.string("for", 1...129)
        let changes = RestorationQuestion(&query)
        let filter = RestorationFilter(&query)
        let page = RestorationSelection.page(&query, isOfGoal: goal != nil)
        try query.finish()
        let (incident, plan, probes, chosen) = try await look(at: number, asked: changes, goal: goal, filter: filter)
        var selection = try RestorationSelection(of: plan, for: chosen, filter, page)
        selection.isWhatIf = !changes.isEmpty
        var answer = self.answer(incident, plan, probes, selection)
        answer.link(toNext: selection.next, of: request)
        return answer
    }

    /// The picture needs nothing from outside, and the browser is told to fetch nothing.
    private func picture(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        var query = try request.query()
        let layout: RestorationSVG.Layout = query.enumeration("layout") ?? .map
        try query.finish()
        return try await picture(of: number, layout)
    }

    /// The picture, also for pages.
    func picture(of number: Int, _ layout: RestorationSVG.Layout) async throws -> Answer {
        let (incident, plan, graph, _) = try await desk.plan(of: number)
        let svg = RestorationSVG(RestorationPicture(plan, of: incident, in: graph), layout).svg
        var answer = Answer(.ok, svg.utf8, type: "image/svg+xml; charset=utf-8")
        answer.headers[.eTag] = EntityTag.text(incident.version)
        answer.isOfTheMoment = true
        answer.headers[.contentSecurityPolicy] = "default-src 'none'; style-src 'unsafe-inline'"
        answer.headers[.xContentTypeOptions] = "nosniff"
        return answer
    }

    /// - Parameter verb: What is done to the step; nil corrects what was recorded of it.
    private func step(
        _ verb: String?, _ operation: String, _ bodyRule: Route.BodyRule,
        _ read: @escaping @Sendable (String, inout BodyReader) -> IncidentCommand
    ) -> Route {
        let path = "/v1/incidents/{id}/restoration/{component}"
        return Route(
            verb == nil ? .patch : .post, verb.map { "\(path)/\($0)" } ?? path, role: .responder, operation,
            body: bodyRule, isConditional: true, isLong: true
        ) { request in
            let number = try request.incidentNumber()
            var body = try request.fields()
            let command = read(request.parameter("component"), &body)
            _ = try await desk.handle(command, on: number, try CommandContext(request, &body))
            return try await answer(number, showing: request.parameter("component"))
        }
    }

    /// The dependencies that are knowingly gone on without.
    private static func without(_ body: inout BodyReader) -> [String] {
        body.optionalStrings("without", max: 1_000, 1...129) ?? []
    }

    /// The commander's order.
    private func order(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        var body = try request.fields()
        let components = body.strings("components", max: 10_000, 1...129)
        let reason = body.optionalString("reason", 1...2000)
        let context = try CommandContext(request, &body)
        _ = try await desk.handle(
            .orderSteps(components: components.withoutRepeats, reason: reason), on: number, context)
        return try await answer(number)
    }

    /// What a component was found to need.
    private func needs(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        var body = try request.fields()
        let components = body.strings("components", max: 20, 1...64)
        let reason = body.optionalString("reason", 1...2000)
        let context = try CommandContext(request, &body)
        let command = IncidentCommand.learnNeeds(
            component: request.parameter("component"), components.withoutRepeats, reason: reason)
        _ = try await desk.handle(command, on: number, context)
        return try await answer(number)
    }

    /// How many steps each owner can work on at a time.
    private func hands(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        var body = try request.fields()
        let hands = body.integers("hands", max: RestorationHands.ownersMax, 1...RestorationHands.handsMax)
        let reason = body.optionalString("reason", 1...2000)
        let context = try CommandContext(request, &body)
        _ = try await desk.handle(.setHands(hands, reason: reason), on: number, context)
        return try await answer(number)
    }

    /// - Parameter component: The step that has to be on the page; nil for the first page.
    private func answer(_ number: Int, showing component: String? = nil) async throws -> Answer {
        let (incident, plan, probes, _) = try await look(at: number)
        var answer = answer(incident, plan, probes, RestorationSelection(of: plan, showing: component))
        answer.minimalMembers = RestorationRepresentation.minimal
        return answer
    }

    private func look(
        at number: Int, asked question: RestorationQuestion = .none, goal slug: String? = nil,
        filter: RestorationFilter = .none
    ) async throws -> (Incident, RestorationPlan, ProbeFacts, RestorationGoal?) {
        let (incident, plan, graph, probes) = try await desk.plan(of: number, asked: question)
        try filter.check(plan, graph)
        let goal = try slug.map { slug in
            guard let goal = plan.goal(slug) else {
                throw Problem.invalid(
                    "/for",
                    "\(slug) is not affected by INC-\(number), and nothing that it needs is; "
                        + "GET /v1/incidents/\(number)/restoration names what is")
            }
            return goal
        }
        return (incident, plan, probes, goal)
    }

    private func answer(
        _ incident: Incident, _ plan: RestorationPlan, _ probes: ProbeFacts, _ selection: RestorationSelection
    ) -> Answer {
        var answer = Answer.json(version: incident.version) { json in
            RestorationRepresentation(incident: incident, plan: plan, probes: probes, selection: selection)
                .write(to: &json)
        }
        answer.isOfTheMoment = true
        return answer
    }
}

extension [String] {
    /// The same, each where it stands first.
    fileprivate var withoutRepeats: [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}
