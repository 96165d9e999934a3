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
    func text(in payload: JSONValue) -> String? {
        guard let found = found(in: payload) else { return fallback }
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

    private func found(in payload: JSONValue) -> String? {
        switch origin {
        case .constant(let text): return text
        case .first(let places): return places.lazy.compactMap { Self.text(at: $0, in: payload) }.first
        case .joined(let places, let separator):
            let texts = places.compactMap { Self.text(at: $0, in: payload) }
            return texts.count == places.count ? texts.joined(separator: separator) : nil
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
