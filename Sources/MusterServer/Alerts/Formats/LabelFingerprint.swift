import IncidentDomain

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
