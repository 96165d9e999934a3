import IncidentDomain

/// The webhook of Prometheus' Alertmanager, version 4 (prometheus/alertmanager, `notify/webhook/webhook.go`,
/// `template/template.go`): an incident is one alert, in a group of its own. What takes webhooks of Alertmanager takes these.
enum OutboundAlertmanagerFormat: OutboundFormat {
    private static let receiver = "muster"
    /// What Alertmanager writes as the end of what still fires.
    private static let noEnd = "0001-01-01T00:00:00Z"

    /// Every notice of an incident says how it stands, as Alertmanager repeats what fires.
    static func tells(_ notice: Notice) -> Bool { notice.incident != nil || notice.kind == NoticeKinds.test }

    static func message(_ message: OutboundMessage) throws(OutboundMistake) -> OutboundRequest {
        guard tells(message.notice) else {
            throw OutboundMistake(reason: "Alertmanager's webhook has no word for such a notice")
        }
        let text = MessageText(message)
        let status = message.notice.incident?.isOver == true ? "resolved" : "firing"
        let labels = labels(message, text)
        let annotations = annotations(text)
        let group = ["alertname", "incident"].map { ($0, labels[$0] ?? "") }
        var json = JSONWriter()
        json.object { json in
            json.member("version", "4")
            json.member("groupKey", "{}:{\(group.map { "\($0)=\"\($1)\"" }.joined(separator: ", "))}")
            json.member("truncatedAlerts", 0)
            json.member("status", status)
            json.member("receiver", receiver)
            json.object("groupLabels") { json in for (name, value) in group { json.member(name, value) } }
            write("commonLabels", labels, &json)
            write("commonAnnotations", annotations, &json)
            json.member("externalURL", message.publicURL)
            json.name("alerts")
            json.array { json in
                json.object { json in
                    json.member("status", status)
                    write("labels", labels, &json)
                    write("annotations", annotations, &json)
                    json.member("startsAt", message.notice.incident?.startedAt ?? message.notice.occurredAt)
                    json.member("endsAt", status == "firing" ? noEnd : end(message.notice).description)
                    json.member("generatorURL", message.link ?? message.publicURL)
                    json.member("fingerprint", fingerprint(message.key))
                }
            }
        }
        return OutboundRequest(url: message.url, headers: [("content-type", "application/json")], body: json.bytes)
    }

    private static func end(_ notice: Notice) -> Timestamp { notice.incident?.restoredAt ?? notice.occurredAt }

    /// Alertmanager's name for what an alert is known by again: the same for the life of the incident, whatever its labels become.
    private static func fingerprint(_ key: String) -> String {
        var hash = FNV1a()
        hash.add(key)
        return hash.digits
    }

    /// Ours, and those of the incident with names that Prometheus allows.
    private static func labels(_ message: OutboundMessage, _ text: MessageText) -> [String: String] {
        var labels = [
            "alertname": message.notice.incident == nil ? "MusterTest" : "MusterIncident",
            "incident": text.incident ?? message.id,
        ]
        if let incident = message.notice.incident {
            labels["severity"] = incident.severity ?? "unknown"
            if let component = incident.down.first?.slug { labels["component"] = OutboundText.line(component) }
            for (name, value) in incident.labels.sorted(by: { $0.key < $1.key }) {
                let name = labelName(name)
                if labels[name] == nil { labels[name] = OutboundText.fit(value, 1000, .bytes) }
            }
        }
        return labels
    }

    /// `[a-zA-Z_][a-zA-Z0-9_]*`; names that begin with two underscores are Prometheus' own.
    private static func labelName(_ name: String) -> String {
        let fitting = String(
            String.UnicodeScalarView(
                name.unicodeScalars.prefix(100).map { scalar in
                    switch scalar {
                    case "a"..."z", "A"..."Z", "0"..."9": scalar
                    case _: "_"
                    }
                }))
        let trimmed = fitting.drop { $0 == "_" }
        let isFit = trimmed.unicodeScalars.first.map { !("0"..."9").contains($0) } ?? false
        return isFit ? String(trimmed) : "label_\(trimmed)"
    }

    private static func annotations(_ text: MessageText) -> [String: String] {
        var annotations = ["summary": OutboundText.fit(text.title, 1000, .bytes)]
        annotations["description"] = text.what.map { OutboundText.fit($0, 4000, .bytes) }
        annotations["link"] = text.link
        for fact in text.facts { annotations[fact.key] = OutboundText.fit(fact.value.words, 1000, .bytes) }
        return annotations
    }

    private static func write(_ name: String, _ texts: [String: String], _ json: inout JSONWriter) {
        json.object(name) { json in
            for (name, value) in texts.sorted(by: { $0.key < $1.key }) { json.member(name, value) }
        }
    }
}
