import FoundationEssentials
import Glibc
import Postgres
import TestSupport
import Testing

/// Strangers, holders of keys and colleagues do their worst to one daemon, while a client who means no harm is served.
///
/// It measures, so it runs alone: `make attack` starts it against the daemon as it is released, with the limits that are
/// promised (`AttackLimits`), `make check` against the one that was built for debugging, with wider ones. `MUSTER_ATTACK` asks
/// for it: `all`, or the names of attacks with commas between them.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct AttackTests {
    private static let wanted = getenv("MUSTER_ATTACK").map { String(cString: $0) }

    /// What the log says of the rows that were planted.
    private static let meant = "a row cannot be read and is skipped"

    private static let together = AttackRun.together(
        "all-at-once", seconds: 5,
        [
            .slowBodies, .slowHeads, .headerFlood, .unreadAnswers, .unreadStreams, .hangingUp, .malformedRequests,
            .deepJSON, .yamlBombs, .gzipBombs, .patternBombs, .anonymousReports, .reviewBombs, .scrapers,
        ])

    private static var attacks: [Attack] {
        let all = Attack.all + [together]
        guard let wanted, wanted != "all" else { return all }
        return wanted.split(separator: ",").compactMap { name in all.first { $0.name == name } }
    }

    @Test(.enabled("it runs alone, by MUSTER_ATTACK=all") { wanted != nil })
    func `nobody who attacks keeps another client's alert or health check waiting`() async throws {
        try #require(!Self.attacks.isEmpty, "MUSTER_ATTACK should be all, or some of \(Attack.all.map(\.name))")
        _ = RawSocket.raiseLimit()
        try await TemporaryDirectory.with { directory in
            let library = try await AttackLibrary.make(in: directory)
            try await TestDatabase.with { database in
                let settings = ["LD_PRELOAD": library.deadResolver, "DEAD_RESOLVER_SECONDS": "15"]
                let limits = AttackLimits.current
                try await Daemon.with(
                    .database(database.conninfo), settings, faultsAreMeant: true, loopHeldMax: limits.loopHeld
                ) { daemon in
                    try await attack(daemon, database, library)
                    let faults = daemon.faults.filter { !$0.contains(Self.meant) }
                    #expect(faults.isEmpty, "\(faults.count): \(faults.prefix(20).joined(separator: "\n"))")
                }
            }
        }
    }

    private func attack(_ daemon: Daemon, _ database: TestDatabase, _ library: AttackLibrary) async throws {
        let target = try await prepare(daemon, database, library)
        let pid = try #require(daemon.pid)
        let hook = try await daemon.api.makeSource("witness").hook
        let witness = Witness(port: daemon.port, pid: pid, hook: hook)
        let run = AttackRun(target: target, witness: witness)
        var before = 0
        let results = try await witness.during {
            // Before anything happens, so that no slowness of the machine is taken for an attack's success.
            try await Eventually.holds("a calm daemon") {
                witness.isCalm(within: run.limits.health, since: .now - .seconds(1))
            }
            before = Witness.descriptors(pid)
            return try await run.carryOut(Self.attacks)
        }
        for result in results {
            let isMany = result.name == Self.together.name
            let complaints = result.complaints(isMany ? run.limits.ofManyAtOnce : run.limits)
            #expect(complaints.isEmpty, "\(complaints.joined(separator: "\n"))")
        }
        try await isBack(daemon, pid, descriptors: before, run.limits)
        try await isStored(witness.stored, in: database)
        let verified = try await daemon.run("verify")
        #expect(verified.status == 0, "\(verified)")
    }

    /// A catalog, an incident about payments, and what the attackers were entrusted with.
    private func prepare(
        _ daemon: Daemon, _ database: TestDatabase, _ library: AttackLibrary
    ) async throws -> AttackTarget {
        let admin = daemon.api
        try await admin.put(
            "/v1/components",
            [
                "components": [
                    ["slug": "auth", "tier": 1],
                    ["slug": "payments", "tier": 0, "depends_on": [["component": "auth"]]],
                ]
            ]
        ).expect(200)
        let source = try await admin.makeSource("attackers")
        let incident = try await admin.open([
            "title": "Payments fail", "severity": "sev2",
            "components": [["component": "payments", "impact": "partial_outage"]],
        ])
        return AttackTarget(
            daemon: daemon, database: database, hook: source.hook, key: String(source.hook.dropFirst("/hooks/".count)),
            viewer: try await admin.client("a viewer", "viewer"),
            responder: try await admin.client("a colleague", "responder"), library: library, incident: incident)
    }

    /// What was taken is given back.
    private func isBack(_ daemon: Daemon, _ pid: pid_t, descriptors before: Int, _ limits: AttackLimits) async throws {
        try await daemon.ready()
        // Its pool may have more connections now than before, and our own client keeps some.
        let slack = 20
        try? await Eventually.holds("descriptors", within: .seconds(20)) { Witness.descriptors(pid) <= before + slack }
        let descriptors = Witness.descriptors(pid)
        #expect(descriptors <= before + slack, "of \(before) descriptors have become \(descriptors)")
        try? await Eventually.holds("memory", within: .seconds(20)) {
            (Witness.residentMebibytes(pid) ?? 0) <= limits.mebibytes
        }
        let mebibytes = Witness.residentMebibytes(pid) ?? 0
        #expect(mebibytes <= limits.mebibytes, "afterwards \(mebibytes) MiB are held")
        try await daemon.api.get("/readyz").expect(200)
        let held = try await daemon.api.get("/metrics").text.split(separator: "\n").first {
            $0.hasPrefix("muster_loop_held_max_seconds")
        }
        print("attack: afterwards \(mebibytes) MiB, \(descriptors) descriptors, \(held ?? "")")
        // Which requests held a loop up, since the limit on that is judged when the daemon has stopped and says no names.
        for line in daemon.logLines where line.contains("an event loop was blocked") { print("attack: \(line)") }
    }

    /// Each alert of the witness that was answered is there once.
    private func isStored(_ names: [String], in database: TestDatabase) async throws {
        let rows: [(name: String, count: Int)] = try await database.pool.query(
            """
            SELECT labels ->> 'instance' AS name, count(*) AS count FROM alert
            WHERE labels ->> 'instance' LIKE 'witness-%' GROUP BY 1
            """
        ).map { (try $0.decode("name"), try $0.decode("count")) }
        let counts = Dictionary(rows.map { ($0.name, $0.count) }) { $0 + $1 }
        let lost = names.filter { counts[$0] == nil }
        let double = counts.filter { $0.value != 1 }.keys.sorted()
        #expect(!names.isEmpty && lost.isEmpty, "alerts that were answered and are not stored: \(lost)")
        #expect(double.isEmpty, "alerts that are stored more than once: \(double)")
    }
}
