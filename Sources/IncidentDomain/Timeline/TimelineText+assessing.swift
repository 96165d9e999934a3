// The sentences about what happened and how bad it is.

extension IncidentOpened {
    var text: String {
        "Opened\(origin == "alert" ? " by an alert" : ""): \(title.sentence) "
            + "The impact began \(startedAt.toTheSecond)."
    }
}

extension IncidentDescribed {
    var text: String {
        var changes: [String] = []
        if let title { changes.append("title changed to “\(title.onOneLine)”") }
        if let summary { changes.append("summary changed to “\(summary.onOneLine)”") }
        if let labels {
            let pairs = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)".onOneLine }
            changes.append(pairs.isEmpty ? "labels removed" : "labels set to \(pairs.joined(separator: ", "))")
        }
        return changes.isEmpty ? "Described." : changes.joined(separator: "; ").beginningSentence
    }
}

extension PhaseEntered {
    var text: String {
        let entered = phase == .closed ? "Closed" : "Phase \(phase.rawValue) entered"
        guard !overridden.isEmpty else { return "\(entered).".giving(reason) }
        let details = overridden.map(\.detail.onOneLine).joined(separator: "; ")
        return "\(entered); overridden: \(details.sentence)".giving(reason)
    }
}

extension PhaseReverted {
    var text: String {
        let back = from == .closed ? "Reopened" : "Gone back from phase \(from.rawValue)"
        return "\(back); phase \(phase.rawValue) entered again.".giving(reason)
    }
}

extension IncidentAbsorbed {
    var text: String {
        var brought: [String] = []
        if !impacts.isEmpty {
            brought.append("impacts on \(impacts.map(\.component).sorted().joined(separator: ", "))")
        }
        if alerts > 0 { brought.append(alerts == 1 ? "1 alert" : "\(alerts) alerts") }
        let with = brought.isEmpty ? "" : "; it brought \(brought.joined(separator: " and "))"
        return "INC-\(number) “\(title.onOneLine)” was merged into this incident\(with)."
    }
}

extension CauseHypothesis {
    /// The category with its subcategory, as in `technical/cdn_fault`.
    package var name: String {
        category.rawValue + (subcategory.map { "/\($0.rawValue)" } ?? "")
    }

    var text: String {
        "Cause \(confidence.rawValue): \(name)." + (evidence.map { " Evidence: \($0.sentence)" } ?? "")
    }
}

extension RoleAssigned {
    var text: String {
        "\(person.onOneLine) is \(role.rawValue)\(previous.map { " (was \($0.onOneLine))" } ?? "")."
    }
}

extension ComponentImpact {
    var text: String {
        var text = "Impact on \(component): \(impact.rawValue)"
        if !regions.isEmpty { text += " in \(regions.map(\.onOneLine).joined(separator: ", "))" }
        if let startedAt { text += ", from \(startedAt.toTheSecond)" }
        if let endedAt { text += ", until \(endedAt.toTheSecond)" }
        return text + "."
    }
}

extension AudienceImpact {
    var text: String {
        let numbers = numbers.joined(separator: ", ")
        return "Impact on \(audience.rawValue): \(description.sentence)"
            + (numbers.isEmpty ? "" : " Numbers: \(numbers).")
    }

    /// What is known in numbers, each with its unit.
    package var numbers: [String] {
        var numbers: [String] = []
        if let people { numbers.append("\(people.grouped) \(people == 1 ? "person" : "people") affected") }
        if let money { numbers.append("\(currency.map { "\($0.onOneLine) " } ?? "")\(money.grouped) at risk") }
        if let reports { numbers.append("\(reports.grouped) \(reports == 1 ? "report" : "reports") received") }
        return numbers
    }
}

extension String {
    /// Beginning with a capital and ending like a sentence.
    var beginningSentence: String {
        let whole = sentence
        return whole.prefix(1).uppercased() + whole.dropFirst()
    }
}
