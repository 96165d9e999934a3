import TestSupport

/// One way of holding the daemon up.
struct Attack: Sendable {
    /// By which `MUSTER_ATTACK` asks for it.
    let name: String
    /// How long it goes on at most, in seconds.
    var seconds = 1.5
    /// What its clients may be answered; everything else is the daemon's fault. What it does not have to answer it may
    /// leave unanswered: it may close the connection.
    var answers: Set<Int> = []
    let carryOut: @Sendable (AttackTarget, ContinuousClock.Instant) async throws -> Crowd.Outcome

    init(
        _ name: String, seconds: Double = 1.5, answers: Set<Int> = [],
        _ carryOut: @escaping @Sendable (AttackTarget, ContinuousClock.Instant) async throws -> Crowd.Outcome
    ) {
        self.name = name
        self.seconds = seconds
        self.answers = answers
        self.carryOut = carryOut
    }

    /// In the order in which they are carried out.
    static var all: [Attack] { onConnections + onReaders + onRows + onPeople }

    /// Refusals that say what is wrong with a request, or that there is no room for it now.
    static let refusals: Set<Int> = [400, 404, 408, 409, 411, 413, 414, 415, 422, 429, 431, 501, 503, 505]
}

/// What is attacked, and with what the attackers were entrusted.
struct AttackTarget: Sendable {
    let daemon: Daemon
    let database: TestDatabase
    /// The path of a hook, for those who have a source's key.
    let hook: String
    /// The key of the same source.
    let key: String
    let viewer: API
    let responder: API
    let library: AttackLibrary
    /// The path of an incident about payments, which is open.
    let incident: String

    var admin: API { daemon.api }
    var port: Int { daemon.port }
    var adminToken: String { Daemon.bootstrapToken }
    var viewerToken: String { viewer.token ?? "" }
    var responderToken: String { responder.token ?? "" }
}

extension API {
    /// What an attack is prepared with and measured by, in the midst of all others: who is asked to come again (503) does, and nothing
    /// was done until then.
    func sendPatiently(_ method: String, _ path: String, _ body: Body = .none) async throws -> Reply {
        try await Eventually.get("an answer to \(method) \(path)", within: .seconds(20)) {
            let reply = try await send(method, path, body, timeout: 20)
            return reply.status == 503 ? nil : reply
        }
    }
}

/// What is made once, before the daemon starts.
struct AttackLibrary: Sendable {
    /// Preloaded into the daemon, lets names that end in `.dead` hang in the resolver.
    let deadResolver: String
    /// 100 MiB of JSON, as gzip writes them.
    let gzipBomb: [UInt8]

    static func make(in directory: String) async throws -> AttackLibrary {
        let library = try await Preloaded.library("dead_resolver", in: directory)
        let script = """
            { printf '{"alerts":"'; head -c 104857600 /dev/zero | tr '\\0' x; } | gzip -9 >"$1"
            """
        let bomb = directory + "/bomb.gz"
        let made = try await Finished.run(["sh", "-c", script, "make", bomb])
        guard made.status == 0 else { throw Child.Failure(description: "\(made)") }
        return AttackLibrary(deadResolver: library, gzipBomb: Files.bytes(bomb))
    }
}
