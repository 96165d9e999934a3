/// What can be chosen about an embedded server.
package struct EmbeddedPostgresSettings: Sendable {
    /// Created when it is missing.
    package var database = "muster"
    /// Which account the server runs as when we are root; nil: the owner of an existing cluster, else `postgres`.
    package var user: String?
    /// Settings of postgresql.conf, over our own.
    package var parameters: [String: String] = [:]
    /// How long a start may take before it fails; recovery after a crash is part of it.
    package var startTimeout: Duration = .seconds(60)
    /// How long a fast shutdown may take before the server is stopped without a checkpoint.
    package var stopTimeout: Duration = .seconds(20)
    /// False only for tests: initdb does not wait for the disk.
    package var syncsNewCluster = true

    package init() {}

    /// Our defaults: a small server for one daemon, quiet in its log (clients get their errors anyway), in UTC.
    private static let defaults = [
        "client_connection_check_interval": "10s",
        "jit": "off",
        "log_checkpoints": "off",
        "log_line_prefix": "%m [%p] ",
        "log_min_messages": "log",
        "log_timezone": "UTC",
        "max_connections": "64",
        "recovery_init_sync_method": "syncfs",
        "shared_buffers": "64MB",
        "timezone": "UTC",
    ]

    /// Command line options of `postgres`: no TCP, the socket, then the settings, sorted so that `ps` reads the same
    /// every time.
    func arguments(socketDirectory: String) -> [String] {
        let fixed = ["-p", "5432", "-c", "listen_addresses=", "-c", "unix_socket_directories=\(socketDirectory)"]
        let chosen = Self.defaults.merging(parameters) { $1 }
        return fixed + chosen.sorted { $0.key < $1.key }.flatMap { ["-c", "\($0.key)=\($0.value)"] }
    }
}
