/// What the pool is doing at this moment.
package struct PostgresPoolStatistics: Sendable, Equatable {
    /// Open connections.
    package var size: Int
    /// Connections with nothing to do.
    package var idle: Int
    /// Connections with a statement in flight or a transaction open.
    package var busy: Int
    /// Statements that wait for a connection.
    package var waiting: Int

    package init(size: Int, idle: Int, busy: Int, waiting: Int) {
        self.size = size
        self.idle = idle
        self.busy = busy
        self.waiting = waiting
    }
}
