import FoundationEssentials

/// Reads settings by key and collects every mistake, keys that nobody knows included, so that all are said at once.
struct SettingReader {
    let source: SettingSource
    private(set) var errors: [String]
    /// The keys that were asked for.
    private(set) var known: Set<String> = []
    /// Those of them whose values are secrets.
    private(set) var secrets: Set<String> = []

    init(_ source: SettingSource) {
        self.source = source
        errors = source.errors
    }

    /// Adds a mistake of the caller's own rules.
    mutating func refuse(_ key: String, _ detail: String) {
        errors.append("\(source.origin(key)): \(detail)")
    }

    mutating func string(_ key: String) -> String? {
        known.insert(key)
        switch source.value(key, isList: false) {
        case .scalar(let text)?: return text
        case .list?:
            refuse(key, "should be one value, not a list")
            return nil
        case .empty?, nil: return nil
        }
    }

    mutating func integer(_ key: String, default value: Int, _ range: ClosedRange<Int>) -> Int {
        guard let text = string(key) else { return value }
        guard let number = Int(text.filter { $0 != "_" }), range.contains(number) else {
            refuse(key, "should be a whole number from \(range.lowerBound) to \(range.upperBound) and is \"\(text)\"")
            return value
        }
        return number
    }

    mutating func bool(_ key: String, default value: Bool) -> Bool {
        guard let text = string(key) else { return value }
        switch text.lowercased() {
        case "true", "yes", "on", "1": return true
        case "false", "no", "off", "0": return false
        default:
            refuse(key, "should be true or false and is \"\(text)\"")
            return value
        }
    }

    mutating func enumeration<Value: RawRepresentable & CaseIterable>(
        _ key: String, default value: Value
    ) -> Value where Value.RawValue == String {
        guard let text = string(key) else { return value }
        guard let match = Value(rawValue: text) else {
            let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
            refuse(key, "should be one of \(names) and is \"\(text)\"")
            return value
        }
        return match
    }

    /// A list of words; nil when the key is absent.
    mutating func list(_ key: String) -> [String]? {
        known.insert(key)
        switch source.value(key, isList: true) {
        case .list(let words)?: return words
        case .scalar(let word)?: return word.isEmpty ? [] : [word]
        case .empty?, nil: return nil
        }
    }

    /// A secret: the value itself; or, under `<key>_file`, a file that holds it; or else a credential of systemd that has
    /// the key's name.
    mutating func secret(_ key: String) -> String? {
        secrets.insert(key)
        let direct = string(key)
        guard let path = string("\(key)_file") ?? (direct == nil ? source.credential(key) : nil) else { return direct }
        guard direct == nil else {
            refuse("\(key)_file", "stands beside \(key); only one of them may be given")
            return direct
        }
        do {
            let text = try ConfigurationFile.text(path)
            let secret = text.prefix { !$0.isNewline }
            guard !secret.isEmpty else {
                refuse("\(key)_file", "the file \(path) is empty")
                return nil
            }
            return String(secret)
        } catch {
            refuse("\(key)_file", "the file \(path) \(error.reason)")
            return nil
        }
    }

    /// Adds an error for every key of the file that was not asked for.
    mutating func findUnknownKeys() {
        for (key, entry) in source.file.sorted(by: { $0.value.line < $1.value.line }) where !known.contains(key) {
            // A section that is there and empty says nothing wrong.
            if entry.value == .empty, known.contains(where: { $0.hasPrefix(key + ".") }) { continue }
            refuse(key, "is not a key" + suggestion(for: key, among: known))
        }
    }

    /// Variables that look like ours and are none; no errors, since other programs may have such names.
    var unknownVariables: [String] {
        let names = Set(known.map(SettingSource.environmentName))
        return source.environment.keys.sorted().filter { $0.hasPrefix("MUSTER_") && !names.contains($0) }
            .map { "\($0) is not a variable of the configuration" + suggestion(for: $0, among: names) }
    }

    private func suggestion(for name: String, among candidates: Set<String>) -> String {
        let nearest = candidates.map { (name: $0, distance: Self.distance(name, $0)) }
            .min { ($0.distance, $0.name) < ($1.distance, $1.name) }
        guard let nearest, nearest.distance <= max(2, name.count / 4) else { return "" }
        return "; did you mean \(nearest.name)?"
    }

    /// How many characters to insert, delete or replace (Levenshtein).
    static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right)
        var row = Array(0...right.count)
        for (index, character) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in right.indices {
                let replaced = diagonal + (character == right[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
            }
        }
        return row[right.count]
    }
}
