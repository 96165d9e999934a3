/// A table as archives have it.
struct ArchiveTable: Sendable {
    let name: String
    /// A unique key: rows are written in its order, and parts are ranges of it.
    let key: [String]
    /// How many rows a part has; a part is in memory as a whole, so there are few where rows are large.
    var partRows = 500
    /// Columns that mean something in one cluster only. An import makes them anew, in the order of the rows.
    var omitted: Set<String> = []
}

/// What an archive holds, in the one table that says so. Every table of the schema is here, or in `leftOut` with a reason.
enum ArchiveTables {
    /// In an order in which each row finds what it refers to.
    static let all = [
        ArchiveTable(name: "access_token", key: ["id"]),
        ArchiveTable(name: "audit_line", key: ["id"]),
        ArchiveTable(name: "catalog", key: ["only_row"]),
        ArchiveTable(name: "component", key: ["slug"]),
        ArchiveTable(name: "component_change", key: ["catalog_version", "component"]),
        ArchiveTable(name: "help_book", key: ["only_row"]),
        ArchiveTable(name: "source", key: ["id"]),
        ArchiveTable(name: "routing", key: ["only_row"]),
        ArchiveTable(name: "routing_rule", key: ["id"]),
        ArchiveTable(name: "silence", key: ["id"]),
        ArchiveTable(name: "incident", key: ["number"], partRows: 100, omitted: ["last_transaction"]),
        // In the order of the feed: where transactions have other numbers, that order is all that remains of it.
        ArchiveTable(
            name: "timeline_entry", key: ["transaction_id", "position"], omitted: ["transaction_id", "position"]),
        // A row has up to 5 MiB.
        ArchiveTable(name: "attachment", key: ["incident", "number"], partRows: 2),
        ArchiveTable(name: "restoration_sample", key: ["incident", "sequence"]),
        ArchiveTable(name: "restoration_forecast", key: ["incident"]),
        ArchiveTable(name: "component_duration", key: ["component"]),
        ArchiveTable(name: "alert", key: ["id"]),
        ArchiveTable(name: "alert_group", key: ["source", "group_key"]),
        ArchiveTable(name: "alert_note", key: ["id"]),
        ArchiveTable(name: "alert_delivery", key: ["incident", "id"]),
        ArchiveTable(name: "alert_request", key: ["id"]),
        ArchiveTable(name: "dead_letter", key: ["id"], partRows: 50),
        ArchiveTable(name: "change_event", key: ["id"]),
        ArchiveTable(name: "sense_fleet", key: ["only_row"]),
        ArchiveTable(name: "heartbeat", key: ["name"]),
        ArchiveTable(name: "probe", key: ["name"]),
        ArchiveTable(name: "probe_result", key: ["probe", "slot"]),
        ArchiveTable(name: "endpoint", key: ["id"]),
        ArchiveTable(name: "sense_signal", key: ["source", "identity"]),
        ArchiveTable(name: "report_count", key: ["minute", "component", "symptom", "region"]),
        ArchiveTable(name: "report_baseline", key: ["component", "symptom"]),
        ArchiveTable(name: "maintenance", key: ["id"]),
        ArchiveTable(name: "maintenance_occurrence", key: ["maintenance", "local_start"]),
        ArchiveTable(name: "subscription", key: ["id"]),
        // With it, an import does not tell its subscribers again of what is old.
        ArchiveTable(name: "public_told", key: ["subject"]),
        ArchiveTable(name: "idempotency", key: ["scope"]),
    ]

    private static let whatWasSent =
        "what was sent belongs to the installation that sent it: after an import nothing of it is sent again"

    /// Tables that no archive holds, and why.
    static let leftOut = [
        "schema_migration": "the head of the archive says how far the schema was, and the import makes it so",
        "sealing_key": "with it, the secrets of probes that the archive holds could be opened",
        "installation": "an import is another installation: both would refuse what the other one sends",
        "notice": whatWasSent, "notification": whatWasSent, "notification_lane": whatWasSent,
        "notification_attempt": whatWasSent, "notification_thread": whatWasSent, "notification_cursor": whatWasSent,
        "escalation": whatWasSent, "public_news": whatWasSent, "subscription_delivery": whatWasSent,
        "public_teller": "a lease that is over before an import is",
        "subscription_question": "how many questions were sent today is forgotten the day after",
        "report_salt":
            "with it, who reported could be guessed; it is forgotten after two days, and archives are kept for years",
        "report_reporter":
            "who reported is forgotten after two hours; without the salt, nobody can be found in it anyway",
    ]
}
