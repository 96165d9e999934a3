import FoundationEssentials
import HTTPTypes
import IncidentDomain
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// Alerts of components under maintenance are recorded, and open no incident while it runs.
@Suite(.timeLimit(.minutes(20))) struct MaintenanceAlertTests {
    @Test func `an alert is held, and opens an incident afterwards if it still fires`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.putPlatform()
            let source = try await daemon.makeSource()
            _ = try await daemon.plan(try daemon.window(in: -60))
            try await daemon.send(
                source, .firing("a", component: "db"), .firing("b", component: "db"), .firing("c", component: "mail"))
            #expect(try await daemon.places() == ["a maintenance", "b maintenance", "c 1"])
            try await daemon.send(source, .resolved("b", component: "db"))
            try await daemon.passHours(1)
            try await daemon.routeAll()
            #expect(try await daemon.places() == ["a 2", "b maintenance", "c 1"])
            #expect(try await daemon.incident(2).impacts.map(\.component) == ["db"])
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `what begins is held before anybody has noted the beginning`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.putPlatform()
            let source = try await daemon.makeSource()
            let id = try await daemon.plan(try daemon.window(in: 600))
            try await daemon.send(source, .firing("before", component: "mail"))
            try await daemon.moveMaintenance(byHours: 0.5)
            try await daemon.send(source, .firing("a", component: "db"))
            #expect(try await daemon.states(id) == ["scheduled"])
            #expect(try await daemon.places() == ["a maintenance", "before 1"])
        }
    }

    @Test(arguments: [MaintenanceCommand.end, .cancel]) func `what ends early lets go at once`(
        command: MaintenanceCommand
    ) async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.putPlatform()
            let source = try await daemon.makeSource()
            let id = try await daemon.plan(try daemon.window(in: -60))
            try await daemon.send(source, .firing("a", component: "db"))
            #expect(try await daemon.places() == ["a maintenance"])
            _ = try await daemon.maintenance.carryOut(command, on: .current, of: id, by: .mia)
            try await daemon.routeAll()
            #expect(try await daemon.places() == ["a 1"])
        }
    }

    @Test func `deleting or changing what runs lets go what it no longer covers`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.putPlatform()
            let source = try await daemon.makeSource()
            let id = try await daemon.plan(try daemon.window(in: -60, components: ["db", "mail"]))
            try await daemon.send(source, .firing("a", component: "db"), .firing("b", component: "mail"))
            _ = try await daemon.maintenance.change(id, by: .mia) { $0.components = ["mail"] }
            try await daemon.routeAll()
            #expect(try await daemon.places() == ["a 1", "b maintenance"])
            try await daemon.maintenance.delete(id, by: .mia)
            try await daemon.routeAll()
            #expect(try await daemon.places() == ["a 1", "b 2"])
            #expect(try await daemon.told().last == "cancelled")
        }
    }

    @Test func `extended, it goes on holding`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.putPlatform()
            let source = try await daemon.makeSource()
            let id = try await daemon.plan(try daemon.window(in: -60))
            try await daemon.send(source, .firing("a", component: "db"))
            _ = try await daemon.maintenance.carryOut(.extendBy(seconds: 7200), on: .current, of: id, by: .mia)
            try await daemon.routeAll()
            try await daemon.passHours(1.5)
            try await daemon.routeAll()
            #expect(try await daemon.places() == ["a maintenance"])
            try await daemon.passHours(2)
            try await daemon.routeAll()
            #expect(try await daemon.places() == ["a 1"])
        }
    }

    @Test func `an alert of an open incident joins it, and one of another region opens one`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.putPlatform()
            let source = try await daemon.makeSource()
            _ = try await daemon.plan(try daemon.window(in: -60, regions: ["eu"]))
            var (here, there) = (
                IncomingAlert.firing("here", component: "db"), IncomingAlert.firing("there", component: "db")
            )
            (here.labels["region"], there.labels["region"]) = ("eu", "us")
            try await daemon.send(source, here, .firing("unsaid", component: "db"))
            #expect(try await daemon.places() == ["here maintenance", "unsaid maintenance"])
            try await daemon.send(source, there)
            #expect(try await daemon.places() == ["here maintenance", "there 1", "unsaid maintenance"])
            try await daemon.send(source, .firing("later", component: "db"))
            #expect(try await daemon.places().contains("later 1"), "its component has an open incident")
        }
    }

    @Test func `what fires when maintenance overruns joins the incident of the overrun`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.putPlatform()
            let source = try await daemon.makeSource()
            _ = try await daemon.plan(try daemon.window(in: -60, ending: .byHand))
            try await daemon.send(source, .firing("a", component: "db"))
            // Its time is over, and nobody has noted that yet.
            try await daemon.moveMaintenance(byHours: 3845.0 / 3600)
            try await daemon.send(source, .firing("b", component: "db"))
            #expect(try await daemon.places() == ["a maintenance", "b maintenance"])
            try await daemon.maintenanceRunner.pass()
            try await daemon.routeAll()
            #expect(try await daemon.places() == ["a 1", "b 1"])
            #expect(try await daemon.count("incident") == 1)
        }
    }

    @Test(arguments: [MaintenanceWindow.Ending.automatic, .byHand])
    func `an alert that is being placed when maintenance ends is let go of, too`(
        ending: MaintenanceWindow.Ending
    ) async throws {
        try await TestDaemon.with(connections: 4) { daemon async throws in
            try await daemon.putPlatform()
            let source = try await daemon.makeSource()
            _ = try await daemon.plan(try daemon.window(in: -60, ending: ending))
            try await daemon.take(source, .firing("a", component: "db"))
            // Past the end, and past the time for which what runs by hand may go on.
            try await daemon.moveMaintenance(byHours: 3900.0 / 3600)
            let placer = PlacementStore()
            let pass = try await daemon.pool.transaction { transaction async throws in
                #expect(try await placer.lockPlacement(in: transaction))
                let pass = Task { try await daemon.maintenanceRunner.pass() }
                try await daemon.pool.waitUntil(
                    "EXISTS (SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted)"
                )
                // It saw the maintenance before that was over.
                let alerts = try await placer.claim(limit: 1, in: transaction).compactMap(\.readable?.id)
                let hold = AlertHold(.maintenance, until: Timestamp.now().adding(seconds: 3600))
                try await placer.hold([try #require(alerts.first): hold], in: transaction)
                return pass
            }
            try await pass.value
            try await daemon.routeAll()
            #expect(try await daemon.places() == ["a 1"])
        }
    }

    @Test func `the trial of rules says what would hold an alert`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.putPlatform()
            _ = try await daemon.plan(try daemon.window(in: -60))
            let server = try DescribedServer(pool: daemon.pool)
            let tried = await server.ask(.post, "/v1/rules/try", ["title": "a", "component": "db"])
            #expect(tried.json["held"] == "maintenance" && tried.json["opens_incident"] == false, "\(tried.text)")
            #expect(tried.json["reason"]?.string?.hasPrefix("Its component is under maintenance until ") == true)
        }
    }
}
