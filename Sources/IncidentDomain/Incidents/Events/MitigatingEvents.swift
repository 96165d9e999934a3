package struct MitigationAdded: TimelineEvent {
    package var id: Int
    package var description: String
    package var kind: String?
    package var owner: String?
    package var state: MitigationState
    /// Whether it goes on to work until it is lifted; nil when nobody said so.
    package var inForce: Bool?
    package var reason: String?

    private enum CodingKeys: String, CodingKey {
        case id, description, kind, owner, state, reason
        case inForce = "in_force"
    }

    package static let kind = "mitigation_added"
    package static let examples = [
        MitigationAdded(id: 1, description: "Roll back", kind: "rollback", owner: "Ron", state: .running)
    ]

    package var redacted: MitigationAdded {
        var copy = self
        copy.description = description.redacted
        copy.kind = kind?.redacted
        copy.owner = owner?.redacted
        copy.reason = reason?.redacted
        return copy
    }

    package var phrase: Phrase {
        let about: [Phrase?] = [
            kind.map { .typed($0.onOneLine) }, inForce ?? false ? "in force" : state.phrase,
            owner.map { "owner \($0.onOneLine)" },
        ]
        return Phrase("Mitigation \(id) (\(about.compactMap(\.self).joined(separator: ", "))): \(description.sentence)")
            .giving(reason)
    }

    package var isKeyMoment: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.takeApprovalBack()
        var mitigation = Mitigation(id: id, description: description, kind: kind, owner: owner, state: .planned)
        mitigation.enter(state, at: moment)
        mitigation.inForce = inForce
        mitigation.entry = incident.version + 1
        mitigation.reason = reason
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
    /// True when it goes on to work until it is lifted, false when it was lifted; nil leaves it as it is.
    package var inForce: Bool?
    /// When it really began and ended; nil leaves what was recorded.
    package var startedAt: Timestamp?
    package var endedAt: Timestamp?
    package var reason: String?

    private enum CodingKeys: String, CodingKey {
        case id, description, kind, owner, state, previous, reason
        case inForce = "in_force"
        case startedAt = "started_at"
        case endedAt = "ended_at"
    }

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
        copy.reason = reason?.redacted
        return copy
    }

    package var phrase: Phrase {
        var changes: [Phrase] = []
        if let state { changes.append("\(state.verb)\(previous.map { " (was \($0.phrase))" } ?? "")") }
        if let inForce { changes.append(inForce ? "is in force until it is lifted" : "was lifted") }
        if let startedAt { changes.append("began \(startedAt.told)") }
        if let endedAt { changes.append("ended \(endedAt.told)") }
        if let owner { changes.append("owner set to \(owner.onOneLine)") }
        if let kind { changes.append("kind set to \(kind.onOneLine)") }
        if let description { changes.append("description changed to “\(description.onOneLine)”") }
        let text: Phrase =
            changes.isEmpty ? "Mitigation \(id) changed." : "Mitigation \(id) \(changes.joined(separator: "; "))."
        return text.giving(reason)
    }

    /// A start is told with its end.
    package var isKeyMoment: Bool {
        state.map { $0 != .running } ?? (inForce != nil || startedAt != nil || endedAt != nil)
    }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        // To lift what is in force is work that follows, and changes nothing that was said.
        if inForce == nil { incident.takeApprovalBack() }
        guard let index = incident.mitigations.firstIndex(where: { $0.id == id }) else { return }
        incident.mitigations[index].description = description ?? incident.mitigations[index].description
        incident.mitigations[index].kind = kind ?? incident.mitigations[index].kind
        incident.mitigations[index].owner = owner ?? incident.mitigations[index].owner
        if let state { incident.mitigations[index].enter(state, at: moment) }
        if let inForce { incident.mitigations[index].inForce = inForce }
        if let startedAt { incident.mitigations[index].startedAt = startedAt }
        if let endedAt { incident.mitigations[index].endedAt = endedAt }
        // A reason goes with the state that it was given for.
        if state != nil || reason != nil { incident.mitigations[index].reason = reason }
    }
}

extension MitigationState {
    fileprivate var verb: Phrase {
        switch self {
        case .planned, .running, .notNeeded: "is \(phrase)"
        case .succeeded, .failed: phrase
        case .rolledBack, .abandoned, .rejected: "was \(phrase)"
        }
    }
}

extension Mitigation {
    fileprivate mutating func enter(_ next: MitigationState, at moment: Timestamp) {
        let isCorrected = state.isOutcome && next.isOutcome
        state = next
        // What is not there any more works no more.
        if next != .succeeded, inForce ?? false { inForce = false }
        switch next {
        case .planned: (startedAt, endedAt) = (nil, nil)
        // It ended when it ended, another way than was thought.
        case .succeeded where isCorrected, .failed where isCorrected: break
        case .running:
            startedAt = moment
            endedAt = nil
        case .succeeded, .failed, .rolledBack, .notNeeded, .abandoned, .rejected: endedAt = moment
        }
    }
}
