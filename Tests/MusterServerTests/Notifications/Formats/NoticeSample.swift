@testable import IncidentDomain
@testable import MusterServer

/// Notices to make messages of, and endpoints to make them for.
enum NoticeSample {
    static let noon = Timestamp(milliseconds: 1_795_348_800_000)  // 2026-11-22T12:00:00Z

    static let opened = notice(
        "incident_opened", "Opened by an alert: Video is down. Impact started 2026-11-22 11:48:00 UTC.",
        by: "alert:prometheus",
        incident())

    static let updated = notice(
        "update_posted",
        "Update posted to users: We are moving video to the second site. ETA: 2026-11-22 14:30:00 UTC. What to do: Try again later.",
        by: "Åsa", sequence: 9, at: noon.adding(seconds: 1800),
        incident {
            $0.phase = "mitigate"
            $0.commander = "Ron"
            $0.next = ["no mitigation has succeeded or is marked as not needed"]
            $0.eta = noon.adding(seconds: 9000)
            $0.acknowledgedAt = noon.adding(seconds: 120)
        })

    static let restored = notice(
        "phase_entered", "Entered review.", by: "Ron", sequence: 31, at: noon.adding(seconds: 8000),
        incident {
            $0.phase = "review"
            $0.commander = "Ron"
            $0.down = []
            $0.next = ["review not started"]
            $0.eta = noon.adding(seconds: 9000)
            $0.acknowledgedAt = noon.adding(seconds: 120)
            $0.restoredAt = noon.adding(seconds: 7900)
        })

    /// What belongs to no incident.
    static let maintenance = Notice(
        kind: "maintenance_started", version: 1, sentence: "Maintenance began.", occurredAt: noon, actor: "muster",
        data: ["id": "7"], title: "Database upgrade", path: "/v1/maintenance/7")

    static let told: [(name: String, notice: Notice)] = [
        ("opened", opened), ("updated", updated), ("restored", restored),
    ]

    /// The same text everywhere where somebody can type one.
    static func typed(_ text: String, kind: String = "severity_set") -> Notice {
        var notice = notice(
            kind, "Severity set: \(text)", by: text,
            incident {
                $0.title = text
                $0.down = [.init(slug: text, impact: "degraded")]
                $0.commander = text
                $0.next = [text, text]
                $0.eta = noon
                $0.labels = ["team": text]
            })
        notice.data = ["text": .string(text)]
        return notice
    }

    static func notice(
        _ kind: String, _ sentence: String, by actor: String = "Ron", sequence: Int = 1, at moment: Timestamp = noon,
        _ incident: NoticeIncident? = incident()
    ) -> Notice {
        Notice(
            kind: kind, version: 1, sentence: sentence, occurredAt: moment, actor: actor, sequence: sequence,
            data: ["reason": "a test"], incident: incident)
    }

    static func incident(_ change: (inout NoticeIncident) -> Void = { _ in }) -> NoticeIncident {
        var incident = NoticeIncident(
            number: 7, title: "Video is down", severity: "sev1", phase: "detect", version: 9,
            down: [.init(slug: "cdn", impact: "major_outage"), .init(slug: "upload", impact: "degraded")], affected: 2,
            commander: nil, next: ["not acknowledged", "no one assigned as commander"], eta: nil,
            startedAt: noon.adding(seconds: -720), acknowledgedAt: nil, restoredAt: nil, labels: ["team": "video"])
        change(&incident)
        return incident
    }

    private static let hmac = EndpointSecret(key: Array(0..<32), algorithm: .hmac)

    private static let options: [EndpointFormat: [String: String]] = [
        .pagerDuty: ["routing_key": "0123456789abcdef0123456789abcdef"], .opsgenie: ["key": "genie"],
        .email: [
            "to": "ana@example.org, Åsa <asa@example.org>", "from": "Muster <muster@example.org>",
            "unsubscribe": "mailto:off@example.org",
        ],
        .template: [
            "template":
                #"{"text":"{{text}}","url":"{{link}}","down":[{{#incident}}{{#down}}"{{component}}",{{/down}}{{/incident}}null]}"#
        ],
    ]

    private static let urls: [EndpointFormat: String] = [
        .discord: "https://discord.example/api/webhooks/1/token", .ntfy: "https://ntfy.example/incidents",
        .slack: "https://hooks.example/services/T1/B1/x",
    ]

    /// - Parameter more: Options beside those that the format requires.
    static func message(
        _ notice: Notice, for format: EndpointFormat, _ more: [String: String] = [:], url: String? = nil,
        thread: String? = nil,
        sentAt: Timestamp = noon.adding(seconds: 5)
    ) -> OutboundMessage {
        OutboundMessage(
            notice: notice, id: "ntf_42", sentAt: sentAt, publicURL: "https://muster.example",
            url: url ?? urls[format] ?? format.format.usualURL ?? "https://receiver.example/hook?key=1",
            options: (options[format] ?? [:]).merging(more) { _, new in new },
            secrets: format.format.isSigned ? [hmac] : [], thread: thread)
    }

    static func request(
        _ notice: Notice, for format: EndpointFormat, _ more: [String: String] = [:], url: String? = nil,
        thread: String? = nil
    ) throws -> OutboundRequest {
        try format.format.message(message(notice, for: format, more, url: url, thread: thread))
    }

    /// The JSON that is sent.
    static func json(
        _ notice: Notice, for format: EndpointFormat, _ more: [String: String] = [:], url: String? = nil,
        thread: String? = nil
    ) throws -> JSONValue {
        try JSONParser.parse(try request(notice, for: format, more, url: url, thread: thread).body)
    }
}

extension JSONValue {
    /// All texts in it, without names.
    var texts: [String] {
        switch self {
        case .null, .bool, .integer, .number: []
        case .string(let text): [text]
        case .array(let elements): elements.flatMap(\.texts)
        case .object(let object): object.members.flatMap(\.value.texts)
        }
    }

    /// Its names and kinds, without its texts.
    var shape: String {
        switch self {
        case .null: "null"
        case .bool: "bool"
        case .integer, .number: "number"
        case .string: "text"
        case .array(let elements): "[\(elements.map(\.shape).joined(separator: " "))]"
        case .object(let object): "{\(object.members.map { "\($0.name): \($0.value.shape)" }.joined(separator: " "))}"
        }
    }

    /// For people: a line for each value.
    func indented(_ depth: Int = 0) -> String {
        let space = String(repeating: "  ", count: depth + 1)
        func lines(_ open: String, _ inner: [String], _ close: String) -> String {
            guard !inner.isEmpty else { return open + close }
            return "\(open)\n\(inner.map { space + $0 }.joined(separator: ",\n"))\n\(space.dropLast(2))\(close)"
        }
        return switch self {
        case .array(let elements): lines("[", elements.map { $0.indented(depth + 1) }, "]")
        case .object(let object):
            lines(
                "{",
                object.members.map { member in
                    let name = String(decoding: JSONValue.string(member.name).bytes, as: UTF8.self)
                    return "\(name): \(member.value.indented(depth + 1))"
                }, "}")
        case .null, .bool, .integer, .number, .string: String(decoding: bytes, as: UTF8.self)
        }
    }
}
