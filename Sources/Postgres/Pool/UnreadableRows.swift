package import Logging
import Synchronization

/// A row that this program cannot read: a newer or older release wrote it, or somebody did by hand.
package struct UnreadableRow: Error, Hashable, Sendable {
    package let table: String
    /// What names the row in its table, as people write it.
    package let key: String
    /// Why, in words that hold no value of the row.
    package let reason: String

    package init(table: String, key: String, reason: String) {
        self.table = table
        self.key = key
        self.reason = reason
    }
}

/// The rows that could not be read, each told to the log once: whoever reads a table skips them and goes on.
package final class UnreadableRows: Sendable {
    private struct Place: Hashable {
        let table: String
        let key: String
    }

    private struct State {
        var known: [Place: UnreadableRow] = [:]
        /// How many more were not remembered.
        var isFull = false
    }

    /// Beyond so many, more of them are skipped in silence: the log has said enough, and memory has an end.
    private static let rowsMax = 1_000

    private let logger: Logger
    private let state = Mutex(State())

    package init(logger: Logger) {
        self.logger = logger
    }

    package func note(_ row: UnreadableRow) {
        let (isNew, isLast) = state.withLock { state in
            let place = Place(table: row.table, key: row.key)
            if state.known[place] != nil { return (false, false) }
            guard state.known.count < Self.rowsMax else {
                defer { state.isFull = true }
                return (false, !state.isFull)
            }
            state.known[place] = row
            return (true, false)
        }
        if isNew {
            logger.error(
                "a row cannot be read and is skipped",
                metadata: ["table": .string(row.table), "row": .string(row.key), "reason": .string(row.reason)])
        }
        if isLast { logger.error("more rows cannot be read than are named here; see musterd doctor") }
    }

    /// A row that was removed or written anew.
    package func forget(_ key: String, of table: String) {
        state.withLock { _ = $0.known.removeValue(forKey: Place(table: table, key: key)) }
    }

    /// Takes what was found by looking at every row of some tables: what is not among them can be read by now, or is gone.
    package func replace(by found: [UnreadableRow], of tables: Set<String>) {
        state.withLock { state in
            let places = Set(found.map { Place(table: $0.table, key: $0.key) })
            state.known = state.known.filter { places.contains($0.key) || !tables.contains($0.key.table) }
            state.isFull = false
        }
        for row in found { note(row) }
    }

    /// How many are known, by table.
    package var counts: [String: Int] {
        state.withLock { state in state.known.keys.reduce(into: [:]) { $0[$1.table, default: 0] += 1 } }
    }
}
