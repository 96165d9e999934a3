/// JSON of no known tool: read by the mapping of its source, else by the names that most tools give their fields.
enum GenericFormat: AlertFormat {
    /// For sources without a mapping. A state that nobody knows counts as firing: better one alert too many than none.
    static let mapping = PayloadMapping(
        items: nil,
        rules: [
            .identity: rule(identityNames.map { "/\($0)" }),
            .title: rule(["/title", "/summary", "/message", "/name", "/subject", "/description"]),
            .status: rule(
                ["/status", "/state", "/alert_status", "/event_action", "/action"], values: words, default: "firing"),
            .severity: rule(["/severity", "/priority", "/level"]),
            .component: rule(["/component", "/service"]),
            .group: rule(["/group_key", "/groupKey"]),
            .startsAt: rule(["/starts_at", "/startsAt", "/started_at", "/created_at", "/timestamp"]),
            .endsAt: rule(["/ends_at", "/endsAt", "/ended_at", "/resolved_at"]),
        ],
        labels: texts("/labels"), annotations: texts("/annotations"))

    /// Where an identity is looked for; the first that has something is taken.
    static let identityNames = [
        "dedup_key", "fingerprint", "alert_id", "alertId", "identity", "alias", "key", "id", "title", "summary",
        "message", "name",
    ]

    /// Where words and links are looked for beside `/annotations`, which go before.
    private static let annotationNames: [String: [String]] = [
        "description": ["description", "message", "body", "text", "details"],
        "url": ["url", "link", "alert_url", "client_url"],
        "runbook_url": ["runbook_url", "runbookUrl", "runbook"],
        "dashboard_url": ["dashboard_url", "dashboardUrl", "dashboardURL", "dashboard"],
        "generator_url": ["generator_url", "generatorUrl", "generatorURL"],
    ]

    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        try mapping.read(request)
    }

    /// What stands beside the annotations of an alert and belongs to them, without what is its title already.
    static func annotations(of alert: JSONValue, titled title: String?) -> [String: String] {
        annotationNames.compactMapValues { names in
            names.lazy.compactMap { alert[$0].flatMap(ForeignFields.text) }.first { $0 != title }
        }
    }

    private static func rule(
        _ pointers: [String], values: [String: String] = [:], default fallback: String? = nil
    ) -> PayloadRule {
        PayloadRule(.first(pointers.compactMap(JSONPointer.init)), values: values, default: fallback)
    }

    private static func texts(_ pointer: String) -> PayloadMapping.Texts {
        JSONPointer(pointer).map { .all($0) } ?? .each([:])
    }

    private static let words: [String: String] = {
        var words = PayloadMapping.statusWords.mapValues { $0?.rawValue ?? PayloadMapping.ignored }
        words[PayloadRule.everyOther] = "firing"
        return words
    }()
}
