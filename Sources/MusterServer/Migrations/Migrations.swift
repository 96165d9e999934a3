import Postgres

/// The schema's history, in order: forward only, one transaction each. What was released is never edited again, since
/// its checksum is stored with it. One that takes something away names the migration that a program must know from then on
/// (`needs`), of the release that stopped using it.
enum Migrations {
    static let all: [Migration] = [
        migration(1, "create_incident", PackageResources.m0001_create_incident_sql),
        migration(2, "create_access", PackageResources.m0002_create_access_sql),
        migration(3, "create_alert", PackageResources.m0003_create_alert_sql),
        migration(4, "create_alert_delivery", PackageResources.m0004_create_alert_delivery_sql),
        migration(5, "record_component_changes", PackageResources.m0005_record_component_changes_sql),
        migration(6, "measure_restorations", PackageResources.m0006_measure_restorations_sql),
        migration(7, "extend_alert", PackageResources.m0007_extend_alert_sql),
        migration(8, "create_ingress", PackageResources.m0008_create_ingress_sql),
        migration(9, "create_routing", PackageResources.m0009_create_routing_sql),
        migration(10, "create_senses", PackageResources.m0010_create_senses_sql),
        migration(11, "create_report", PackageResources.m0011_create_report_sql),
        migration(12, "repeat_alert_in_place", PackageResources.m0012_repeat_alert_in_place_sql),
        migration(13, "say_what_intake_ignores", PackageResources.m0013_say_what_intake_ignores_sql),
        migration(14, "redact_again", PackageResources.m0014_redact_again_sql),
        migration(15, "name_answered_incident", PackageResources.m0015_name_answered_incident_sql),
        migration(16, "create_sealing_key", PackageResources.m0016_create_sealing_key_sql),
        migration(17, "create_notification", PackageResources.m0017_create_notification_sql),
        migration(18, "create_maintenance", PackageResources.m0018_create_maintenance_sql),
        migration(19, "name_installation", PackageResources.m0019_name_installation_sql),
        migration(20, "calibrate_forecasts", PackageResources.m0020_calibrate_forecasts_sql),
        migration(21, "say_who_ended_alerts", PackageResources.m0021_say_who_ended_alerts_sql),
        migration(22, "remember_merges", PackageResources.m0022_remember_merges_sql),
        migration(23, "name_people", PackageResources.m0023_name_people_sql),
        migration(24, "find_actions", PackageResources.m0024_find_actions_sql),
        migration(25, "create_attachment", PackageResources.m0025_create_attachment_sql),
        migration(26, "create_help_book", PackageResources.m0026_create_help_book_sql),
        migration(27, "create_subscription", PackageResources.m0027_create_subscription_sql),
    ]

    private static func migration(_ number: Int, _ name: String, _ sql: [UInt8], needs: Int = 0) -> Migration {
        Migration(number: number, name: name, sql: String(decoding: sql, as: UTF8.self), needs: needs)
    }
}
