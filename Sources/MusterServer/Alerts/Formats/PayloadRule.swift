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
            ?? values[Self.everyOther] ?? found
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

    /// A text, number or truth value; of an object of texts, as labels are, its fingerprint.
    private static func text(at place: JSONPointer, in payload: JSONValue) -> String? {
        place.value(in: payload).flatMap { ForeignFields.text($0) ?? LabelFingerprint.of(LabelSet.texts($0)) }
    }
}
