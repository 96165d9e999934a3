import Postgres
import Testing

@testable import MusterServer

/// A migration that landed is not edited any more: databases have it, and a program with another one does not start on them.
struct LandedMigrationTests {
    /// The checksums of those that landed. A new one is added here when its branch is merged; none is ever changed.
    private static let landed = [
        "51392e36d9921c0b",  // 1 create_incident
        "00e4881f5738424e",  // 2 create_access
        "332e6ca208b57d9e",  // 3 create_alert
        "87cab02f55bfa04a",  // 4 create_alert_delivery
        "c17e360a7b479861",  // 5 record_component_changes
        "8621c3ee9e4334a2",  // 6 measure_restorations
        "1076b1f119059bc7",  // 7 extend_alert
        "5cf0fe780d0c3083",  // 8 create_ingress
        "8bcd4700251ba918",  // 9 create_routing
        "cda681c426d0bc3e",  // 10 create_senses
        "638b188a0831a53a",  // 11 create_report
        "c23dcabf716b02b1",  // 12 repeat_alert_in_place
        "2f6c311204a4ba7c",  // 13 say_what_intake_ignores
        "22de0e579ef9485b",  // 14 redact_again
        "7a4eb4175812141b",  // 15 name_answered_incident
        "fdf2129690961d28",  // 16 create_sealing_key
        "6fd4938099387967",  // 17 create_notification
        "13733e2a90062fe9",  // 18 create_maintenance
        "148faa16dc173d4d",  // 19 name_installation
        "8e18dc87f19506c6",  // 20 calibrate_forecasts
        "66f60752dadc04df",  // 21 say_who_ended_alerts
        "ba6edcb2f20a973d",  // 22 remember_merges
        "39ae2277710a3ec5",  // 23 name_people
        "8c38d187b6455177",  // 24 find_actions
        "a037834f9e48cd4f",  // 25 create_attachment
        "da389f3806d21790",  // 26 create_help_book
        "e3b757e4e4087964",  // 27 create_subscription
    ]

    @Test func `what landed stays as it was`() {
        for (migration, checksum) in zip(Migrations.all, Self.landed) {
            #expect(
                migration.checksum == checksum,
                "\(migration.number) \(migration.name) was edited; take that back, and add a migration that changes it")
        }
        #expect(Self.landed.count <= Migrations.all.count, "a migration that landed is gone")
    }

    @Test func `no migration needs a program that is younger than the one before it`() {
        for migration in Migrations.all {
            #expect(migration.needs < migration.number, "a release that only stopped using something comes before")
        }
    }
}
