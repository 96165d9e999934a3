import IncidentDomain

extension ServerConfiguration {
    /// What links begin with.
    var publicURL: String { http.publicURL ?? http.listen.url }

    /// The public page, and where it is seen.
    static func status(_ reader: inout SettingReader) -> (settings: StatusSettings, url: String?) {
        var settings = StatusSettings()
        settings.isEnabled = reader.bool("status.enabled", default: true)
        if let name = reader.string("status.name") {
            settings.name = name
            if !(1...100).contains(name.count) {
                reader.refuse("status.name", "should have 1 to 100 characters and has \(name.count)")
            }
        }
        settings.language = reader.enumeration("status.language", default: .en)
        for word in reader.list("status.publish_severities") ?? [] {
            guard let severity = Severity(rawValue: word) else {
                let known = Severity.allCases.map(\.rawValue).joined(separator: ", ")
                reader.refuse("status.publish_severities", "has \(word); known are \(known)")
                continue
            }
            settings.severities.insert(severity)
        }
        return (settings, reader.pageURL("status.url"))
    }
}

extension SettingReader {
    /// An address that links begin with, without a slash at its end.
    mutating func pageURL(_ key: String) -> String? {
        guard let text = string(key) else { return nil }
        guard text.hasPrefix("http://") || text.hasPrefix("https://"), !text.contains(" ") else {
            refuse(key, "should begin with http:// or https:// and is \"\(text)\"")
            return nil
        }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }
}
