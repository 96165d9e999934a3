import Testing

/// One user: gives random commands, one after the other, and writes down what it was told.
struct SimulatedClient: Sendable {
    let name: String
    let token: String
    let fleet: Fleet
    let ledger: Ledger
    let startedAt: String

    /// So many incidents are worked on at a time, the newest ones.
    private static let incidentsMax = 12

    func run(commands: Int, seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        for number in 0..<commands {
            let incidents = ledger.incidents.suffix(Self.incidentsMax).map(\.self)
            let opens = incidents.isEmpty || generator.chance(incidents.count < Self.incidentsMax ? 10 : 3)
            var command =
                opens
                ? RandomCommand.opening(&generator, startedAt: startedAt)
                : RandomCommand.change(&generator, of: generator.pick(incidents), others: incidents)
            let mark = ledger.newMark()
            command.body = command.body.with(["occurred_at": .string(mark)])
            var headers: [String: String] = [:]
            if generator.chance(5) { headers["If-Match"] = "\"\(Int.random(in: 1...40, using: &generator))\"" }
            if command.method == "POST" { headers["Idempotency-Key"] = "\(name)-\(number)" }
            let outcome = try await carryOut(command, headers, &generator)
            ledger.record(command, mark: mark, client: name, outcome)
        }
    }

    /// Repeats a POST until it is answered, by either daemon; others are sent once.
    private func carryOut(
        _ command: RandomCommand, _ headers: [String: String], _ generator: inout SeededGenerator
    ) async throws -> Ledger.Outcome {
        var attempts = 0
        var generator = generator
        let outcome = try await Eventually.get("an answer to \(command)", within: .seconds(80)) {
            attempts += 1
            let api = fleet.api(&generator, token: token)
            let isLast = command.method != "POST"
            let reply: Reply
            do {
                reply = try await api.send(command.method, command.path, .json(command.body), headers: headers)
            } catch {
                return isLast ? Ledger.Outcome.unknown : nil
            }
            if reply.status == 409, reply.json["type"] == "/problems/idempotency-in-flight" { return nil }
            switch reply.status {
            case 200..<300:
                let version = try #require(reply.version, "no version: \(reply)")
                let number = Self.incident(command, reply)
                return .accepted(incident: number, version: version, isFirst: attempts == 1)
            case 403, 404, 409, 412, 422: return .refused(status: reply.status)
            case 503: return isLast ? .unknown : nil
            default:
                Issue.record("no answer for a client: \(command) -> \(reply)")
                return .unknown
            }
        }
        return outcome
    }

    /// The incident that a command changed.
    private static func incident(_ command: RandomCommand, _ reply: Reply) -> Int {
        if command.appends == "incident_opened" { return reply.json["number"].int ?? 0 }
        let parts = command.path.split(separator: "/")
        return parts.count > 2 ? Int(parts[2].prefix { $0 != "-" }) ?? 0 : 0
    }
}
