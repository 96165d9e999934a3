/// Labels as Prometheus has them: names and texts, nothing else.
enum LabelSet {
    /// As they came: a fingerprint has to be that of the sender.
    static func texts(_ value: JSONValue?) -> [String: String] {
        var texts: [String: String] = [:]
        for member in value?.object?.members ?? [] {
            if let text = member.value.string { texts[member.name] = text }
        }
        return texts
    }
}
