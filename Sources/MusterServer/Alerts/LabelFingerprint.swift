/// How Prometheus names a set of labels: FNV-1a of 64 bits over the names and values in order of name, each followed by
/// the byte 0xFF (common/model, `labelSetToFingerprint`).
enum LabelFingerprint {
    /// 16 hexadecimal digits; nil for no labels.
    static func of(_ labels: [String: String]) -> String? {
        guard !labels.isEmpty else { return nil }
        var hash: UInt64 = 14_695_981_039_346_656_037
        func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211 }
        for (name, value) in labels.sorted(by: { $0.key < $1.key }) {
            for byte in name.utf8 { add(byte) }
            add(0xFF)
            for byte in value.utf8 { add(byte) }
            add(0xFF)
        }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
