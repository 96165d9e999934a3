import HTTPTypes
import IncidentDomain

/// What to bring back first, and the steps of doing so.
struct RestorationRoutes: Sendable {
    let desk: IncidentDesk

    var routes: [Route] {
        [
            Route(.get, "/v1/incidents/{id}/restoration", role: .viewer, "getRestoration", handler: get),
            Route(
                .get, "/v1/incidents/{id}/restoration.svg", role: .viewer, "getRestorationSVG", handler: picture),
            step("start", "startRestoration", .optionalJSON) { component, body in
                .startStep(
                    component: component, override: body.optionalBool("override") ?? false,
                    reason: body.optionalString("reason", 1...2000))
            },
            step("ramp", "rampRestoration", .json) { component, body in
                .rampStep(component: component, percent: body.integer("percent", 0...100))
            },
            step("verify", "verifyRestoration", .optionalJSON) { component, _ in .verifyStep(component: component) },
            step("waive", "waiveRestoration", .json) { component, body in
                .waiveStep(component: component, reason: body.string("reason", 1...2000))
            },
            step("fail", "failRestoration", .optionalJSON) { component, body in
                .failStep(component: component, reason: body.optionalString("reason", 1...2000))
            },
        ]
    }

    private func get(_ request: RequestContext) async throws -> Answer {
        try await answer(try await desk.current(try request.incidentNumber()))
    }

    /// The picture needs nothing from outside, and the browser is told to fetch nothing.
    private func picture(_ request: RequestContext) async throws -> Answer {
        let incident = try await desk.current(try request.incidentNumber()).incident
        let graph = try await desk.catalog.current()
        let plan = RestorationPlan.make(for: incident, in: graph)
        let svg = RestorationSVG(RestorationPicture(plan, of: incident, in: graph)).svg
        var answer = Answer(.ok, svg.utf8, type: "image/svg+xml; charset=utf-8")
        answer.headers[.eTag] = EntityTag.text(incident.version)
        answer.headers[.contentSecurityPolicy] = "default-src 'none'; style-src 'unsafe-inline'"
        answer.headers[.xContentTypeOptions] = "nosniff"
        return answer
    }

    private func step(
        _ verb: String, _ operation: String, _ bodyRule: Route.BodyRule,
        _ read: @escaping @Sendable (String, inout BodyReader) -> IncidentCommand
    ) -> Route {
        Route(
            .post, "/v1/incidents/{id}/restoration/{component}/\(verb)", role: .responder, operation, body: bodyRule,
            isConditional: true
        ) { request in
            let number = try request.incidentNumber()
            var body = try request.fields()
            let command = read(request.parameter("component"), &body)
            return try await answer(
                try await desk.handle(command, on: number, try CommandContext(request, &body)))
        }
    }

    private func answer(_ outcome: IncidentDesk.Outcome) async throws -> Answer {
        let graph = try await desk.catalog.current()
        let plan = RestorationPlan.make(for: outcome.incident, in: graph)
        return .json(version: outcome.incident.version) { json in
            RestorationRepresentation(incident: outcome.incident, plan: plan).write(to: &json)
        }
    }
}

/// A restoration plan as the API shows it.
struct RestorationRepresentation: JSONWritable {
    let incident: Incident
    let plan: RestorationPlan

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("incident", incident.number)
            json.array("waves", plan.waves) { json, wave in
                json.object { json in
                    json.member("number", wave.number)
                    json.member("stable", wave.stable)
                    json.array("steps", wave.steps, write)
                }
            }
            json.member("progress", plan.progress)
            json.name("expected_at")
            writeExpected(to: &json)
            json.member("critical_path", plan.criticalPath)
            json.member("revision", incident.version)
        }
    }

    /// No 90th percentile yet: it needs past restorations to learn from.
    private func writeExpected(to json: inout JSONWriter) {
        guard incident.phase.isOpen, plan.progress < 1, let seconds = plan.remainingSeconds else {
            return json.literal("null")
        }
        json.object { json in
            json.member("median", incident.lastRecordedAt.adding(seconds: Double(seconds)))
            json.member("p90", String?.none)
        }
    }

    private func write(_ json: inout JSONWriter, _ planned: PlannedStep) {
        json.object { json in
            json.member("component", planned.component)
            json.member("tier", planned.tier)
            json.member("effective_tier", planned.effectiveTier)
            json.member("state", planned.status.rawValue)
            json.member("ready", planned.step.state.isStartable && planned.waitsFor.isEmpty)
            json.array("waits_for", planned.waitsFor) { $0.value($1) }
            json.member("ramp_percent", planned.step.rampPercent)
            json.member("started_at", planned.step.startedAt)
            json.member("soak_until", planned.step.soakUntil)
            json.member("restored_at", planned.step.restoredAt)
            json.member("failures", planned.step.failures)
            json.member("blocks", planned.blocks)
        }
    }
}

extension RestorationGate: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            if let component { json.member("component", component) }
            json.member("reason", reason)
        }
    }
}
