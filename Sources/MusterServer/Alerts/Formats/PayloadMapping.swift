import IncidentDomain
import NIOCore

/// How the JSON of a source of kind `generic` becomes alerts: for each field of an alert, a rule that finds it. Stored
/// as JSON with the source; `PayloadMapping.init(_:at:)` has the form.
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
                throw .invalid(pointer, "has the status \"\(word)\", which is not among the mapping's values")
            }
            status = known
        }
        guard let status else { return nil }
        var annotations = annotations.read(element)
        if self == GenericFormat.mapping {
            let beside = GenericFormat.annotations(of: element, titled: text(.title, element))
            annotations.merge(beside) { said, _ in said }
        }
        return .foreign(
            identity: identity, group: text(.group, element), status: status, title: text(.title, element),
            component: text(.component, element), severity: text(.severity, element),
            startsAt: moment(.startsAt, element), endsAt: moment(.endsAt, element), labels: labels.read(element),
            annotations: annotations, actor: text(.actor, element), payload: payload)
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
                "has no identity: send one of \(names), or give the source a mapping")
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
        // A mapping may name one long text in a hundred places: no more is taken of it than shows that it is too long.
        case .each(let rules):
            rules.compactMapValues { $0.text(in: element, bytesMax: 2 * ForeignText.annotationBytesMax) }
        case .all(let place):
            (place.value(in: element)?.object?.members ?? []).reduce(into: [:]) { texts, member in
                texts[member.name] = ForeignFields.text(member.value)
            }
        }
    }
}

// MARK: - One field

/// How one field of an alert is found in a payload.
struct PayloadRule: Hashable, Sendable {
    /// Where the text comes from.
    enum Origin: Hashable, Sendable {
        /// The first of the places that has a value.
        case first([JSONPointer])
        /// The values of all of the places, with a text between them; nothing when one is missing.
        case joined([JSONPointer], separator: String)
        case constant(String)
    }

    var origin: Origin
    /// What a found text becomes; `*` stands for every other one. Empty: it stays as it is.
    var values: [String: String] = [:]
    /// What it is when nothing is found.
    var fallback: String?

    static let everyOther = "*"

    init(_ origin: Origin, values: [String: String] = [:], default fallback: String? = nil) {
        self.origin = origin
        self.values = values
        self.fallback = fallback
    }

    /// The text for a payload; nil when there is none, and the found text when the table does not have it.
    ///
    /// - Parameter bytesMax: What is longer is cut.
    func text(in payload: JSONValue, bytesMax: Int = .max) -> String? {
        guard let found = found(in: payload, bytesMax: bytesMax) else { return fallback }
        return values[found] ?? values.first { $0.key.lowercased() == found.lowercased() }?.value
            ?? ForeignText.whole(found).flatMap { values[$0] } ?? values[Self.everyOther] ?? found
    }

    /// The value itself, for times; a table makes a text of it.
    func value(in payload: JSONValue) -> JSONValue? {
        if case .first(let places) = origin, values.isEmpty {
            let found = places.lazy.compactMap { $0.value(in: payload) }.first { $0 != .null }
            return found ?? fallback.map(JSONValue.string)
        }
        return text(in: payload).map(JSONValue.string)
    }

    private func found(in payload: JSONValue, bytesMax: Int) -> String? {
        switch origin {
        case .constant(let text): return text
        case .first(let places):
            let text = places.lazy.compactMap { Self.text(at: $0, in: payload) }.first
            return text.map { ForeignText.cut($0, bytes: bytesMax) }
        case .joined(let places, let separator):
            let texts = places.compactMap { Self.text(at: $0, in: payload) }
            guard texts.count == places.count, var joined = texts.first else { return nil }
            for text in texts.dropFirst() where joined.utf8.count < bytesMax { joined += separator + text }
            return ForeignText.cut(joined, bytes: bytesMax)
        }
    }

    /// A text, number or truth value; of an object of these, as labels are, its fingerprint.
    private static func text(at place: JSONPointer, in payload: JSONValue) -> String? {
        place.value(in: payload).flatMap { value in
            ForeignFields.text(value)
                ?? (try? LabelSet.texts(value, at: place.text)).flatMap(LabelFingerprint.of)
        }
    }

    /// Why what the rule finds cannot tell alerts apart; nil when it can, or when it finds nothing.
    func identityFault(in payload: JSONValue) -> String? {
        let places: [JSONPointer]
        switch origin {
        case .constant: return nil
        case .joined(let all, _): places = all
        case .first(let all):
            // The first that has something is the one.
            places =
                all.first { ($0.value(in: payload) ?? .null) != .null && $0.value(in: payload) != "" }.map { [$0] }
                ?? []
        }
        for place in places {
            guard let value = place.value(in: payload), value != .null else { continue }
            if let text = ForeignFields.text(value) {
                if ForeignText.isPlaceholder(text) { return ForeignText.placeholderDetail(text) }
            } else if value.array != nil || Self.text(at: place, in: payload) == nil, value.string == nil {
                return
                    "has \(value.kindName) at \(place.text), which cannot be an identity: it should be a text, a number, or "
                    + "an object of these"
            }
        }
        return nil
    }
}

// MARK: - JSON

/// A mapping is written as
///
///     {"items": "/events",
///      "identity": {"join": ["/host", "/check"], "separator": "|"},
///      "title": {"pointers": ["/title", "/message"], "default": "A check failed"},
///      "status": {"pointer": "/state", "values": {"ok": "resolved", "paused": "ignore", "*": "firing"}},
///      "severity": "/priority",
///      "component": {"constant": "database"},
///      "labels": {"region": "/region"},
///      "annotations": "/details"}
///
/// A text is a JSON pointer: the short form of a rule.
extension PayloadMapping {
    static let textsMax = 64

    /// - Parameter pointer: Where the mapping stands in the body, for the problem.
    /// - Throws: `Problem` that names every mistake.
    init(_ json: JSONValue, at pointer: String = "") throws(Problem) {
        guard let object = json.object else {
            throw .invalid(pointer, "should be an object and is \(json.kindName)")
        }
        var reader = PayloadRuleReader()
        var mapping = PayloadMapping(items: nil, rules: [:])
        for member in object.members {
            let place = "\(pointer)/\(PayloadRuleReader.escaped(member.name))"
            switch member.name {
            case "items": mapping.items = reader.pointer(member.value, at: place)
            case "labels": mapping.labels = reader.texts(member.value, at: place)
            case "annotations": mapping.annotations = reader.texts(member.value, at: place)
            case let name:
                guard let field = Field(rawValue: name) else {
                    reader.refuse(place, BodyReader.unknownField(Self.names))
                    continue
                }
                mapping.rules[field] = reader.rule(member.value, at: place, isStatus: field == .status)
            }
        }
        if object["identity"] == nil {
            reader.refuse("\(pointer)/identity", "is required: it identifies the alert")
        }
        guard reader.errors.isEmpty else { throw .invalid(reader.errors) }
        self = mapping
    }

    private static let names = Field.allCases.map(\.rawValue) + ["items", "labels", "annotations"]

    /// The mapping as JSON, which reads as the same mapping again.
    var json: JSONValue {
        var object = JSONObject()
        if let items { object["items"] = .string(items.text) }
        for field in Field.allCases {
            if let rule = rules[field] { object[field.rawValue] = rule.json }
        }
        for (name, texts) in [("labels", labels), ("annotations", annotations)] where texts != .each([:]) {
            object[name] = texts.json
        }
        return .object(object)
    }
}

extension PayloadMapping.Texts {
    fileprivate var json: JSONValue {
        switch self {
        case .all(let pointer): .string(pointer.text)
        case .each(let rules):
            .object(
                JSONObject(
                    rules.sorted { $0.key < $1.key }.map { JSONObject.Member(name: $0.key, value: $0.value.json) }))
        }
    }
}

extension PayloadRule {
    fileprivate var json: JSONValue {
        var object = JSONObject()
        switch origin {
        case .first(let places) where places.count == 1: object["pointer"] = .string(places[0].text)
        case .first(let places): object["pointers"] = .array(places.map { .string($0.text) })
        case .joined(let places, let separator):
            object["join"] = .array(places.map { .string($0.text) })
            object["separator"] = .string(separator)
        case .constant(let text): object["constant"] = .string(text)
        }
        if !values.isEmpty {
            object["values"] = .object(
                JSONObject(
                    values.sorted { $0.key < $1.key }.map { JSONObject.Member(name: $0.key, value: .string($0.value)) })
            )
        }
        if let fallback { object["default"] = .string(fallback) }
        return .object(object)
    }
}

/// Reads the rules of a mapping and collects everything that is wrong with them.
struct PayloadRuleReader {
    private static let pointersMax = 20
    private static let valuesMax = 200
    private static let textBytesMax = 1000
    private static let known = ["pointer", "pointers", "join", "separator", "constant", "values", "default"]

    private(set) var errors: [FieldError] = []

    mutating func refuse(_ pointer: String, _ detail: String) {
        errors.append(FieldError(pointer: pointer, detail: detail))
    }

    /// A name as a step of a JSON pointer.
    static func escaped(_ name: String) -> String {
        name.replacing("~", with: "~0").replacing("/", with: "~1")
    }

    mutating func pointer(_ value: JSONValue, at place: String) -> JSONPointer? {
        if let pointer = value.string.flatMap(JSONPointer.init) { return pointer }
        refuse(
            place,
            "should be a JSON pointer such as /event/id, of at most \(JSONPointer.stepsMax) steps and "
                + "\(JSONPointer.bytesMax) bytes")
        return nil
    }

    mutating func texts(_ value: JSONValue, at place: String) -> PayloadMapping.Texts {
        if value.string != nil { return pointer(value, at: place).map { .all($0) } ?? .each([:]) }
        guard let members = value.object?.members else {
            refuse(place, "should be an object of rules, or a JSON pointer to an object, and is \(value.kindName)")
            return .each([:])
        }
        guard members.count <= PayloadMapping.textsMax else {
            refuse(place, "has \(members.count) members; at most \(PayloadMapping.textsMax) are allowed")
            return .each([:])
        }
        var rules: [String: PayloadRule] = [:]
        for member in members {
            let place = "\(place)/\(Self.escaped(member.name))"
            if member.name.isEmpty || member.name.utf8.count > ForeignText.labelNameBytesMax
                || member.name.utf8.contains(0)
            {
                refuse(place, "its name must have from 1 to \(ForeignText.labelNameBytesMax) bytes, none of them NUL")
            }
            rules[member.name] = rule(member.value, at: place, isStatus: false)
        }
        return .each(rules)
    }

    /// - Parameter isStatus: Its words have to be states.
    mutating func rule(_ value: JSONValue, at place: String, isStatus: Bool) -> PayloadRule? {
        if value.string != nil { return pointer(value, at: place).map { PayloadRule(.first([$0])) } }
        guard let object = value.object else {
            refuse(place, "should be a JSON pointer or an object with a rule, and is \(value.kindName)")
            return nil
        }
        for member in object.members where !Self.known.contains(member.name) {
            refuse("\(place)/\(Self.escaped(member.name))", BodyReader.unknownField(Self.known))
        }
        let origin = origin(object, at: place)
        let values = table(object["values"], at: "\(place)/values")
        let fallback = object["default"].flatMap { text($0, at: "\(place)/default") }
        if isStatus { checkStates(origin, values, fallback, at: place) }
        return origin.map { PayloadRule($0, values: values, default: fallback) }
    }

    private mutating func origin(_ object: JSONObject, at place: String) -> PayloadRule.Origin? {
        let given = ["pointer", "pointers", "join", "constant"].filter { object[$0] != nil }
        guard given.count == 1, let value = object[given[0]] else {
            refuse(place, "should have exactly one of pointer, pointers, join and constant")
            return nil
        }
        let below = "\(place)/\(given[0])"
        if object["separator"] != nil, given[0] != "join" {
            refuse("\(place)/separator", "is only allowed with join")
        }
        switch given[0] {
        case "pointer": return pointer(value, at: below).map { .first([$0]) }
        case "constant": return text(value, at: below).map { .constant($0) }
        case "pointers": return pointers(value, at: below).map { .first($0) }
        default:
            let separator = object["separator"].map { text($0, at: "\(place)/separator") ?? "" } ?? "|"
            return pointers(value, at: below).map { .joined($0, separator: separator) }
        }
    }

    private mutating func pointers(_ value: JSONValue, at place: String) -> [JSONPointer]? {
        guard let elements = value.array, (1...Self.pointersMax).contains(elements.count) else {
            refuse(place, "should be a list of 1 to \(Self.pointersMax) JSON pointers")
            return nil
        }
        let pointers = elements.enumerated().compactMap { pointer($1, at: "\(place)/\($0)") }
        return pointers.count == elements.count ? pointers : nil
    }

    private mutating func table(_ value: JSONValue?, at place: String) -> [String: String] {
        guard let value else { return [:] }
        guard let members = value.object?.members, (1...Self.valuesMax).contains(members.count) else {
            refuse(place, "should be an object of 1 to \(Self.valuesMax) texts")
            return [:]
        }
        return members.reduce(into: [:]) { table, member in
            table[member.name] = text(member.value, at: "\(place)/\(Self.escaped(member.name))")
        }
    }

    private mutating func text(_ value: JSONValue, at place: String) -> String? {
        guard let text = value.string, text.utf8.count <= Self.textBytesMax, !text.utf8.contains(0) else {
            refuse(place, "should be a text of at most \(Self.textBytesMax) bytes without U+0000")
            return nil
        }
        return text
    }

    /// What a status can become has to be a state, so that a slip shows when the mapping is made and not in the night.
    private mutating func checkStates(
        _ origin: PayloadRule.Origin?, _ values: [String: String], _ fallback: String?, at place: String
    ) {
        var results = values.map { ("values/\(Self.escaped($0.key))", $0.value) }.sorted { $0.0 < $1.0 }
        if let fallback { results.append(("default", fallback)) }
        if case .constant(let text)? = origin, values.isEmpty { results.append(("constant", text)) }
        for (name, word) in results where PayloadMapping.statusWords[word.lowercased()] == nil {
            refuse("\(place)/\(name)", "should be firing, acknowledged, resolved or \(PayloadMapping.ignored)")
        }
    }
}
