import IncidentDomain

extension ServerConfiguration.Intake {
    init(_ reader: inout SettingReader) {
        self.init(
            gather: .milliseconds(reader.integer("intake.gather_milliseconds", default: 0, 0...100)),
            waitingMax: reader.integer("intake.waiting_max", default: 10_000, 1...1_000_000),
            batchMax: reader.integer("intake.batch_max", default: 500, 1...5_000),
            correlationWindow: .seconds(
                reader.integer("intake.correlation_window_seconds", default: 1800, 0...86_400)),
            settle: .seconds(reader.integer("alert.settle_seconds", default: 0, 0...86_400)))
    }
}

extension ServerConfiguration.Alerts {
    init(_ reader: inout SettingReader) {
        self.init(severities: AlertSeverityTable(&reader), clearing: ClearingPolicy(&reader))
    }
}

/// `policy.default.when_cleared`, `policy.sev1.when_cleared` and so on, with their `after_seconds`, and
/// `policy.reopen_within_seconds`.
extension ClearingPolicy {
    fileprivate init(_ reader: inout SettingReader) {
        let general = Self.whenCleared("default", &reader) ?? .keep
        var special: [Severity: WhenCleared] = [:]
        for severity in Severity.allCases { special[severity] = Self.whenCleared(severity.rawValue, &reader) }
        self.init(
            general: general, special: special,
            reopenSeconds: Double(reader.integer("policy.reopen_within_seconds", default: 3600, 0...604_800)))
    }

    private static func whenCleared(_ scope: String, _ reader: inout SettingReader) -> WhenCleared? {
        let (key, secondsKey) = ("policy.\(scope).when_cleared", "policy.\(scope).after_seconds")
        let isSaid = reader.string(key) != nil
        let word = reader.enumeration(key, default: ClearedWord.keep)
        let areSecondsSaid = reader.string(secondsKey) != nil
        let seconds = reader.integer(secondsKey, default: WhenCleared.secondsStandard, 0...WhenCleared.secondsMax)
        switch word {
        case .close: return .close(afterSeconds: seconds)
        case .keep:
            // Beside a `keep` that is said they wait for whoever changes it.
            if areSecondsSaid, !isSaid { reader.refuse(secondsKey, "needs \(key): close") }
            return isSaid ? .keep : nil
        }
    }
}

/// `alert.severity_words.sev1` to `sev4` and `none`: words that mean something else than in the built-in table.
extension AlertSeverityTable {
    private static let wordsMax = 200

    fileprivate init(_ reader: inout SettingReader) {
        self = .builtIn
        var seen: [String: String] = [:]
        for severity in Severity.allCases.map(Optional.some) + [nil] {
            let key = "alert.severity_words.\(severity?.rawValue ?? "none")"
            let entries = reader.list(key) ?? []
            if entries.count > Self.wordsMax {
                reader.refuse(key, "has \(entries.count) words; at most \(Self.wordsMax) are accepted")
            }
            for entry in entries.prefix(Self.wordsMax) {
                if let other = seen.updateValue(key, forKey: entry.lowercased()), other != key {
                    reader.refuse(key, "\"\(entry)\" stands under \(other), too; a word means one severity")
                }
                set(entry, to: severity, under: key, &reader)
            }
        }
    }

    /// - Parameter entry: `WORD`, or `KIND/WORD` for the word of one kind of source.
    private mutating func set(_ entry: String, to severity: Severity?, under key: String, _ reader: inout SettingReader)
    {
        let parts = entry.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let word = parts.last, (1...64).contains(word.utf8.count) else {
            return reader.refuse(key, "\"\(entry)\" should be a word of 1 to 64 bytes, or KIND/WORD")
        }
        guard parts.count == 2 else { return set(word, to: severity) }
        guard SourceKind(rawValue: parts[0]) != nil else {
            let kinds = SourceKind.allCases.map(\.rawValue).joined(separator: ", ")
            return reader.refuse(key, "\"\(parts[0])\" is no kind of source; there are \(kinds)")
        }
        set(word, of: parts[0], to: severity)
    }
}
