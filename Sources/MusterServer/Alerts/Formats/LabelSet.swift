/// Labels as Prometheus has them: names and texts, nothing else.
enum LabelSet {
    /// As they came: a fingerprint has to be that of the sender.
    ///
    /// - Parameter isEmptyNone: Whether a label without a text is none, as it is for Alertmanager.
    static func texts(_ value: JSONValue?, isEmptyNone: Bool = false) -> [String: String] {
        guard let members = value?.object?.members else { return [:] }
        var texts = [String: String](minimumCapacity: members.count)
        for member in members {
            guard let text = member.value.string, !(isEmptyNone && text.isEmpty) else { continue }
            texts[member.name] = text
        }
        return texts
    }
}
