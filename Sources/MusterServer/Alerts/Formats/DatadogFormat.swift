/// Datadog's webhook, with its own payload or with one of the variables that it documents:
/// docs.datadoghq.com/integrations/webhooks.
///
/// The default payload says the state only in its title: "[Triggered on {host:a}] Disk full", later
/// "[Recovered on {host:a}] Disk full". The identity is the title of the beginning, unless the payload has
/// `aggreg_key`, or `alert_id` and perhaps `alert_scope`.
enum DatadogFormat: AlertFormat {
    /// What a monitor goes through, as `alert_transition` and as the title's first words.
    private static let transitions: [(word: String, status: IncomingAlert.Status)] = [
        ("Triggered", .firing), ("Re-Triggered", .firing), ("Warn", .firing), ("Re-Warn", .firing),
        ("No data", .firing), ("Re-No data", .firing), ("Renotify", .firing), ("Recovered", .resolved),
    ]

    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        let event = try request.fields()
        let title = event.text("title", "event_title", "alert_title")
        let (opening, beginning) = title.map(split) ?? (nil, nil)
        let identity: String
        if event["aggreg_key"].flatMap(ForeignFields.text) != nil {
            identity = try event.identity("aggreg_key")
        } else if event["alert_id"].flatMap(ForeignFields.text) != nil {
            let id = try event.identity("alert_id")
            identity = [id, event.text("alert_scope")].compactMap(\.self).joined(separator: "|")
        } else {
            guard let title else { throw .invalid("/title", "or aggreg_key is required: it identifies the alert") }
            identity = beginning ?? title
        }
        let status =
            try status(event) ?? opening ?? (event.text("alert_type")?.lowercased() == "success" ? .resolved : .firing)
        let date = event.moment("date", "last_updated")
        var labels = tags(event)
        labels.merge(
            event.labels(["host": "hostname", "event_type": "event_type", "organisation": "org/name"])
        ) { tag, _ in tag }
        return .one(
            .foreign(
                identity: identity, status: status, title: title,
                severity: event.text("alert_priority", "priority", "severity"),
                startsAt: status == .firing ? date : nil, endsAt: date, labels: labels,
                annotations: event.labels(["body": "body", "url": "link"]), payload: request.payload))
    }

    private static func status(_ event: ForeignFields) throws(Problem) -> IncomingAlert.Status? {
        guard let word = event.text("alert_transition").map({ ForeignText.trimmed($0).lowercased() }) else {
            return nil
        }
        guard let known = transitions.first(where: { $0.word.lowercased() == word }) else {
            throw .invalid(
                "/alert_transition", "should be one of \(transitions.map(\.word).joined(separator: ", "))")
        }
        return known.status
    }

    /// The state that a title begins with, perhaps after a priority as "[P2] ", and the title as it was when it began.
    private static func split(_ title: String) -> (status: IncomingAlert.Status?, beginning: String?) {
        let priority = title.prefixMatch(of: #/\[P[1-5]\] /#).map { String($0.output) } ?? ""
        let rest = title.dropFirst(priority.count)
        let opening = rest.prefix(20).lowercased()
        for (word, status) in transitions where opening.hasPrefix("[\(word.lowercased())") {
            let tail = rest.dropFirst(word.count + 1)
            if tail.hasPrefix(" ") || tail.hasPrefix("]") { return (status, "\(priority)[Triggered\(tail)") }
        }
        return (nil, nil)
    }

    /// `tags` is a list, or one text such as "env:prod,service:edge".
    private static func tags(_ event: ForeignFields) -> [String: String] {
        let tags =
            event["tags"]?.array?.compactMap(\.string) ?? event.text("tags")?.split(separator: ",").map(String.init)
        var labels: [String: String] = [:]
        for tag in tags ?? [] {
            let parts = tag.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { labels[parts[0].filter { $0 != " " }] = String(parts[1]) }
        }
        return labels
    }
}
