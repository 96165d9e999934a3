import Glibc
import Testing

/// Two daemons over one database, of which now and then one is down.
struct Fleet: Sendable {
    let daemons: [Daemon]
    private let token: String

    init(_ daemons: [Daemon], token: String = Daemon.bootstrapToken) {
        self.daemons = daemons
        self.token = token
    }

    func api(_ generator: inout SeededGenerator, token: String? = nil) -> API {
        API(address: generator.pick(daemons).address, token: token ?? self.token)
    }

    /// Ends and restarts daemons each time that so many commands have been done.
    func disturb(every commands: Int, _ ledger: Ledger, seed: UInt64) async throws -> Int {
        var generator = SeededGenerator(seed: seed)
        var next = commands
        var ends = 0
        for await count in ledger.progress where count >= next {
            next = count + commands
            let victims = generator.chance(15) ? daemons : [generator.pick(daemons)]
            for victim in victims {
                ends += 1
                guard generator.chance(75) else {
                    let status = try await victim.terminate()
                    #expect(status == 0, "a graceful stop ended with \(status): \(victim.logTail)")
                    continue
                }
                try await victim.kill9()
            }
            for victim in victims { try await victim.start() }
        }
        return ends
    }
}
