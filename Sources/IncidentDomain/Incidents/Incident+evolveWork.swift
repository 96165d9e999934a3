extension Incident {
    mutating func add(_ added: MitigationAdded, at moment: Timestamp) {
        var mitigation = Mitigation(
            id: added.id, description: added.description, kind: added.kind, owner: added.owner, state: .planned)
        mitigation.enter(added.state, at: moment)
        mitigations.append(mitigation)
    }

    mutating func change(_ change: MitigationChanged, at moment: Timestamp) {
        guard let index = mitigations.firstIndex(where: { $0.id == change.id }) else { return }
        mitigations[index].description = change.description ?? mitigations[index].description
        mitigations[index].kind = change.kind ?? mitigations[index].kind
        mitigations[index].owner = change.owner ?? mitigations[index].owner
        if let state = change.state { mitigations[index].enter(state, at: moment) }
    }

    mutating func change(_ change: TaskChanged) {
        guard let index = tasks.firstIndex(where: { $0.id == change.id }) else { return }
        tasks[index].text = change.text ?? tasks[index].text
        tasks[index].owner = change.owner ?? tasks[index].owner
        tasks[index].done = change.done ?? tasks[index].done
    }

    mutating func add(_ added: ActionAdded) {
        actions.append(
            ActionItem(
                ordinal: added.ordinal, title: added.title, kind: added.kind, owner: added.owner, due: added.due,
                required: added.required, state: .open))
    }

    mutating func change(_ change: ActionChanged) {
        guard let index = actions.firstIndex(where: { $0.ordinal == change.ordinal }) else { return }
        actions[index].title = change.title ?? actions[index].title
        actions[index].kind = change.kind ?? actions[index].kind
        actions[index].owner = change.owner ?? actions[index].owner
        actions[index].due = change.due ?? actions[index].due
        actions[index].required = change.required ?? actions[index].required
        actions[index].state = change.state ?? actions[index].state
    }

    mutating func change(_ component: String, _ body: (inout RestorationStep) -> Void) {
        guard let index = steps.firstIndex(where: { $0.component == component }) else { return }
        body(&steps[index])
    }

    /// Ends an impact, unless somebody has said already when it ended.
    mutating func endImpact(on component: String, at moment: Timestamp) {
        guard let index = impacts.firstIndex(where: { $0.component == component }) else { return }
        impacts[index].endedAt = impacts[index].endedAt ?? max(moment, impacts[index].startedAt ?? moment)
    }

    /// What was thought to be over is not.
    mutating func resumeImpact(on component: String) {
        guard let index = impacts.firstIndex(where: { $0.component == component }) else { return }
        impacts[index].endedAt = nil
    }
}

extension Mitigation {
    fileprivate mutating func enter(_ next: MitigationState, at moment: Timestamp) {
        state = next
        switch next {
        case .planned: break
        case .running:
            startedAt = moment
            endedAt = nil
        case .succeeded, .failed, .rolledBack, .notNeeded: endedAt = moment
        }
    }
}
