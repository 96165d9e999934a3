package struct MitigationAdded: TimelineEvent {
    package var id: Int
    package var description: String
    package var kind: String?
    package var owner: String?
    package var state: MitigationState

    package static let kind = "mitigation_added"
    package static let examples = [
        MitigationAdded(id: 1, description: "Roll back", kind: "rollback", owner: "Ron", state: .running)
    ]

    package var redacted: MitigationAdded {
        var copy = self
        copy.description = description.redacted
        copy.kind = kind?.redacted
        copy.owner = owner?.redacted
        return copy
    }

    package var sentence: String {
        let about = [kind?.onOneLine, state.words, owner.map { "owner \($0.onOneLine)" }].compactMap(\.self)
        return "Mitigation \(id) (\(about.joined(separator: ", "))): \(description.sentence)"
    }

    package var isKeyMoment: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        var mitigation = Mitigation(id: id, description: description, kind: kind, owner: owner, state: .planned)
        mitigation.enter(state, at: moment)
        incident.mitigations.append(mitigation)
    }
}

package struct MitigationChanged: TimelineEvent {
    package var id: Int
    package var description: String?
    package var kind: String?
    package var owner: String?
    package var state: MitigationState?
    package var previous: MitigationState?

    package static let kind = "mitigation_changed"
    package static let examples = [
        MitigationChanged(
            id: 1, description: "Roll back again", kind: "rollback", owner: "Mia", state: .succeeded,
            previous: .running)
    ]

    package var redacted: MitigationChanged {
        var copy = self
        copy.description = description?.redacted
        copy.kind = kind?.redacted
        copy.owner = owner?.redacted
        return copy
    }

    package var sentence: String {
        var changes: [String] = []
        if let state { changes.append("\(state.verb)\(previous.map { " (was \($0.words))" } ?? "")") }
        if let owner { changes.append("owner set to \(owner.onOneLine)") }
        if let kind { changes.append("kind set to \(kind.onOneLine)") }
        if let description { changes.append("description changed to “\(description.onOneLine)”") }
        return changes.isEmpty ? "Mitigation \(id) changed." : "Mitigation \(id) \(changes.joined(separator: "; "))."
    }

    package var isKeyMoment: Bool { state != nil }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        guard let index = incident.mitigations.firstIndex(where: { $0.id == id }) else { return }
        incident.mitigations[index].description = description ?? incident.mitigations[index].description
        incident.mitigations[index].kind = kind ?? incident.mitigations[index].kind
        incident.mitigations[index].owner = owner ?? incident.mitigations[index].owner
        if let state { incident.mitigations[index].enter(state, at: moment) }
    }
}

extension MitigationState {
    fileprivate var verb: String {
        switch self {
        case .planned, .running, .notNeeded: "is \(words)"
        case .succeeded, .failed: words
        case .rolledBack: "was rolled back"
        }
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
