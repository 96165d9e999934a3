import IncidentDomain

/// A restoration plan as the API shows it: the whole in its head, of the steps a page.
struct RestorationRepresentation: JSONWritable {
    let incident: Incident
    let plan: RestorationPlan
    let probes: ProbeFacts
    let selection: RestorationSelection

    /// - Parameter selection: Nil is the first page.
    init(
        incident: Incident, plan: RestorationPlan, probes: ProbeFacts = .none, selection: RestorationSelection? = nil
    ) {
        (self.incident, self.plan, self.probes) = (incident, plan, probes)
        self.selection = selection ?? RestorationSelection(of: plan)
    }

    /// What of it answers a write whose sender prefers little (`Prefer: return=minimal`).
    static let minimal: Set<String> = [
        "incident", "total", "restored", "waived", "progress", "expected_at", "overdue_total", "start_next", "revision",
    ]

    /// How many steps are named to be started next: more than hands can take up at once.
    private static let startNextMax = 20
    /// How many overdue steps are named.
    private static let overdueMax = 50
    /// How many names the other lists of the head have; their totals count all.
    private static let namesMax = 100
    /// How many gates, and how many of other steps' names, a step has.
    private static let gatesMax = 5
    private static let neighboursMax = 20

    func write(to json: inout JSONWriter) {
        let goal = selection.goal
        let outlook = goal.map(RestorationOutlook.init(of:)) ?? plan.outlook()
        let wanted = selection.wanted
        json.object { json in
            json.member("incident", incident.number)
            json.optional("what_if", selection.isWhatIf ? true : nil)
            json.array("goals", outlook.goals, write)
            writeNow(to: &json)
            json.object("hands") { json in
                for (owner, count) in (incident.hands ?? [:]).sorted(by: { $0.key < $1.key }) {
                    json.member(owner, count)
                }
            }
            json.name("bottleneck")
            write(plan.bottleneck, to: &json)
            json.member("waves_mode", plan.wavesMode.rawValue)
            let blocked = plan.blockedTotals(selection.steps.flatMap(\.self))
            json.array("waves", zip(plan.waves, selection.steps)) { json, wave in
                json.object { json in
                    json.member("number", wave.0.number)
                    json.member("stable", wave.0.stable)
                    json.member("total", wave.0.steps.count)
                    json.member("done", wave.0.steps.count { $0.step.state.isDone })
                    json.array("steps", wave.1) { json, step in write(&json, step, blocked[step.component] ?? 0) }
                }
            }
            json.member("next_cursor", selection.next)
            json.member("total", plan.progress.total)
            json.member("restored", plan.progress.restored)
            json.member("waived", plan.progress.waived)
            json.member("progress", plan.progress.part)
            json.name("expected_at")
            write(incident.phase.isOpen ? outlook.forecast : nil, to: &json)
            write("critical_path", goal?.path ?? plan.criticalPath, to: &json)
            write("without", goal?.without ?? plan.without, to: &json)
            write("unestimated", plan.unestimated.filter { wanted?.contains($0) ?? true }, to: &json)
            json.member("order", incident.restorationOrder ?? [])
            json.member("revision", incident.plan?.revision ?? 0)
        }
    }

    /// What is stuck, and what can be begun.
    private func writeNow(to json: inout JSONWriter) {
        let overdue = plan.overdue.filter(selection.takes)
        json.array("overdue", overdue.prefix(Self.overdueMax)) { json, step in
            json.object { json in
                json.member("component", step.component)
                json.member("owner", step.owner)
                json.member("started_at", step.step.startedAt)
                json.member("overdue_seconds", step.overdueSeconds)
            }
        }
        json.member("overdue_total", overdue.count)
        // What is reviewed, or over, starts nothing.
        let ready = incident.takesAlerts ? plan.startNext.filter(selection.takes) : []
        json.array("start_next", ready.prefix(Self.startNextMax)) { json, step in
            json.object { json in
                json.member("component", step.component)
                json.member("owner", step.owner)
                json.member("effective_tier", step.effectiveTier)
                json.member("unblocks", step.blocksTotal)
            }
        }
        json.member("start_next_total", ready.count)
    }

    /// The first of a list of names, and how many there are.
    private func write(_ name: String, _ names: [String], to json: inout JSONWriter) {
        json.member(name, Array(names.prefix(Self.namesMax)))
        json.member("\(name)_total", names.count)
    }

    private func write(_ json: inout JSONWriter, _ goal: RestorationGoal) {
        json.object { json in
            json.member("component", goal.component)
            json.member("name", goal.name)
            json.member("back", goal.isBack)
            json.name("expected_at")
            write(goal.forecast, to: &json)
            json.member("needs_total", goal.needs.count)
            write("without", goal.without, to: &json)
            if let regions = goal.regions {
                json.object("regions") { json in
                    json.member("back", regions.back)
                    json.member("enough", regions.enough)
                    json.member("total", regions.total)
                }
            }
            json.optionalArray("elsewhere", goal.elsewhere.prefix(Self.neighboursMax), write)
            // All of it is only for those who ask for this goal.
            guard selection.goal != nil else { return }
            json.member("needs", goal.needs)
            json.member("path", goal.path)
        }
    }

    private func write(_ forecast: RestorationForecast?, to json: inout JSONWriter) {
        json.value(forecast.map { ExpectedRestoration($0, at: plan.now) })
    }

    /// What is null, empty or 0 is left out.
    private func write(_ json: inout JSONWriter, _ planned: PlannedStep, _ blocked: Int) {
        let step = planned.step
        json.object { json in
            json.member("component", planned.component)
            json.optional("region", step.region)
            json.optional("owner", planned.owner)
            json.member("tier", planned.tier)
            json.member("effective_tier", planned.effectiveTier)
            json.member("state", planned.status.rawValue)
            json.member("ready", planned.isReady)
            writeWaiting(of: planned, to: &json)
            // What is restored takes all that comes.
            json.optional("ramp_percent", step.state.isDone ? nil : step.rampPercent)
            json.optional("started_at", step.startedAt)
            json.optional("soak_until", step.soakUntil)
            json.optional("restored_at", step.restoredAt)
            json.optional("failures", step.failures == 0 ? nil : step.failures)
            json.optional("attempts", step.attempts == 0 ? nil : step.attempts)
            json.optional("told_at", step.expectedAt)
            json.optional("overdue_seconds", planned.overdueSeconds)
            write(step.backlog ?? [], to: &json)
            json.optionalArray("elsewhere", planned.elsewhere, write)
            let tools = planned.toolFor
            json.optionalArray("tool_for", tools.prefix(Self.neighboursMax)) { json, name in json.value(name) }
            writeNeighbours("needs", planned.needs, to: &json)
            writeNeighbours("blocks", planned.blocks, to: &json)
            json.member("blocks_total", blocked)
            write(planned.estimate, to: &json)
            json.optional("expected_begin", planned.beginsAfterSeconds.map { plan.now.adding(seconds: $0) })
            json.optional("expected_end", planned.endsAfterSeconds.map { plan.now.adding(seconds: $0) })
        }
    }

    private func write(_ json: inout JSONWriter, _ other: OtherRestorations.Step) {
        json.object { json in
            json.member("incident", other.incident)
            json.member("component", other.step.component)
            json.member("state", other.step.state.rawValue)
        }
    }

    private func writeWaiting(of planned: PlannedStep, to json: inout JSONWriter) {
        let gates = planned.waitsFor
        json.optionalArray("waits_for", gates.prefix(Self.gatesMax)) { json, gate in
            GateRepresentation(gate: gate, number: incident.number).write(to: &json)
        }
        json.optional("waits_for_total", gates.isEmpty ? nil : gates.count)
        json.optionalArray("warnings", planned.warnings) { json, warning in
            json.object { json in
                json.member("component", warning.component)
                json.member("reason", warning.reason)
            }
        }
        json.optionalArray("probes", probes.of(planned.step.slug)) { json, probe in
            json.object { json in
                json.member("name", probe.name)
                json.member("status", probe.status(since: planned.step.startedAt).rawValue)
                json.member("checked_at", probe.checkedAt)
                json.member("detail", probe.detail)
            }
        }
    }

    private func writeNeighbours(_ name: String, _ names: [String], to json: inout JSONWriter) {
        json.optionalArray(name, names.prefix(Self.neighboursMax)) { $0.string($1) }
    }

    private func write(_ bottleneck: HandsBottleneck?, to json: inout JSONWriter) {
        guard let bottleneck else { return json.literal("null") }
        json.object { json in
            json.member("owner", bottleneck.owner)
            json.member("wait_seconds", bottleneck.waitSeconds)
        }
    }

    private func write(_ backlog: [BacklogReading], to json: inout JSONWriter) {
        guard let newest = backlog.last else { return }
        json.object("backlog") { json in
            json.member("count", newest.count)
            json.member("read_at", newest.at)
            json.member("drained_at", backlog.drainedAt)
        }
    }

    private func write(_ estimate: StepEstimate?, to json: inout JSONWriter) {
        guard let estimate else { return }
        json.object("estimate") { json in
            json.member("median_seconds", estimate.medianSeconds)
            json.member("p90_seconds", estimate.p90Seconds)
            json.member("source", estimate.source.rawValue)
            json.member("samples", estimate.samples)
        }
    }
}

extension ExpectedRestoration: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("median", median)
            json.optional("p80", p80)
            json.member("p90", p90)
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

extension JSONWriter {
    /// A member that is left out without a value.
    fileprivate mutating func optional(_ name: String, _ value: (some JSONWritable)?) {
        if let value { member(name, value) }
    }

    /// A list that is left out when it is empty.
    fileprivate mutating func optionalArray<Element>(
        _ name: String, _ elements: some Collection<Element>, _ body: (inout JSONWriter, Element) -> Void
    ) {
        if !elements.isEmpty { array(name, elements, body) }
    }
}
