import IncidentDomain

/// `updates.every_minutes`, `updates.review_due_days` and `updates.approval`, by severity.
extension UpdatePolicy {
    init(_ reader: inout SettingReader) {
        var everyMinutes: [Severity: Int] = [:]
        var reviewDays: [Severity: Int] = [:]
        var approval: [Severity?: Set<UpdateAudience>] = [:]
        for severity in Severity.allCases {
            let standard =
                switch severity {
                case .sev1: 30
                case .sev2: 60
                case .sev3, .sev4: 0
                }
            everyMinutes[severity] = reader.integer(
                "updates.every_minutes.\(severity.rawValue)", default: standard, 0...10_080)
            reviewDays[severity] = reader.integer(
                "updates.review_due_days.\(severity.rawValue)", default: 5, 0...365)
        }
        for severity in Severity.allCases.map(Optional.some) + [nil] {
            let key = "updates.approval.\(severity?.rawValue ?? "default")"
            guard let words = reader.list(key) else { continue }
            approval[severity] = Set(words.compactMap { UpdateAudience(rawValue: $0) })
            for word in words where UpdateAudience(rawValue: word) == nil {
                let names = UpdateAudience.allCases.map(\.rawValue)
                let remark = NearestNames.remark(word, among: names)
                reader.refuse(key, "\"\(word)\" is no audience; there are \(names.joined(separator: ", "))\(remark)")
            }
        }
        self.init(everyMinutes: everyMinutes, reviewDays: reviewDays, approval: approval)
    }
}

extension UpdateTemplates {
    /// Ours, and those of the directory that a key names; what is wrong with them stays with the reader.
    init(reading key: String, _ reader: inout SettingReader) {
        let (own, mistakes) = reader.string(key).map(UpdateTemplateFiles.read) ?? ([], [])
        for mistake in mistakes { reader.refuse(key, mistake) }
        do throws(Mistake) {
            self = try UpdateTemplates(own: own)
        } catch {
            reader.refuse(key, "\(error.template).mustache \(error.reason)")
            self = .builtIn
        }
    }
}
