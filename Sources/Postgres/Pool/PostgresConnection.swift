import Synchronization

/// One connection in the driver's hands: sends units of work and turns replies into actions. Never leaves the driver's
/// thread.
final class PostgresConnection {
    /// What was sent, up to a sync.
    enum Unit {
        case job(PendingJob)
        /// `LISTEN` for a listener's channels.
        case listen
        /// A question to see whether the server still answers.
        case check
        /// Gives up a prepared statement; nobody cares how it ends.
        case housekeeping
    }

    typealias Pipeline = PipelineState<Unit, ResultHandle, PostgresServerError>

    let id: Int
    let purpose: ConnectionPurpose
    let link: LibPQConnection
    private(set) var pipeline = Pipeline()
    private var statements: StatementCache
    /// The transaction that has this connection to itself.
    var lease: LeaseID?
    /// Jobs of that transaction that wait for the one in flight.
    var leaseQueue = JobQueue()
    /// Closed as soon as nothing is in flight.
    var isRetiring = false
    /// Cancellations that a helper thread has not yet delivered: until then whatever runs here may be hit.
    var cancelsUnderway = 0
    /// A cancellation was sent since the connection was last empty, so that it may have hit another job than the one
    /// meant.
    var mayBeHitByCancel = false
    /// When to give up on the server, if the unit at the head has not ended by then. Counts from when the server began
    /// with that unit, as far as we can know.
    private(set) var deadline = MonotonicTime.distantFuture
    private let plansLifetime_nanoseconds: Int64
    private var plansExpire: MonotonicTime
    private let statementDeadline_nanoseconds: Int64
    /// The unit at the head was asked to stop.
    private var isHeadCancelled = false
    /// When the server last said anything.
    private(set) var lastReply = MonotonicTime.now
    /// Whether epoll watches for room to write.
    var watchesWrites = false

    init(id: Int, purpose: ConnectionPurpose, link: LibPQConnection, configuration: PostgresConfiguration) {
        self.id = id
        self.purpose = purpose
        self.link = link
        self.statements = StatementCache(max: configuration.preparedStatementsMax)
        self.statementDeadline_nanoseconds = configuration.statementDeadline.nanoseconds
        plansLifetime_nanoseconds = configuration.plansLifetime.nanoseconds
        plansExpire = .now.after(nanoseconds: plansLifetime_nanoseconds)
    }

    var isEmpty: Bool { pipeline.isEmpty }

    /// Sends statements and a sync. False when libpq refuses; then the server got no sync, and so can commit nothing of
    /// it.
    func send(_ unit: Unit, _ sqls: [SQL]) -> Bool {
        var steps: [Pipeline.Step] = []
        for sql in sqls {
            let (name, isNew) = statements.use(sql)
            if isNew {
                guard link.sendPrepare(name: name, statement: sql) else { return false }
                steps.append(.prepare(sql.text))
            }
            guard link.sendExecute(name: name, binds: sql.binds) else { return false }
            steps.append(.execute)
        }
        guard link.sendSync() else { return false }
        sent(unit, steps)
        return true
    }

    /// Sends a statement that is not to be prepared, and a sync.
    func sendPlain(_ unit: Unit, _ text: String) -> Bool {
        guard link.sendPlain(text), link.sendSync() else { return false }
        sent(unit, [.execute])
        return true
    }

    private func sent(_ unit: Unit, _ steps: [Pipeline.Step]) {
        let isHead = pipeline.isEmpty
        pipeline.sent(unit, steps: steps)
        if isHead { headChanged(at: .now) }
    }

    private func headChanged(at now: MonotonicTime) {
        isHeadCancelled = false
        guard let head = pipeline.head else { return deadline = .distantFuture }
        deadline = now.after(nanoseconds: statementDeadline_nanoseconds)
        if case .job(let pending) = head, let expires = pending.job.expires { deadline = min(deadline, expires) }
    }

    /// Gives up the prepared statements that are no longer used, and plans that are old. Not while a transaction is open:
    /// an error would fail it.
    func sendHousekeeping() -> Bool {
        let now = MonotonicTime.now
        if plansExpire <= now {
            plansExpire = now.after(nanoseconds: plansLifetime_nanoseconds)
            guard sendPlain(.housekeeping, "DISCARD PLANS") else { return false }
        }
        return statements.takeDiscarded().allSatisfy { sendPlain(.housekeeping, "DEALLOCATE \($0)") }
    }

    /// Reads what has arrived and hands each action to `perform`. Returns why the connection is of no more use, or nil.
    func receive(_ perform: (Pipeline.Action) -> Void) -> String? {
        guard link.consumeInput() else { return link.errorMessage }
        lastReply = .now
        var endsInARow = 0
        while !pipeline.isEmpty, !link.isBusy {
            let reply = link.nextReply()
            if case .end = reply { endsInARow += 1 } else { endsInARow = 0 }
            guard endsInARow < 3 else { return "libpq has no reply to what was sent" }
            for action in pipeline.received(reply) {
                switch action {
                case .succeeded, .failed:
                    headChanged(at: lastReply)
                    perform(action)
                case .forget(let text): statements.forget(text)
                case .broken(let reason): return reason
                }
            }
        }
        return nil
    }

    /// Prepares the job's statements anew when they come again; all statements without a job, as a migration may have
    /// changed what any of them means.
    func forgetStatements(of job: PostgresJob?) {
        guard let job else { return statements.forgetAll() }
        for statement in job.statements { statements.forget(statement.text) }
    }

    /// The unit at the head was asked to stop; a server that does not answer even that is given up soon.
    func headWasCancelled(patience: Duration) {
        isHeadCancelled = true
        deadline = min(deadline, .now + patience)
    }

    /// Whether the deadline is one that the caller chose for this job.
    var headHasOwnDeadline: Bool {
        guard case .job(let pending) = pipeline.head else { return false }
        return pending.job.expires == deadline
    }

    /// Whether the job at the head wants to be cancelled and has not been yet.
    var headWantsCancel: Bool {
        guard case .job(let pending) = pipeline.head else { return false }
        return !isHeadCancelled && pending.job.isCancelled.load(ordering: .relaxed)
    }
}

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

/// Which statements a connection has prepared, under which names; at most `max`, the least recently used go first.
struct StatementCache {
    private struct Entry {
        let name: String
        let types: [PostgresType]
        var lastUse: Int
    }

    private let max: Int
    private var entries: [String: Entry] = [:]
    private var uses = 0
    private var namesGiven = 0
    /// Names that the server still knows and we no longer use: to be deallocated when there is nothing better to do.
    private(set) var discarded: [String] = []

    init(max: Int) {
        self.max = Swift.max(1, max)
    }

    /// The statement's name, and whether it has to be prepared under that name first.
    mutating func use(_ statement: SQL) -> (name: String, isNew: Bool) {
        uses += 1
        if let index = entries.index(forKey: statement.text) {
            // The same text with parameters of other types is another statement; it takes the place of the first.
            if entries.values[index].types.elementsEqual(statement.binds.lazy.map(\.type)) {
                entries.values[index].lastUse = uses
                return (entries.values[index].name, false)
            }
            forget(statement.text)
        }
        if entries.count >= max { discardLeastRecentlyUsed() }
        namesGiven += 1
        let name = "s\(namesGiven)"
        entries[statement.text] = Entry(name: name, types: statement.binds.map(\.type), lastUse: uses)
        return (name, true)
    }

    /// The statement of this text is gone or not to be trusted.
    mutating func forget(_ text: String) {
        if let entry = entries.removeValue(forKey: text) { discarded.append(entry.name) }
    }

    mutating func forgetAll() {
        discarded += entries.values.map(\.name)
        entries = [:]
    }

    mutating func takeDiscarded() -> [String] {
        defer { discarded = [] }
        return discarded
    }

    private mutating func discardLeastRecentlyUsed() {
        if let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) { forget(oldest.key) }
    }
}
