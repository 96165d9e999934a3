import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// Stopping the daemon, whatever it is doing at that moment.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct StopTests {
    /// What the daemon is doing when it is asked to stop.
    private enum Moment: CaseIterable {
        /// Its password is wrong, which each connection learns after a handshake.
        case refused
        /// It starts, over TLS.
        case starting
        /// Nobody answers at the database's address.
        case silence
        /// Nobody listens there.
        case absence
        /// It serves many clients.
        case load
        /// It reads its configuration anew.
        case reload
    }

    /// How the daemon reaches the database in each.
    private struct Places: Sendable {
        let serving: String
        let refusing: String
        let silent: String
    }

    private static let runs = 100
    private static let atOnce = 4
    private static let grace = 5

    @Test func `asked a hundred times, at any moment, it ends with status 0 and within the grace`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            try await Self.withPlaces(database) { places in
                // The schema once, so that the runs are about starting and stopping.
                try await Daemon.with(.database(places.serving)) { _ in }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for first in 0..<Self.atOnce {
                        group.addTask {
                            for run in stride(from: first, to: Self.runs, by: Self.atOnce) {
                                try await Self.stop(at: Moment.allCases[run % Moment.allCases.count], places)
                            }
                        }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    private static func withPlaces(_ database: TestDatabase, _ body: (Places) async throws -> Void) async throws {
        let host = try #require(
            database.conninfo.split(separator: " ").first { $0.hasPrefix("host=") }?.dropFirst(5)
                .trimming("'"))
        let socket = "\(host)/.s.PGSQL.5432"
        func url(_ address: String) -> String {
            "host=127.0.0.1 port=\(address.split(separator: ":")[1]) user=postgres password=wrong "
                + "dbname=\(database.name) sslmode=require"
        }
        try await PythonServer.withCertificate { certificate, key in
            let script = "postgres_tls.py"
            try await PythonServer.with(script, certificate, key, "serve", socket) { serving in
                try await PythonServer.with(script, certificate, key, "refuse", "") { refusing in
                    try await PythonServer.with(script, certificate, key, "silent", "") { silent in
                        try await body(
                            Places(serving: url(serving), refusing: url(refusing), silent: url(silent)))
                    }
                }
            }
        }
    }

    private static func stop(at moment: Moment, _ places: Places) async throws {
        let url =
            switch moment {
            case .refused: places.refusing
            case .starting, .load, .reload: places.serving
            case .silence: places.silent
            case .absence: "host=127.0.0.1 port=\(Port.free()) sslmode=require"
            }
        let settings = ["database.url": url, "shutdown.grace_seconds": "\(grace)"]
        try await Daemon.with(.database(url), settings, starts: false, faultsAreMeant: true) { daemon in
            try daemon.launch()
            try await Eventually.holds("it hears signals") { daemon.hearsSignals }
            try await withThrowingTaskGroup(of: Void.self) { group in
                if moment == .load || moment == .reload { try await daemon.ready() }
                if moment == .load {
                    let api = daemon.api
                    for _ in 0..<8 {
                        group.addTask {
                            while !Task.isCancelled, (try? await api.get("/v1/incidents")) != nil {}
                        }
                    }
                }
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...300)))
                if moment == .reload {
                    daemon.signal(SIGHUP)
                    try await Task.sleep(for: .milliseconds(Int.random(in: 0...30)))
                }
                let asked = ContinuousClock.now
                daemon.signal(SIGTERM)
                let status = try await daemon.ended(within: .seconds(grace + 10))
                let took = asked.duration(to: .now)
                #expect(status == 0, "\(moment): \(daemon.logTail)")
                // A second more, for a machine on which everything else is tested as well.
                #expect(took < .seconds(grace + 1), "\(moment): \(daemon.logTail)")
                group.cancelAll()
            }
        }
    }
}

extension Daemon {
    /// Whether a signal that asks for the end would not just kill it: it has got as far as its first line.
    fileprivate var hearsSignals: Bool {
        guard let pid else { return false }
        let line = Files.text("/proc/\(pid)/status").split(separator: "\n").first { $0.hasPrefix("SigCgt:") }
        let caught = line.flatMap { UInt64($0.dropFirst(7).filter { !$0.isWhitespace }, radix: 16) } ?? 0
        return caught & (1 << UInt64(SIGTERM - 1)) != 0
    }
}

extension Substring {
    fileprivate func trimming(_ character: Character) -> String {
        String(self).replacing(String(character), with: "")
    }
}
