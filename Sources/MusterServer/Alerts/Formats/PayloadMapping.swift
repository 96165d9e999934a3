import IncidentDomain
import NIOCore

/// How the JSON of a source of kind `generic` becomes alerts: for each field of an alert, a rule that finds it. Stored
/// as JSON with the source; `PayloadMapping+json.swift` has the form.
struct PayloadMapping: Hashable, Sendable {
    /// The fields of an alert that a rule finds.
    enum Field: String, CaseIterable, Sendable {
        case identity, title, status, component, severity, group
        case startsAt = "starts_at"
        case endsAt = "ends_at"
        case actor
    }

    /// Labels or annotations.
    enum Texts: Hashable, Sendable {
        /// A rule for each name.
        case each([String: PayloadRule])
        /// All members of the object that stands there.
        case all(JSONPointer)
    }

    /// The list of the alerts of a payload, each of which the rules are applied to; nil when a payload is one alert, or
    /// is a list itself.
    var items: JSONPointer?
    var rules: [Field: PayloadRule]
    var labels = Texts.each([:])
    var annotations = Texts.each([:])

    /// Alerts of one payload.
    static let itemsMax = 1000
    /// What `status` says of an alert that is to be left out.
    static let ignored = "ignore"

    /// What the words that tools use for states mean.
    static let statusWords: [String: IncomingAlert.Status?] = [
        "firing": .firing, "fire": .firing, "alerting": .firing, "alert": .firing, "alarm": .firing,
        "problem": .firing, "open": .firing, "opened": .firing, "new": .firing, "active": .firing,
        "activated": .firing, "triggered": .firing, "trigger": .firing, "critical": .firing, "error": .firing,
        "fatal": .firing, "emergency": .firing, "warning": .firing, "warn": .firing, "down": .firing,
        "failed": .firing, "failure": .firing, "failing": .firing, "degraded": .firing, "unhealthy": .firing,
        "created": .firing, "create": .firing, "anomalous": .firing, "1": .firing, "true": .firing,
        "acknowledged": .acknowledged, "acknowledge": .acknowledged, "ack": .acknowledged,
        "resolved": .resolved, "resolve": .resolved, "ok": .resolved, "closed": .resolved, "close": .resolved,
        "cleared": .resolved, "clear": .resolved, "recovered": .resolved, "recovery": .resolved, "up": .resolved,
        "normal": .resolved, "inactive": .resolved, "deactivated": .resolved, "healthy": .resolved,
        "success": .resolved, "passed": .resolved, "0": .resolved, "false": .resolved,
        ignored: nil,
    ]

    /// What the message says under the rules.
    func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        let document = try request.anyDocument()
        let found = items.map { $0.value(in: document) } ?? document
        guard let list = found == .null && items != nil ? [] : found?.array else {
            guard items == nil else {
                throw .invalid(items?.text ?? "", "should be the list of alerts, as the mapping's items says")
            }
            return IncomingMessage(alerts: [try alert(document, at: "", request.payload)].compactMap(\.self))
        }
        let rest = { (wrong: [JSONValue]) in items?.replacing(in: document, by: .array(wrong)) ?? .array(wrong) }
        return try request.alerts(of: list, at: items?.text ?? "", max: Self.itemsMax, rest: rest) {
            (element, pointer, payload) throws(Problem) in
            try alert(element, at: pointer, payload)
        }
    }

    /// One alert; nil when the rules leave it out.
    private func alert(
        _ element: JSONValue, at pointer: String, _ payload: AlertPayload
    ) throws(Problem) -> IncomingAlert? {
        let identity = try identity(of: element, at: pointer)
        var status: IncomingAlert.Status? = .firing
        if rules[.status] != nil {
            guard let word = text(.status, element).map(ForeignText.trimmed) else {
                throw .invalid(pointer, "has no status where the mapping looks for one")
            }
            let plain = ForeignText.whole(word) ?? word.lowercased()
            guard let known = Self.statusWords[plain] else {
                let word = ForeignText.cut(ForeignText.clean(word), bytes: 64)
                throw .invalid(pointer, "has the status \"\(word)\", which the mapping's values do not name")
            }
            status = known
        }
        guard let status else { return nil }
        return .foreign(
            identity: identity, group: text(.group, element), status: status, title: text(.title, element),
            component: text(.component, element), severity: text(.severity, element),
            startsAt: moment(.startsAt, element), endsAt: moment(.endsAt, element), labels: labels.read(element),
            annotations: annotations.read(element), actor: text(.actor, element), payload: payload)
    }

    /// What tells alerts apart has to be there, and to be plain: else many would be one.
    private func identity(of element: JSONValue, at pointer: String) throws(Problem) -> String {
        if let fault = rules[.identity]?.identityFault(in: element) { throw .invalid(pointer, fault) }
        guard let identity = text(.identity, element), ForeignText.bounded(identity, bytes: .max) != nil else {
            guard self == GenericFormat.mapping else {
                throw .invalid(pointer, "has no identity where the mapping looks for one")
            }
            let names = GenericFormat.identityNames.joined(separator: ", ")
            throw .invalid(
                pointer,
                "has nothing that tells alerts apart: send one of \(names), or give the source a mapping")
        }
        return identity
    }

    private func text(_ field: Field, _ element: JSONValue) -> String? {
        rules[field]?.text(in: element)
    }

    private func moment(_ field: Field, _ element: JSONValue) -> ForeignMoment? {
        ForeignTime.moment(rules[field]?.value(in: element))
    }
}

extension PayloadMapping.Texts {
    fileprivate func read(_ element: JSONValue) -> [String: String] {
        switch self {
        case .each(let rules): rules.compactMapValues { $0.text(in: element) }
        case .all(let place):
            (place.value(in: element)?.object?.members ?? []).reduce(into: [:]) { texts, member in
                texts[member.name] = ForeignFields.text(member.value)
            }
        }
    }
}
