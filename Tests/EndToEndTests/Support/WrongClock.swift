import TestSupport
import Testing

/// Two daemons on one database, of which one is hours ahead of it and the other behind.
enum WrongClock {
    static let seconds = 3 * 3_600

    /// The settings of a daemon whose clock is wrong by so much.
    static func settings(_ seconds: Int, library: String) -> [String: String] {
        ["LD_PRELOAD": library, "WRONG_CLOCK_SECONDS": String(seconds)]
    }

    static func with(_ body: (_ ahead: Daemon, _ behind: Daemon) async throws -> Void) async throws {
        try await TemporaryDirectory.with { directory in
            let library = try await Preloaded.library("wrong_clock", in: directory)
            try await TestDatabase.with(connections: 1) { database in
                let place = Daemon.Place.database(database.conninfo)
                try await Daemon.with(place, settings(seconds, library: library)) { ahead in
                    try await Daemon.with(place, settings(-seconds, library: library)) { behind in
                        try await body(ahead, behind)
                    }
                }
            }
        }
    }
}
