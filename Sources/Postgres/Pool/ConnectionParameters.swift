/// A connection string taken apart, so that limits can be added and the hosts be tried in another order.
struct ConnectionParameters: Sendable {
    typealias Pair = (key: String, value: String)

    private(set) var pairs: [Pair]

    init(pairs: [Pair]) {
        self.pairs = pairs
    }

    subscript(key: String) -> String? {
        pairs.last { $0.key == key }?.value
    }

    /// How many hosts the string names; with none libpq takes its default, which is one.
    var hostCount: Int {
        max(Self.list(self["host"]).count, Self.list(self["hostaddr"]).count, 1)
    }

    /// Whether only a server that takes writes will do.
    var wantsWritable: Bool {
        ["read-write", "primary"].contains(self["target_session_attrs"])
    }

    /// The same hosts, beginning with number `first` (from 0), each with its port and address.
    func rotated(toBeginWith first: Int) -> ConnectionParameters {
        let shift = first % hostCount
        guard shift > 0 else { return self }
        var rotated = self
        rotated.pairs = pairs.map { key, value in
            let items = Self.list(value)
            guard ["host", "hostaddr", "port"].contains(key), items.count == hostCount else { return (key, value) }
            return (key, (items[shift...] + items[..<shift]).joined(separator: ","))
        }
        return rotated
    }

    /// Which of the hosts this is; libpq reports the host it connected to and its port.
    func index(ofHost host: String, port: String) -> Int? {
        let hosts = Self.list(self["host"] ?? self["hostaddr"])
        let ports = Self.list(self["port"])
        return hosts.indices.first { index in
            hosts[index] == host && (ports.isEmpty || (ports.count == 1 ? ports[0] : ports[index]) == port)
        }
    }

    /// Puts in the limits of `configuration`, except where the string says otherwise.
    func limited(by configuration: PostgresConfiguration) -> ConnectionParameters {
        var limited = self
        limited.set("client_encoding", "UTF8")
        if let password = configuration.password { limited.set("password", password) }
        limited.setDefault("fallback_application_name", configuration.applicationName)
        limited.setDefault("connect_timeout", String(max(1, configuration.connectTimeout.milliseconds / 1_000)))
        limited.setDefault("tcp_user_timeout", String(configuration.tcpUserTimeout.milliseconds))
        limited.setDefault("keepalives_idle", "10")
        limited.setDefault("keepalives_interval", "3")
        limited.setDefault("keepalives_count", "3")
        // The string's own options come last, and the server lets the last one win.
        let limits = [
            // Our statements take arrays of any length: planned anew for each length, a small one costs more to plan than to run.
            "-c plan_cache_mode=force_generic_plan",
            // Every statement of ours has an index for what it looks up. One that reads whole tables instead, because they
            // were small when it was planned, would be slow in the storm that fills them. Compiling never pays here.
            "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off",
            "-c statement_timeout=\(configuration.statementTimeout.milliseconds)",
            "-c idle_in_transaction_session_timeout=\(configuration.idleInTransactionTimeout.milliseconds)",
        ]
        limited.set("options", (limits + [self["options"] ?? ""]).joined(separator: " "))
        return limited
    }

    mutating func set(_ key: String, _ value: String) {
        pairs.removeAll { $0.key == key }
        pairs.append((key, value))
    }

    private mutating func setDefault(_ key: String, _ value: String) {
        if self[key] == nil { pairs.append((key, value)) }
    }

    private static func list(_ value: String?) -> [String] {
        guard let value, !value.isEmpty else { return [] }
        return value.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
}

extension ConnectionParameters {
    /// The same as a connection string of keywords.
    var conninfo: String {
        pairs.map { key, value in
            "\(key)='" + value.map { $0 == "'" || $0 == "\\" ? "\\\($0)" : String($0) }.joined() + "'"
        }.joined(separator: " ")
    }
}

extension PostgresConfiguration {
    /// The same for another database of the same server. Throws `PostgresError.misconfigured` when the connection
    /// string cannot be read.
    package func connecting(toDatabase name: String) throws -> PostgresConfiguration {
        var parameters = try ConnectionParameters(parsing: conninfo)
        parameters.set("dbname", name)
        var other = self
        other.conninfo = parameters.conninfo
        return other
    }

    /// The same, with the names of tables looked up in one schema alone. Throws `PostgresError.misconfigured` when the
    /// connection string cannot be read.
    package func searching(_ schema: String) throws -> PostgresConfiguration {
        var parameters = try ConnectionParameters(parsing: conninfo)
        parameters.set("options", "\(parameters["options"] ?? "") -c search_path=\(schema)")
        var other = self
        other.conninfo = parameters.conninfo
        return other
    }
}

extension Duration {
    /// Whole milliseconds, rounded up so that a limit above zero never becomes none.
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    }
}
