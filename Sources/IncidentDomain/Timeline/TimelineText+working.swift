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

extension RestorationOrdered {
    var text: String {
        guard !components.isEmpty else { return "The order of restoration follows the plan again.".giving(reason) }
        let names = components.prefix(10).joined(separator: ", ")
        let more = components.count > 10 ? " and \(components.count - 10) more" : ""
        return "Order of restoration set: first \(names)\(more).".giving(reason)
    }
}

extension PlanRevised {
    var text: String {
        var clauses: [String] = []
        if changes.contains(.began) {
            let count = waves.reduce(0) { $0 + $1.count }
            clauses.append(
                "\(count) component\(count == 1 ? "" : "s") in \(waves.count) wave\(waves.count == 1 ? "" : "s")")
        }
        if !joined.isEmpty { clauses.append("\(Self.names(joined)) joined") }
        if !left.isEmpty { clauses.append("\(Self.names(left)) left") }
        if changes.contains(.order) { clauses.append("the order changed") }
        clauses.append(forecast)
        return "Plan of restoration, revision \(revision): \(clauses.joined(separator: "; "))."
    }

    private var forecast: String {
        guard let expected else { return "no expected time, as not every component has one" }
        var text = "done \(expected.median.toTheSecond) (nine times out of ten by \(expected.p90.toTheSecond))"
        if let previous, changes.contains(.expected) {
            let shift = expected.median.seconds(since: previous.median)
            text += ", \(DurationText.human(abs(shift))) \(shift > 0 ? "later" : "earlier") than thought before"
        }
        return text
    }

    private static func names(_ components: [String]) -> String {
        components.prefix(5).joined(separator: ", ")
            + (components.count > 5 ? " and \(components.count - 5) more" : "")
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
            + (titles.isEmpty ? "" : ": \(titles)\(more)")
            + (reason.map { ", because \($0)." } ?? ".")
    }

    private var reason: String? {
        correlation.map(\.text) ?? affecting.map { "\($0) is affected here" }
    }
}

extension AlertCorrelation {
    /// A clause: `feed depends on user-db`.
    var text: String {
        let between = through.dropFirst().dropLast().joined(separator: ", ")
        let way = between.isEmpty ? "" : " (over \(between))"
        let (first, last) = (through.first ?? component, through.last ?? component)
        return switch direction {
        case .dependsOnAffected: "\(first) depends on \(last)\(way)"
        case .affectedDependsOn: "\(first), which is affected here, depends on \(last)\(way)"
        }
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
            + (ids.isEmpty ? "." : "; \(scope == .whole ? "written so far" : "written"): \(ids).")
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
