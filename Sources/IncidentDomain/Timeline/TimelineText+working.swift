// The sentences about what was done, and what was learnt from it.

extension MitigationAdded {
    var text: String {
        let about = [kind?.onOneLine, state.words, owner.map { "owner \($0.onOneLine)" }].compactMap(\.self)
        return "Mitigation \(id) (\(about.joined(separator: ", "))): \(description.sentence)"
    }
}

extension MitigationChanged {
    var text: String {
        var changes: [String] = []
        if let state { changes.append("\(state.verb)\(previous.map { " (was \($0.words))" } ?? "")") }
        if let owner { changes.append("has owner \(owner.onOneLine)") }
        if let kind { changes.append("has kind \(kind.onOneLine)") }
        if let description { changes.append("now reads “\(description.onOneLine)”") }
        return changes.isEmpty ? "Mitigation \(id) changed." : "Mitigation \(id) \(changes.joined(separator: "; "))."
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

extension TaskAdded {
    var sentence: String {
        "Task \(id)\(owner.map { " (owner \($0.onOneLine))" } ?? ""): \(text.sentence)"
    }
}

extension TaskChanged {
    var sentence: String {
        var changes: [String] = []
        if let done { changes.append(done ? "is done" : "is open again") }
        if let owner { changes.append("has owner \(owner.onOneLine)") }
        if let text { changes.append("now reads “\(text.onOneLine)”") }
        return changes.isEmpty ? "Task \(id) changed." : "Task \(id) \(changes.joined(separator: "; "))."
    }
}

extension StepStarted {
    var text: String {
        guard !overridden.isEmpty else { return "Restoring \(component) started.".giving(reason) }
        let gates = overridden.map(\.onOneLine).joined(separator: "; ")
        return "Restoring \(component) started; overridden: \(gates.sentence)".giving(reason)
    }
}

extension AlertBatch {
    /// - Parameter happened: Puts "2 alerts" into a clause that says what they did.
    func text(_ happened: (String) -> String) -> String {
        let places = counts.keys.filter { !$0.isEmpty }.sorted()
        let names = places.prefix(5).joined(separator: ", ") + (places.count > 5 ? " and \(places.count - 5) more" : "")
        let titles = alerts.prefix(3).map { "“\($0.title.onOneLine)”" }.joined(separator: ", ")
        let more = total > 3 ? " and \(total - 3) more" : ""
        return happened(total == 1 ? "1 alert" : "\(total) alerts") + (names.isEmpty ? "" : " on \(names)")
            + (titles.isEmpty ? "." : ": \(titles)\(more).")
    }
}

extension UpdatePosted {
    var text: String {
        var text = "Update for \(audience.onOneLine): \(body.sentence)"
        if let eta { text += " Expected to be restored \(eta.toTheSecond)." }
        let list = steps.map(\.onOneLine).filter { !$0.isEmpty }.joined(separator: "; ")
        return list.isEmpty ? text : "\(text) What to do: \(list.sentence)"
    }
}

extension ReviewRevised {
    var text: String {
        let ids = sections.map(\.id.onOneLine).joined(separator: ", ")
        return "Review revised: revision \(revision), \(status.words)"
            + (ids.isEmpty ? "." : "; written so far: \(ids).")
    }
}

extension ActionAdded {
    var text: String {
        let about = [
            kind.rawValue, required ? "required" : "optional", owner.map { "owner \($0.onOneLine)" },
            due.map { "due \($0.onOneLine)" },
        ].compactMap(\.self)
        return "Action item \(ordinal) (\(about.joined(separator: ", "))): \(title.sentence)"
    }
}

extension ActionChanged {
    var text: String {
        var changes: [String] = []
        if let state { changes.append("is \(state.words)") }
        if let owner { changes.append("has owner \(owner.onOneLine)") }
        if let due { changes.append("is due \(due.onOneLine)") }
        if let kind { changes.append("is \(kind.rawValue)") }
        if let required { changes.append(required ? "is required" : "is optional") }
        if let title { changes.append("now reads “\(title.onOneLine)”") }
        return changes.isEmpty
            ? "Action item \(ordinal) changed." : "Action item \(ordinal) \(changes.joined(separator: "; "))."
    }
}
