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
        guard let elements = found?.array ?? (items == nil ? [document] : nil) else {
            throw .invalid(items?.text ?? "", "should be the list of alerts, as the mapping's items says")
        }
        guard elements.count <= Self.itemsMax else {
            throw .invalid(
                items?.text ?? "", "has \(elements.count) alerts; at most \(Self.itemsMax) are taken in one message")
        }
        let isList = found?.array != nil
        var alerts: [IncomingAlert] = []
        var errors: [FieldError] = []
        for (index, element) in elements.enumerated() {
            let pointer = isList ? "\(items?.text ?? "")/\(index)" : ""
            switch alert(element, request.payload(of: element, among: elements.count)) {
            case .success(let alert): if let alert { alerts.append(alert) }
            case .failure(let complaint): errors.append(FieldError(pointer: pointer, detail: complaint.detail))
            }
        }
        guard errors.isEmpty else { throw .invalid(errors) }
        return IncomingMessage(alerts: alerts)
    }

    /// One alert; nil when the rules leave it out.
    private func alert(_ element: JSONValue, _ payload: AlertPayload) -> Result<IncomingAlert?, FieldComplaint> {
        guard let identity = text(.identity, element), ForeignText.bounded(identity, bytes: .max) != nil else {
            return .failure(FieldComplaint(detail: "has no identity where the mapping looks for one"))
        }
        var status: IncomingAlert.Status? = .firing
        if rules[.status] != nil {
            guard let word = text(.status, element) else {
                return .failure(FieldComplaint(detail: "has no status where the mapping looks for one"))
            }
            guard let known = Self.statusWords[word.lowercased()] else {
                let word = ForeignText.cut(ForeignText.clean(word), bytes: 64)
                return .failure(
                    FieldComplaint(detail: "has the status \"\(word)\", which the mapping's values do not name"))
            }
            status = known
        }
        guard let status else { return .success(nil) }
        return .success(
            .foreign(
                identity: identity, group: text(.group, element), status: status, title: text(.title, element),
                component: text(.component, element), severity: text(.severity, element),
                startsAt: time(.startsAt, element), endsAt: time(.endsAt, element), labels: labels.read(element),
                annotations: annotations.read(element), actor: text(.actor, element), payload: payload))
    }

    private func text(_ field: Field, _ element: JSONValue) -> String? {
        rules[field]?.text(in: element)
    }

    private func time(_ field: Field, _ element: JSONValue) -> Timestamp? {
        ForeignTime.read(rules[field]?.value(in: element))
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
