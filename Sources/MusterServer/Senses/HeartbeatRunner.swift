import IncidentDomain
import Logging
import Postgres

/// Notices heartbeats that stay away, on database time, in whichever daemon looks first. It also says once a second that a
/// daemon is there, so that after a downtime nobody is blamed for what nobody could hear.
struct HeartbeatRunner: PeriodicRunner {
    static let name = "heartbeats"
    static let failure = "cannot check heartbeats"

    let store: HeartbeatStore
    let fleet: FleetStore
    let signal: WakeSignal
    let logger: Logger
    var interval: Duration = .seconds(1)

    private static let batchMax = 500

    func pass() async throws {
        try await passDue()
    }

    /// Looks at all whose time may have passed; returns how many became late or are not late any more.
    @discardableResult
    func passDue() async throws -> Int {
        // First of all: it is this that tells a downtime from a silence.
        let absence = try await fleet.beThere()
        var changed = 0
        while true {
            let batch = try await store.passDue(absence, limit: Self.batchMax)
            changed += batch.changed
            if batch.changed > 0 { signal.wake() }
            if batch.looked < Self.batchMax { return changed }
        }
    }
}
