import IncidentDomain

/// Labels as Prometheus has them: names and texts, nothing else.
enum LabelSet {
    /// As they came: a fingerprint has to be that of the sender. Numbers and truth values are texts as they are written.
    ///
    /// - Parameters:
    ///   - pointer: Where they stand, for the problem.
    ///   - isEmptyNone: Whether a label without a text is none, as it is for Alertmanager.
    /// - Throws: `Problem` when one has a list or an object: without it, alerts that differ in it would be one.
    static func texts(
        _ value: JSONValue?, at pointer: @autoclosure () -> String, isEmptyNone: Bool = false
    ) throws(Problem) -> [String: String] {
        guard let value, value != .null else { return [:] }
        guard let members = value.object?.members else {
            throw .invalid(pointer(), "should be an object of texts and is \(value.kindName)")
        }
        var texts = [String: String](minimumCapacity: members.count)
        for member in members {
            if case .string(let text) = member.value {
                if !(isEmptyNone && text.isEmpty) { texts[member.name] = text }
            } else if let text = ForeignFields.text(member.value) {
                texts[member.name] = text
            } else if member.value != .null {
                throw .invalid(
                    "\(pointer())/\(PayloadRuleReader.escaped(member.name))",
                    "should be a text and is \(member.value.kindName)")
            }
        }
        return texts
    }

    /// Annotations are for people: lists and objects are shown as JSON.
    static func annotations(_ value: JSONValue?) -> [String: String] {
        guard let members = value?.object?.members else { return [:] }
        var texts = [String: String](minimumCapacity: members.count)
        for member in members {
            switch member.value {
            case .string(let text): texts[member.name] = text
            case .array, .object: texts[member.name] = String(decoding: member.value.bytes, as: UTF8.self)
            case .null, .bool, .integer, .number: texts[member.name] = ForeignFields.text(member.value)
            }
        }
        return texts
    }
}

/// How Prometheus names a set of labels: FNV-1a of 64 bits over the names and values in order of name, each followed by
/// the byte 0xFF (common/model, `labelSetToFingerprint`).
enum LabelFingerprint {
    /// 16 hexadecimal digits; nil for no labels.
    static func of(_ labels: [String: String]) -> String? {
        guard !labels.isEmpty else { return nil }
        var hash = FNV1a()
        for (name, value) in labels.sorted(by: { $0.key < $1.key }) {
            hash.add(name)
            hash.add(0xFF)
            hash.add(value)
            hash.add(0xFF)
        }
        return hash.digits
    }
}
