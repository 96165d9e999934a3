/// What the words of senders for how bad an alert is mean as a severity of incidents. docs/routing.md shows the built-in table.
package struct AlertSeverityTable: Hashable, Sendable {
    /// By word in lower case; nil says that a word means none.
    private var general: [String: Severity?]
    /// The words of one kind of source, which go before the general ones.
    private var kinds: [String: [String: Severity?]]

    /// The table without any configuration.
    package static let builtIn = AlertSeverityTable(
        general: table([
            .sev1: [
                "critical", "page", "p1", "sev1", "crit", "fatal", "emergency", "emerg", "disaster",
                "alert_criticality_level_critical",
            ],
            .sev2: [
                "error", "major", "p2", "sev2", "err", "high", "failure", "immediate",
                "alert_criticality_level_immediate",
            ],
            .sev3: [
                "warning", "p3", "sev3", "warn", "medium", "moderate", "average", "minor",
                "alert_criticality_level_warning",
            ],
            .sev4: [
                "info", "p4", "p5", "sev4", "information", "informational", "notice", "low", "debug",
                "alert_criticality_level_info",
            ],
        ]),
        kinds: [
            "azure-monitor": table([.sev1: ["sev0"], .sev2: ["sev1"], .sev3: ["sev2"], .sev4: ["sev3", "sev4"]]),
            "graylog": table([.sev1: ["4"], .sev2: ["3"], .sev3: ["2"], .sev4: ["1"]]),
        ])

    private static func table(_ words: [Severity: [String]]) -> [String: Severity?] {
        Dictionary(uniqueKeysWithValues: words.flatMap { severity, words in words.map { ($0, severity) } })
    }

    private init(general: [String: Severity?], kinds: [String: [String: Severity?]]) {
        self.general = general
        self.kinds = kinds
    }

    /// Says what a word means, in the place of what it meant before.
    ///
    /// - Parameters:
    ///   - kind: The kind of source whose word it is; nil for all.
    ///   - severity: Nil for none.
    package mutating func set(_ word: String, of kind: String? = nil, to severity: Severity?) {
        let word = word.lowercased()
        guard let kind else {
            general.updateValue(severity, forKey: word)
            return
        }
        kinds[kind, default: [:]].updateValue(severity, forKey: word)
    }

    /// One line of the table.
    package struct Word: Hashable, Sendable {
        package let word: String
        /// The kind of source whose word it is; nil for all others.
        package let kind: String?
        /// Nil for none.
        package let severity: Severity?
    }

    /// All of it, the words of all kinds first.
    package var words: [Word] {
        func lines(_ words: [String: Severity?], _ kind: String?) -> [Word] {
            words.sorted { ($0.value?.rawValue ?? "unset", $0.key) < ($1.value?.rawValue ?? "unset", $1.key) }
                .map { Word(word: $0.key, kind: kind, severity: $0.value) }
        }
        return lines(general, nil) + kinds.sorted { $0.key < $1.key }.flatMap { lines($0.value, $0.key) }
    }

    /// What an alert's severity means; nil when the table does not say. `sev1` to `sev4` in lower case are the words of incidents,
    /// whatever the kind: routing rules write them so.
    package func severity(_ said: String?, kind: String) -> Severity? {
        guard let said else { return nil }
        if let own = Severity(rawValue: said) { return own }
        let word = said.onOneLine.lowercased()
        return kinds[kind]?[word] ?? general[word] ?? nil
    }
}
