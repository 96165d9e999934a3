/// Waits for what another process does. Nothing signals that to us, so it is asked for again and again, at first often
/// and then ten times a second, until it holds or the time is over.
enum Eventually {
    /// What a machine that does much else at the same time may take; it is waited for only where something is wrong.
    static let patience = Duration.seconds(120)

    /// It did not come to pass.
    struct TimedOut: Error, CustomStringConvertible {
        let description: String
    }

    /// An error after which waiting on is of no use.
    protocol Final: Error {}

    /// The first value that the probe gives. What the probe throws counts as "not yet".
    static func get<Value>(
        _ what: String, within limit: Duration = patience, _ probe: () async throws -> Value?
    ) async throws -> Value {
        let deadline = ContinuousClock.now + limit
        var pause = Duration.milliseconds(2)
        var last: (any Error)?
        while true {
            do {
                if let value = try await probe() { return value }
            } catch let error as any Final {
                throw error
            } catch {
                try Task.checkCancellation()
                last = error
            }
            guard ContinuousClock.now < deadline else {
                throw TimedOut(
                    description: "\(what): not within \(limit)" + (last.map { "; the last error: \($0)" } ?? ""))
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, .milliseconds(100))
        }
    }

    static func holds(
        _ what: String, within limit: Duration = patience, _ probe: () async throws -> Bool
    ) async throws {
        try await get(what, within: limit) { try await probe() ? () : nil }
    }
}
