/// How to reach PostgreSQL, and the limits of every wait. Durations are positive.
package struct PostgresConfiguration: Sendable {
    /// A libpq connection string, as URI or keywords, with several hosts and `target_session_attrs` if wished. What it
    /// sets itself (`connect_timeout`, `tcp_user_timeout`, `application_name`, `options`, keepalives) wins over the
    /// fields below.
    package var conninfo: String
    /// Wins over one in the connection string, so that the string can be shown and kept anywhere.
    package var password: String?
    /// How many connections the pool may hold; they are opened as work waits for them. About 8 suffice (see the figures
    /// in README).
    package var connections = 8
    /// Our own limit per statement, for a server that answers nothing at all: the connection is closed. Should exceed
    /// `statementTimeout`.
    package var statementDeadline: Duration = .seconds(15)
    /// The server's limit per statement (`statement_timeout`); zero for none.
    package var statementTimeout: Duration = .seconds(10)
    /// For each host of the connection string; libpq counts whole seconds and takes 1 as 2.
    package var connectTimeout: Duration = .seconds(5)
    /// How long sent data may stay unacknowledged by the peer's kernel (`tcp_user_timeout`).
    package var tcpUserTimeout: Duration = .seconds(10)
    /// The server's limit for a transaction whose owner does nothing (`idle_in_transaction_session_timeout`).
    package var idleInTransactionTimeout: Duration = .seconds(30)
    /// How long a statement may wait for a connection before it fails with `.unavailable`.
    package var acquireTimeout: Duration = .seconds(5)
    /// How many statements may wait for a connection; one more fails with `.overloaded`.
    package var waitingMax = 1_024
    /// How many independent statements one connection takes into one pipeline, when more wait than connections are
    /// free.
    package var pipelineMax = 16
    /// How many prepared statements a connection keeps.
    package var preparedStatementsMax = 256
    /// How long a connection keeps its plans before it has them made anew. A plan made while a table was small reads all
    /// of it; kept, it would be ruin when a storm fills the table.
    package var plansLifetime: Duration = .seconds(10)
    /// The first wait after a failed connection attempt; it doubles, with jitter, up to `reconnectDelayMax`.
    package var reconnectDelayMin: Duration = .milliseconds(50)
    package var reconnectDelayMax: Duration = .seconds(5)
    /// How long a graceful shutdown waits for running and queued statements.
    package var shutdownTimeout: Duration = .seconds(10)
    /// How often an idle connection for notifications is asked whether it still lives.
    package var listenerCheckInterval: Duration = .seconds(20)
    /// Shown in `pg_stat_activity`.
    package var applicationName = "muster"

    package init(conninfo: String) {
        self.conninfo = conninfo
    }
}
