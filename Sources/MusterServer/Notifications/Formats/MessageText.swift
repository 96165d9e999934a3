import IncidentDomain

/// What a message to people says, made once for all channels: each format escapes and cuts the texts, and puts its own marks
/// around them.
///
/// A message is short: severity, title, what happened, what is down, who leads, what is still open, when it is expected back, and
/// the link.
struct MessageText: Hashable, Sendable {
    /// Something that is said of the incident, as `Lead: Ana`.
    struct Fact: Hashable, Sendable {
        let name: String
        let value: Value
    }

    enum Value: Hashable, Sendable {
        case text(String)
        /// A time, and what is said after it; channels that can show it in the zone of the reader.
        case moment(Timestamp, then: String?)

        /// With the time in UTC.
        var words: String {
            switch self {
            case .text(let text): text
            case .moment(let moment, let then):
                ([moment.toTheMinute] + [then].compactMap(\.self)).joined(separator: ", ")
            }
        }
    }

    /// How bad it is, for colours, priorities and signs.
    enum Tone: Hashable, Sendable {
        case sev1, sev2, sev3, sev4
        /// An incident whose severity nobody has set.
        case unknown
        /// Restored or over.
        case over
        /// What is no incident: maintenance, endpoints, tests.
        case news
    }

    let tone: Tone
    /// `SEV1`, or `Restored` once it is over.
    let badge: String?
    /// `INC-7`.
    let incident: String?
    let headline: String
    /// What happened; nil where the headline says it.
    let what: String?
    let facts: [Fact]
    let occurredAt: Timestamp
    let actor: String
    let link: String?

    /// `SEV1 · INC-7 · Video is down`.
    var title: String { [badge, incident, headline].compactMap(\.self).joined(separator: " · ") }
    /// What a link says.
    var linkText: String { incident.map { "Open \($0)" } ?? "Read more" }

    init(_ message: OutboundMessage) {
        let notice = message.notice
        let incident = notice.incident
        tone = incident.map(Self.tone) ?? .news
        badge = incident.flatMap(Self.badge)
        self.incident = incident?.id
        headline = OutboundText.line(notice.headline)
        let sentence = OutboundText.line(notice.sentence)
        what = sentence.isEmpty || sentence == headline ? nil : sentence
        facts = incident.map(Self.facts) ?? []
        occurredAt = notice.occurredAt
        actor = OutboundText.line(notice.actor)
        link = message.link
    }

    private static func tone(_ incident: NoticeIncident) -> Tone {
        if incident.isOver { return .over }
        return switch incident.severity {
        case "sev1": .sev1
        case "sev2": .sev2
        case "sev3": .sev3
        case "sev4": .sev4
        case _: .unknown
        }
    }

    private static func badge(_ incident: NoticeIncident) -> String? {
        guard incident.isOver else { return incident.severity?.uppercased() }
        return incident.phase == "review" ? "Restored" : incident.phase.capitalizedFirst
    }

    /// How many components and open points are named.
    static let namedMax = 10
    static let openMax = 3

    private static func facts(_ incident: NoticeIncident) -> [Fact] {
        var facts: [Fact] = []
        func say(_ name: String, _ value: Value) { facts.append(Fact(name: name, value: value)) }
        if !incident.down.isEmpty {
            let names = incident.down.map { "\($0.slug) (\($0.impact.split(separator: "_").joined(separator: " ")))" }
            say("Down", .text(list(names, max: namedMax, separator: ", ")))
        }
        if let commander = incident.commander {
            say("Lead", .text(OutboundText.line(commander)))
        } else if !incident.isOver {
            say("Lead", .text("nobody yet"))
        }
        if !incident.isOver { say("Phase", .text(incident.phase)) }
        if !incident.next.isEmpty { say("Still open", .text(list(incident.next, max: openMax, separator: "; "))) }
        if let restored = incident.restoredAt {
            let length = max(0, restored.seconds(since: incident.startedAt))
            say("Restored", .moment(restored, then: "after \(DurationText.human(length))"))
        } else if let eta = incident.eta, !incident.isOver {
            say("ETA", .moment(eta, then: nil))
        }
        return facts
    }

    private static func list(_ texts: [String], max: Int, separator: String) -> String {
        let more = texts.count > max ? " and \(texts.count - max) more" : ""
        return texts.prefix(max).map(OutboundText.line).joined(separator: separator) + more
    }
}

extension MessageText {
    /// The lines of a plain text, escaped, each with its own limit: title, what happened, a fact each. The link is left to the
    /// format.
    ///
    /// - Parameter strong: What a channel puts around a title and names.
    func lines(
        _ unit: OutboundText.Unit, title titleMax: Int, what whatMax: Int, fact factMax: Int, strong: String = "",
        escape: OutboundText.Escape = OutboundText.plain
    ) -> [String] {
        var lines = [strong + OutboundText.fit(title, titleMax, unit, escape: escape) + strong]
        if let what { lines.append(OutboundText.fit(what, whatMax, unit, escape: escape)) }
        lines += facts.map { fact in
            "\(strong)\(fact.name):\(strong) \(OutboundText.fit(fact.value.words, factMax, unit, escape: escape))"
        }
        return lines
    }
}

extension String {
    fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
