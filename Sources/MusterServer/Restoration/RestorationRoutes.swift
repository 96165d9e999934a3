import HTTPTypes
import IncidentDomain

/// What to bring back first, and the steps of doing so.
struct RestorationRoutes: Sendable {
    let desk: IncidentDesk

    var routes: [Route] {
        [
            Route(.get, "/v1/incidents/{id}/restoration", role: .viewer, "getRestoration", isLong: true, handler: get),
            Route(
                .put, "/v1/incidents/{id}/restoration/order", role: .commander, "orderRestoration", body: .json,
                isConditional: true, isLong: true, handler: order),
            Route(
                .get, "/v1/incidents/{id}/restoration.svg", role: .viewer, "getRestorationSVG", isLong: true,
                handler: picture),
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
        try await answer(try request.incidentNumber())
    }

    /// The picture needs nothing from outside, and the browser is told to fetch nothing.
    private func picture(_ request: RequestContext) async throws -> Answer {
        let (incident, plan, graph, _) = try await desk.plan(of: try request.incidentNumber())
        let svg = RestorationSVG(RestorationPicture(plan, of: incident, in: graph)).svg
        var answer = Answer(.ok, svg.utf8, type: "image/svg+xml; charset=utf-8")
        answer.headers[.eTag] = EntityTag.text(incident.version)
        answer.isOfTheMoment = true
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
            isConditional: true, isLong: true
        ) { request in
            let number = try request.incidentNumber()
            var body = try request.fields()
            let command = read(request.parameter("component"), &body)
            _ = try await desk.handle(command, on: number, try CommandContext(request, &body))
            return try await answer(number)
        }
    }

    /// The commander's order within the waves.
    private func order(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        var body = try request.fields()
        let components = body.strings("components", max: 10_000, 1...64)
        let reason = body.optionalString("reason", 1...2000)
        let context = try CommandContext(request, &body)
        _ = try await desk.handle(
            .orderSteps(components: components.withoutRepeats, reason: reason), on: number, context)
        return try await answer(number)
    }

    private func answer(_ number: Int) async throws -> Answer {
        let (incident, plan, _, probes) = try await desk.plan(of: number)
        var answer = Answer.json(version: incident.version) { json in
            RestorationRepresentation(incident: incident, plan: plan, probes: probes).write(to: &json)
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

/// A restoration plan as the API shows it.
struct RestorationRepresentation: JSONWritable {
    let incident: Incident
    let plan: RestorationPlan
    var probes = ProbeFacts.none

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
            json.member("unestimated", plan.unestimated)
            json.member("order", incident.restorationOrder ?? [])
            json.member("revision", incident.plan?.revision ?? 0)
        }
    }

    private func writeExpected(to json: inout JSONWriter) {
        guard incident.phase.isOpen, let expected = plan.expectedAt else { return json.literal("null") }
        json.object { json in
            json.member("median", expected.median)
            json.member("p90", expected.p90)
        }
    }

    private func write(_ json: inout JSONWriter, _ planned: PlannedStep) {
        json.object { json in
            json.member("component", planned.component)
            json.member("tier", planned.tier)
            json.member("effective_tier", planned.effectiveTier)
            json.member("state", planned.status.rawValue)
            json.member("ready", planned.isReady)
            json.array("waits_for", planned.waitsFor) { json, gate in
                GateRepresentation(gate: gate, number: incident.number).write(to: &json)
            }
            json.array("warnings", planned.warnings) { json, warning in
                json.object { json in
                    json.member("component", warning.component)
                    json.member("reason", warning.reason)
                }
            }
            json.array("probes", probes.of(planned.component)) { json, probe in
                json.object { json in
                    json.member("name", probe.name)
                    json.member("status", probe.status(since: planned.step.startedAt).rawValue)
                    json.member("checked_at", probe.checkedAt)
                    json.member("detail", probe.detail)
                }
            }
            json.member("ramp_percent", planned.step.rampPercent)
            json.member("started_at", planned.step.startedAt)
            json.member("soak_until", planned.step.soakUntil)
            json.member("restored_at", planned.step.restoredAt)
            json.member("failures", planned.step.failures)
            json.member("needs", planned.needs)
            json.member("blocks", planned.blocks)
            json.member("blocks_total", planned.blocksTotal)
            json.name("estimate")
            write(planned.estimate, to: &json)
            json.member("expected_begin", planned.beginsAfterSeconds.map { plan.now.adding(seconds: $0) })
            json.member("expected_end", planned.endsAfterSeconds.map { plan.now.adding(seconds: $0) })
        }
    }

    private func write(_ estimate: StepEstimate?, to json: inout JSONWriter) {
        guard let estimate else { return json.literal("null") }
        json.object { json in
            json.member("median_seconds", estimate.medianSeconds)
            json.member("p90_seconds", estimate.p90Seconds)
            json.member("source", estimate.source.rawValue)
            json.member("samples", estimate.samples)
        }
    }
}

/// Something that a component waits for, with the call that would change it.
struct GateRepresentation: JSONWritable {
    let gate: RestorationGate
    let number: Int

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("component", gate.component)
            json.member("reason", gate.reason)
            json.name("how")
            SuggestedCall(gate.remedy, of: number).write(to: &json)
        }
    }
}
