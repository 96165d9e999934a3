/// An incident as people look at it in a terminal.
package struct IncidentView: Sendable {
    private let incident: JSON
    private let moments: Moments
    private let style: Style
    private let width: Int?

    package init(_ incident: JSON, moments: Moments, style: Style, width: Int?) {
        self.incident = incident
        self.moments = moments
        self.style = style
        self.width = width
    }

    // MARK: - In a list

    /// What a list has to ask for.
    package static let fields =
        "number,title,phase,severity,next,roles,alerts,eta,restoration,times,next_update_due_at,review_due_at"

    package static let columns: [Column] = [
        Column("INCIDENT") { item, _ in Cell("INC-\(item["number"].plain)") },
        Column("SEV") { item, _ in Cell(item["severity"].text ?? "-", Style.tint(severity: item["severity"].text)) },
        .state("PHASE", "phase"),
        Column("AGE") { item, moments in Cell(moments.age(item["times"]["started_at"])) },
        Column("COMMANDER") { item, _ in Cell(item["roles"]["commander"].text ?? "-") },
        Column("FIRING") { item, _ in
            let firing = item["alerts"]["firing"].int ?? 0
            return Cell(firing == 0 ? "-" : String(firing), firing == 0 ? .plain : .red)
        },
        Column("ETA") { item, moments in
            Cell(moments.say(item["eta"].isNull ? item["restoration"]["eta"] : item["eta"]))
        },
        Column("NEXT", isCut: true) { item, _ in Cell(next(item)) },
        Column("TITLE", isCut: true) { item, _ in Cell(item["title"].text) },
    ]

    private static func next(_ item: JSON) -> String {
        if item["next"]["ready"].isTrue { return "ready to advance" }
        let unmet = item["next"]["unmet"].items
        guard let first = unmet.first?["detail"].text else { return "-" }
        return unmet.count > 1 ? "\(first) (+\(unmet.count - 1))" : first
    }

    // MARK: - Alone

    /// Everything that is known of it, but for the timeline and the plan.
    package var lines: [String] {
        [title] + facts + impacts + mitigations + tasks + ["", NextView(head: incident, style: style).text]
    }

    private var title: String {
        let severity = incident["severity"].text
        return [
            style.paint("INC-\(incident["number"].plain)", .bold),
            style.paint(SafeText.line(severity ?? "no severity"), Style.tint(severity: severity)),
            style.paint(SafeText.line(incident["phase"].text ?? ""), .cyan),
            style.paint(SafeText.line(incident["title"].text ?? ""), .bold),
        ].joined(separator: "  ")
    }

    private var facts: [String] {
        var rows: [(String, String)] = []
        func add(_ name: String, _ text: String?) {
            if let text, !text.isEmpty { rows.append((name, SafeText.line(text))) }
        }
        add("summary", incident["summary"].text)
        add("began", moments.say(incident["times"]["started_at"]))
        for clock in ["acknowledged_at", "mitigated_at", "restored_at", "closed_at"] {
            add(String(clock.dropLast(3)), moments.say(incident["times"][clock]))
        }
        add("cause", cause)
        add("roles", incident["roles"].members.map { "\($0.name) \($0.value.plain)" }.joined(separator: ", "))
        add("alerts", alerts)
        add("eta", moments.say(incident["eta"]))
        add("update due", moments.say(incident["next_update_due_at"]))
        add(
            "review",
            incident["review"]["status"].text.map { "\($0), revision \(incident["review"]["revision"].plain)" })
        add("review due", moments.say(incident["review_due_at"]))
        add("labels", incident["labels"].members.map { "\($0.name)=\($0.value.plain)" }.joined(separator: ", "))
        for link in incident["links"].items.prefix(5) {
            add("link", "\(link["text"].plain) \(link["href"].plain)".trimmed)
        }
        for warning in incident["warnings"].items { add("warning", warning["detail"].text) }
        let wide = rows.map { $0.0.count }.max() ?? 0
        return rows.map { name, text in
            "  " + style.paint(name + String(repeating: " ", count: wide - name.count), .dim) + "  " + text
        }
    }

    private var cause: String? {
        let cause = incident["cause"]
        guard let category = cause["category"].text else { return nil }
        let words = [cause["subcategory"].text, cause["component"].text, cause["confidence"].text].compactMap(\.self)
        return ([category] + words).joined(separator: ", ") + (cause["evidence"].text.map { ": \($0)" } ?? "")
    }

    private var alerts: String? {
        guard let total = incident["alerts"]["total"].int, total > 0 else { return nil }
        return "\(incident["alerts"]["firing"].plain) of \(total) firing"
    }

    private var impacts: [String] {
        section("Impacts", incident["impacts"].items) { impact in
            let level = impact["impact"].text
            let ended = impact["ended_at"].isNull ? "" : ", over \(moments.say(impact["ended_at"]))"
            let regions = impact["regions"].items.isEmpty ? "" : " in \(impact["regions"].plain)"
            return SafeText.line(impact["component"].plain) + "  "
                + style.paint(SafeText.line(level ?? ""), Style.tint(state: level)) + SafeText.line(regions + ended)
        }
            + section("Noticed by", incident["audiences"].items) { item in
                SafeText.line("\(item["audience"].plain): \(item["description"].plain)")
            }
    }

    private var mitigations: [String] {
        section("Mitigations", incident["mitigations"].items.filter { !$0["struck"].isTrue }) { item in
            let state = item["state"].text
            let force = item["in_force"].isTrue ? ", in force" : ""
            return "\(item["id"].plain)  " + style.paint(SafeText.line(state ?? ""), Style.tint(state: state)) + force
                + "  " + SafeText.line(item["description"].plain)
        }
    }

    private var tasks: [String] {
        section("Tasks", incident["tasks"].items.filter { !$0["struck"].isTrue }) { item in
            let owner = item["owner"].text.map { " (\($0))" } ?? ""
            return "\(item["id"].plain)  \(item["done"].isTrue ? "done" : "open")  "
                + SafeText.line(item["text"].plain + owner)
        }
    }

    private func section(_ title: String, _ items: [JSON], _ line: (JSON) -> String) -> [String] {
        guard !items.isEmpty else { return [] }
        let shown = items.prefix(40).map { "  " + line($0) }
        let rest = items.count > 40 ? ["  and \(items.count - 40) more"] : []
        return [style.paint(title, .bold)] + shown + rest
    }
}

/// Entries of a timeline, one a line.
package enum TimelineView {
    package static func lines(_ entries: [JSON], moments: Moments, style: Style) -> [String] {
        entries.map { entry in
            let struck = entry["struck"].isNull ? "" : " (struck out)"
            let time = entry["occurred_at"].text.flatMap(Moments.parse).map(Moments.date)
            let shown = moments.areAbsolute ? (time ?? "") : String((time ?? "").dropFirst(11).prefix(8))
            return style.paint(shown, .dim) + "  " + SafeText.line("\(entry["text"].plain)\(struck)")
                + style.paint("  " + SafeText.line(entry["actor"].plain), .dim)
        }
    }
}
