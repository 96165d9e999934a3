extension Incident {
    func amend(_ amendment: IncidentAmendment, _ facts: DecisionFacts) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.writable)
        var events: [any TimelineEvent] = []
        let described = IncidentDescribed(
            title: amendment.title == title ? nil : amendment.title,
            summary: amendment.summary == summary ?? "" ? nil : amendment.summary,
            labels: amendment.labels == labels ? nil : amendment.labels)
        if described != IncidentDescribed() { events.append(described) }
        if let wanted = amendment.severity, severityOrigin != .alert, isPast(newest?.severity, facts) {
            // What alerts say gives way to a person, whenever that was.
            try requirePhase(Phase.open)
            try requireCommand(facts, to: "change the severity")
            events.append(SeveritySet(severity: wanted, past: true))
        } else if let wanted = amendment.severity, wanted != severity {
            try requirePhase(Phase.open)
            // The first that a person says is anybody's who works on it, as when it is opened.
            if severity != nil, severityOrigin != .alert { try requireCommand(facts, to: "change the severity") }
            events.append(severitySet(wanted, facts))
        } else if let wanted = amendment.severity, severityOrigin == .alert {
            // A person who says the same as the alerts takes it over.
            events.append(severitySet(wanted, facts))
        }
        if let start = amendment.startedAt.map(facts.withoutSkew), start != times.startedAt {
            guard phase.isOpen else {
                throw .badValue(
                    field: "/started_at",
                    detail: "The incident is closed; PATCH /v1/incidents/\(number)/times corrects its clocks.")
            }
            let first = firstReached
            guard start <= first.moment else {
                throw .badValue(
                    field: "/started_at", detail: "\(start) is after the incident was \(first.name) (\(first.moment)).")
            }
            events.append(StartCorrected(startedAt: start, previous: times.startedAt))
        }
        return events
    }

    /// - Parameter origin: Nil for a person.
    func severitySet(_ wanted: Severity, origin: SeverityOrigin? = nil, _ facts: DecisionFacts) -> SeveritySet {
        let kept = approvalKept(at: wanted, facts)
        return SeveritySet(
            severity: wanted, previous: severity, updateDueAt: updateDue(severity: wanted, facts), approval: kept,
            approvalUntil: kept.map { _ in facts.now.adding(seconds: UpdatePolicy.approvalKeptSeconds) },
            origin: origin)
    }

    func stateCause(_ hypothesis: CauseHypothesis, _ facts: DecisionFacts) throws(IncidentRefusal)
        -> [any TimelineEvent]
    {
        try requirePhase(Phase.writable)
        let checked = try Self.checked(hypothesis, facts, field: "")
        // What was said last of it at that time, as what is entered late comes before what is known of later.
        let last = hypotheses.last { other in
            let isEarlier = other.statedAt.map { $0 <= facts.occurredAt } ?? true
            let isAboutIt = other.role == checked.role || (other.confidence == .refuted && other.covers(checked))
            return isEarlier && isAboutIt
        }
        guard last?.said != checked else { return [] }
        try requireRoom(
            for: "cause statements", having: hypotheses.count, atMost: IncidentLimits.hypotheses,
            instead: "write a note")
        return [CauseStated(checked)]
    }

    /// A subcategory belongs to its category, a component is one of the catalog, and not knowing needs a recorded reason.
    static func checked(
        _ hypothesis: CauseHypothesis, _ facts: DecisionFacts, field: String
    ) throws(IncidentRefusal) -> CauseHypothesis {
        if let subcategory = hypothesis.subcategory, !hypothesis.category.subcategories.contains(subcategory) {
            let names = hypothesis.category.subcategories.map(\.rawValue).joined(separator: ", ")
            throw .badValue(
                field: "\(field)/subcategory",
                detail: "\(subcategory.rawValue) is not a subcategory of \(hypothesis.category.rawValue); "
                    + (names.isEmpty ? "it has none." : "allowed: \(names)."))
        }
        if let component = hypothesis.component { try facts.requireKnown(component, field: "\(field)/component") }
        if hypothesis.category == .unknown, (hypothesis.evidence ?? "").isEmpty {
            throw .badValue(
                field: "\(field)/evidence",
                detail: "Category unknown needs a reason in evidence: why is it still unknown?")
        }
        return hypothesis
    }

    func assign(
        _ role: IncidentRole, to person: String, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.open)
        if isPast(newest?.roles[role.rawValue], facts) { return [RoleAssigned(role: role, person: person, past: true)] }
        guard roles[role] != person else { return [] }
        return [RoleAssigned(role: role, person: person, previous: roles[role])]
    }

    func remove(
        _ role: IncidentRole, reason: String?, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.open)
        guard let person = roles[role] else { return [] }
        if let since = newest?.roles[role.rawValue], isPast(since, facts) {
            throw .badValue(
                field: "/occurred_at",
                detail:
                    "\(person.onOneLine) has been \(role.rawValue) since \(since). Give a later time, or leave it out.")
        }
        return [RoleRemoved(role: role, previous: person, reason: reason)]
    }

    /// Sets what the incident does to a component. During the review nothing may break anew: that is work, not writing.
    func decideImpact(_ impact: ComponentImpact, _ facts: DecisionFacts) throws(IncidentRefusal) -> [any TimelineEvent]
    {
        let isPast = isHistory(impact, at: facts.occurredAt)
        let breaks = impact.isOngoing && !isPast
        try requirePhase(breaks ? [.detect, .assess, .mitigate, .restore] : Phase.open)
        let current = impacts.first { $0.component == impact.component }
        var impact = impact.divided(in: facts.graph)
        // What is under way as a whole is brought to its end as a whole.
        if let current, current.perRegion == nil, steps(of: impact.component).contains(where: { !$0.state.isStartable })
        {
            impact.perRegion = nil
        }
        try Self.check(impact, startedAt: times.startedAt, facts, field: "", isKnown: current != nil)
        // The same of another moment is something else than what is known already.
        let isRepeated = hasSaid(impact, at: facts.occurredAt) && current?.deliberate == impact.deliberate
        guard facts.occurredAt < facts.now ? !isRepeated : current != impact else { return [] }
        try requireRoom(
            for: "statements of the impact on \(impact.component)", having: impactLog?[impact.component]?.count ?? 0,
            atMost: IncidentLimits.impactStatements, instead: "write a note")
        if !impact.impact.isHarm { try requireWaiverKept(impact.component, facts) }
        let others = impacts.filter { $0.component != impact.component }
        if current == nil || impact.regions.count > (current?.regions.count ?? 0) {
            try Self.checkSize(of: others + [impact], field: "")
        }
        impact.past = isPast ? true : nil
        let event = ImpactSet(impact)
        guard breaks else { return [event] }
        let names = Set(impact.stepNames)
        let restored = steps(of: impact.component).filter { $0.state == .restored && names.contains($0.component) }
        return [event] + restored.map { StepRegressed(component: $0.component, reason: "its impact was set again") }
    }

    /// - Parameters:
    ///   - startedAt: When the incident began, and with it an impact that has no start of its own.
    ///   - isKnown: Whether the incident has an impact on the component already; then it can also be told how that went
    ///     on after the component has left the catalog.
    static func check(
        _ impact: ComponentImpact, startedAt: Timestamp, _ facts: DecisionFacts, field: String, isKnown: Bool = false
    ) throws(IncidentRefusal) {
        let component = facts.graph.components[impact.component]
        if !isKnown { try facts.requireKnown(impact.component, field: "\(field)/component") }
        if let regions = component?.regions, !regions.isEmpty,
            let elsewhere = impact.regions.first(where: { !regions.contains($0) })
        {
            throw .badValue(
                field: "\(field)/regions",
                detail: "\(impact.component) does not run in \(elsewhere); it runs in: "
                    + "\(regions.joined(separator: ", ")).")
        }
        for (name, moment) in [("started_at", impact.startedAt), ("ended_at", impact.endedAt)] {
            if let moment { try facts.checkNotInFuture(moment, field: "\(field)/\(name)") }
        }
        let start = impact.startedAt ?? startedAt
        if let end = impact.endedAt, end < start {
            throw .badValue(field: "\(field)/ended_at", detail: "\(end) is before the impact started (\(start)).")
        }
    }

    func removeImpact(
        _ component: String, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.open)
        guard impacts.contains(where: { $0.component == component }) else { return [] }
        try requireWaiverKept(component, facts)
        return [ImpactRemoved(component: component)]
    }

    /// A waiver goes with the impact, and is a commander's to take back.
    private func requireWaiverKept(_ component: String, _ facts: DecisionFacts) throws(IncidentRefusal) {
        guard steps(of: component).contains(where: { $0.state == .waived }) else { return }
        try requireCommand(facts, to: "take the impact from a component that was waived")
    }

    func setAudience(
        _ impact: AudienceImpact, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.open)
        if isPast(newest?.audiences[impact.audience.rawValue], facts) {
            var then = impact
            then.past = true
            return [AudienceImpactSet(then)]
        }
        return audiences.contains(impact) ? [] : [AudienceImpactSet(impact)]
    }

    func removeAudience(
        _ audience: Audience, reason: String?, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.open)
        guard audiences.contains(where: { $0.audience == audience }) else { return [] }
        if let since = newest?.audiences[audience.rawValue], isPast(since, facts) {
            throw .badValue(
                field: "/occurred_at",
                detail: "The impact on \(audience.rawValue) was set at \(since). Give a later time, or leave it out.")
        }
        return [AudienceImpactRemoved(audience: audience, reason: reason)]
    }

    func addNote(
        _ text: String, _ key: Bool, _ by: String? = nil, _ precision: TimePrecision? = nil
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.writable)
        try requireRoom(
            for: "notes", having: notes ?? 0, atMost: IncidentLimits.notes,
            instead: "link to a document elsewhere")
        return [
            NoteAdded(
                text: text, key: key, number: (notes ?? 0) + 1, by: by,
                precision: precision == .exact ? nil : precision)
        ]
    }

    func addTask(_ text: String, owner: String?) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.open)
        try requireRoom(
            for: "tasks", having: tasks.count, atMost: IncidentLimits.tasks, instead: "change an existing one")
        return [TaskAdded(id: (tasks.last?.id ?? 0) + 1, text: text, owner: owner)]
    }

    func changeTask(_ id: Int, text: String?, owner: String?, done: Bool?) throws(IncidentRefusal)
        -> [any TimelineEvent]
    {
        try requirePhase(Phase.open)
        guard let task = tasks.first(where: { $0.id == id }) else { throw .notFound("No task \(id) in INC-\(number).") }
        try Self.requireUnstruck(task.isStruck, "Task \(id)")
        let change = TaskChanged(
            id: id, text: text == task.text ? nil : text, owner: owner == task.owner ? nil : owner,
            done: done == task.done ? nil : done)
        return change == TaskChanged(id: id) ? [] : [change]
    }
}

extension DecisionFacts {
    /// Refuses a component that the catalog does not have.
    func requireKnown(_ slug: String, field: String) throws(IncidentRefusal) {
        guard graph.components[slug] == nil else { return }
        throw .badValue(
            field: field,
            detail: "No component \(slug) in the catalog; GET /v1/components lists them, PUT /v1/components/\(slug) "
                + "adds it." + NearestNames.question(slug, among: graph.components.keys))
    }
}

extension ComponentImpact {
    /// The same, restored region by region if the component runs in several, and is not one thing everywhere.
    func divided(in graph: DependencyGraph) -> ComponentImpact {
        var impact = self
        let known = graph.components[component]
        let isDivided = !regions.isEmpty && (known?.regions.count ?? 0) > 1 && known?.regional ?? true
        impact.perRegion = isDivided ? true : nil
        return impact
    }

    /// As hard as the worse of the two, in the regions of both; nil when it is so already.
    func united(with other: ComponentImpact) -> ComponentImpact? {
        var united = self
        if other.impact.rank > impact.rank {
            (united.impact, united.startedAt) = (other.impact, other.startedAt)
        } else if other.impact == impact, let start = startedAt {
            united.startedAt = other.startedAt.map { min($0, start) }
        }
        if !regions.isEmpty {
            // No regions are all of them.
            united.regions = other.regions.isEmpty ? [] : regions + other.regions.filter { !regions.contains($0) }
            united.perRegion = other.perRegion ?? false ? perRegion : nil
        }
        return united == self ? nil : united
    }
}
