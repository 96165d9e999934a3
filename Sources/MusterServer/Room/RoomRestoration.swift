import IncidentDomain

/// What comes back, in which order, and what can be begun now: `Pages/Templates/roomrestoration.mustache`.
struct RoomRestoration: Sendable {
    struct Step: Sendable {
        let component: String
        let state: String
        let style: String
        let sign: String
        /// What it waits for, how far it is, who does it.
        let detail: String?
        let at: RoomTime?
        /// What stands before `at`.
        let atMeaning: String
        let buttons: [RoomForm]
        let forms: [RoomForm]
    }

    let restored: Int
    let total: Int
    let progress: String
    let expected: RoomTime?
    let likely: RoomTime?
    let steps: [Step]
    let isEmpty: Bool
    let more: String?

    /// Steps that the page shows, those first that somebody can do something about.
    private static let stepsMax = 100
    private static let gatesMax = 3

    init(_ plan: RestorationPlan, of incident: Incident, _ forms: RoomForms) {
        let all = plan.waves.flatMap(\.steps)
        let first = Dictionary(plan.startNext.enumerated().map { ($1.component, $0) }) { one, _ in one }
        let sorted = all.enumerated().sorted { one, other in
            let keys = [one, other].map { place, step in
                (Self.rank(step), first[step.component] ?? place)
            }
            return keys[0] < keys[1]
        }.map(\.element)
        (restored, total) = (plan.progress.restored + plan.progress.waived, plan.progress.total)
        let waived = plan.progress.waived > 0 ? ", \(plan.progress.waived) waived" : ""
        progress = "\(plan.progress.restored) of \(plan.progress.total) restored\(waived)"
        let isOpen = incident.phase.isOpen && !plan.progress.isOver
        let forecast = isOpen ? plan.forecast().map { ExpectedRestoration($0, at: plan.now) } : nil
        expected = (forecast?.median).map(RoomTime.init)
        likely = (forecast?.p90).map(RoomTime.init)
        // What is reviewed, or over, starts nothing.
        let acts = incident.takesAlerts
        steps = sorted.prefix(Self.stepsMax).map { Self.step($0, acts ? forms : nil, incident) }
        isEmpty = steps.isEmpty
        more = sorted.count > Self.stepsMax ? "and \(sorted.count - Self.stepsMax) more" : nil
    }

    private static func rank(_ step: PlannedStep) -> Int {
        switch step.status {
        case .regressed: 0
        case .restoring, .verifying: 1
        case .ready: 2
        case .waiting: 3
        case .restored: 4
        case .waived: 5
        }
    }

    private static func step(_ planned: PlannedStep, _ forms: RoomForms?, _ incident: Incident) -> Step {
        let (step, name) = (planned.step, planned.component)
        let fixed = ["component": name]
        func make(_ operation: String, only: [String]? = nil, title: String? = nil) -> [RoomForm] {
            forms?.make(
                operation, subject: "-\(name)", fixed: fixed, only: only, title: title, anchor: "restoration",
                about: name)
                ?? []
        }
        var (buttons, more): ([RoomForm], [RoomForm]) = ([], [])
        switch planned.status {
        case .ready, .regressed, .waiting:
            if planned.isReady { buttons = make("startRestoration", only: []) }
            more =
                make(
                    "startRestoration", only: planned.isReady ? ["expected_at"] : nil,
                    title: planned.isReady ? "Start, with a time" : "Start all the same") + make("waiveRestoration")
        case .restoring:
            buttons = make("verifyRestoration", only: [])
            more =
                make("rampRestoration") + make("verifyRestoration", title: "Verify all the same")
                + make("failRestoration") + make("waiveRestoration")
        case .verifying: more = make("failRestoration") + make("waiveRestoration")
        case .restored: break
        case .waived: buttons = planned.isReady ? make("startRestoration", only: []) : []
        }
        if step.undoable != nil { more += make("undoRestoration") }
        let (moment, meaning) = time(of: planned)
        return Step(
            component: name, state: planned.status.rawValue.words, style: "step \(planned.status.rawValue)",
            sign: sign(planned.status), detail: detail(planned), at: moment.map(RoomTime.init), atMeaning: meaning,
            buttons: buttons, forms: more)
    }

    private static func time(of planned: PlannedStep) -> (Timestamp?, String) {
        let step = planned.step
        switch planned.status {
        case .restored: return (step.restoredAt, "since")
        case .verifying: return (step.soakUntil, "until")
        case .restoring: return (step.expectedAt ?? step.startedAt, step.expectedAt == nil ? "since" : "expected")
        case .regressed: return (step.regressedAt, "since")
        case .waived: return (step.waivedAt, "since")
        case .ready, .waiting: return (nil, "")
        }
    }

    private static func detail(_ planned: PlannedStep) -> String? {
        let gates = planned.waitsFor
        let others = gates.count > gatesMax ? " and \(gates.count - gatesMax) more" : ""
        let waits = gates.isEmpty ? nil : gates.prefix(gatesMax).map(\.reason).joined(separator: "; ") + others
        let ramp = planned.step.state.isDone ? nil : planned.step.rampPercent.map { "\($0) % ramped" }
        let late = planned.overdueSeconds.map { "late by \(Speech.standard.text(seconds: Double($0)))" }
        return ["tier \(planned.effectiveTier)", planned.owner, ramp, late, waits].compactMap(\.self)
            .joined(separator: " · ").nonEmpty
    }

    private static func sign(_ status: RestorationStatus) -> String {
        switch status {
        case .waiting: "…"
        case .ready: "▶"
        case .restoring: "◐"
        case .verifying: "◑"
        case .restored: "✓"
        case .waived: "–"
        case .regressed: "✕"
        }
    }
}

/// What was told to those who wait, and what is being written: `Pages/Templates/roomupdates.mustache`.
struct RoomUpdates: Sendable {
    struct Update: Sendable {
        let heading: String
        let style: String
        let language: String
        let paragraphs: [String]
        let steps: [String]
        let hasSteps: Bool
        let at: RoomTime?
        let over: RoomTime?
        let buttons: [RoomForm]
        let forms: [RoomForm]
    }

    let due: RoomTime?
    let isLate: Bool
    let updates: [Update]
    let isEmpty: Bool
    let more: String?
    let forms: [RoomForm]

    private static let updatesMax = 20

    init(_ updates: [UpdateRecord], of incident: Incident, _ forms: RoomForms, now: Timestamp) {
        due = incident.nextUpdateDueAt.map(RoomTime.init)
        isLate = incident.nextUpdateDueAt.map { $0 < now } ?? false
        let shown = updates.reversed().prefix(Self.updatesMax)
        self.updates = shown.map { Self.update($0, forms) }
        isEmpty = updates.isEmpty
        more = updates.count > shown.count ? "and \(updates.count - shown.count) older ones" : nil
        let auto = ["template": "auto"]
        self.forms =
            incident.phase == .dismissed || incident.phase == .merged
            ? []
            : forms.make(
                "draftUpdate", fixed: auto, only: ["audience", "eta", "next_update_at"],
                title: "Draft an update from the template", button: "Draft and preview", anchor: "updates")
                + forms.make("postUpdate", title: "Write and publish an update", anchor: "updates")
                + forms.make("setEta", anchor: "updates")
    }

    private static func update(_ update: UpdateRecord, _ forms: RoomForms) -> Update {
        let id = String(update.id)
        let fixed = ["update": id]
        let written = ["body": update.body, "steps": update.steps.joined(separator: "\n")]
        func make(
            _ operation: String, fixed: [String: String], values: [String: String] = [:], only: [String]? = nil
        ) -> [RoomForm] {
            forms.make(
                operation, subject: id, fixed: fixed, fixedValues: values, only: only, anchor: "updates",
                about: "update \(id)")
        }
        var (buttons, more): ([RoomForm], [RoomForm]) = ([], [])
        switch update.state {
        case .draft, .scheduled:
            let revision = fixed.merging(["revision": String(update.revision)]) { $1 }
            buttons = make("publishUpdate", fixed: fixed)
            more =
                make(
                    "reviseUpdate", fixed: fixed,
                    values: written)
                + (update.approvedBy == nil ? make("approveUpdate", fixed: revision) : [])
                + make("withdrawUpdate", fixed: fixed)
        case .published: more = make("correctUpdate", fixed: fixed, values: written)
        case .withdrawn: break
        }
        let by = update.authors.joined(separator: ", ")
        let approved = update.approvedBy.map { ", approved by \($0)" } ?? ""
        return Update(
            heading:
                "\(id). \(update.state.rawValue), to \(update.audience)\(update.isPublic ? ", public" : "") · \(by)\(approved)",
            style: "update \(update.state.rawValue)", language: update.language,
            paragraphs: update.body.split(separator: "\n\n").map(String.init), steps: update.steps,
            hasSteps: !update.steps.isEmpty,
            at: (update.versions.last?.publishedAt ?? update.publishAt).map(RoomTime.init),
            over: update.eta.map(RoomTime.init), buttons: buttons, forms: more)
    }
}
