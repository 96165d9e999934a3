/// How often something has to say that it lives.
package struct HeartbeatRule: Hashable, Sendable {
    package let intervalSeconds: Int
    package let graceSeconds: Int

    package init(intervalSeconds: Int, graceSeconds: Int) {
        self.intervalSeconds = intervalSeconds
        self.graceSeconds = graceSeconds
    }

    /// What every heartbeat gets at least when Muster comes back, unless its own time is shorter.
    private static let patience: Double = 300

    /// When it is late, counted from the last sign of life.
    ///
    /// - Parameter absence: The last time that nobody could take a ping. One that was expected then may have been sent and
    ///   lost, and the next one comes an interval later; every other heartbeat gets some minutes, since senders try again.
    package func deadline(after last: Timestamp, absence: FleetAbsence?) -> Timestamp {
        let whole = Double(intervalSeconds + graceSeconds)
        let due = last.adding(seconds: whole)
        guard let absence, last < absence.end else { return due }
        // Jobs do not run to the second: one may well have been a tenth early.
        let expected = last.adding(seconds: 0.9 * Double(intervalSeconds))
        if expected <= absence.end, due >= absence.start { return absence.end.adding(seconds: whole) }
        return max(due, absence.end.adding(seconds: min(whole, Self.patience)))
    }
}

/// A time in which no daemon ran, so that no ping could arrive.
package struct FleetAbsence: Hashable, Sendable {
    package let start: Timestamp
    package let end: Timestamp

    package init(start: Timestamp, end: Timestamp) {
        self.start = start
        self.end = end
    }
}
