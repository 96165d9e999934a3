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

    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        try mapping.read(request)
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
