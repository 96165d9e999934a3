/// A sender like Alertmanager: groups of alerts that begin and end, each message sent until it is taken, some twice, some
/// again when they are long out of date.
struct AlertStorm: Sendable {
    let fleet: Fleet
    let hook: String
    /// Milliseconds since 1970, before every time in a message.
    let start: Int

    private static let groups = 5
    private static let alertsEach = 4

    /// What the alerts should be in the end: of each identity how often it fired, and whether it does.
    struct Expected: Hashable, Sendable {
        var firings = 0
        var isFiring = false
    }

    /// Sends messages until the clients are done.
    ///
    /// - Returns: What is to be expected, by group and instance.
    func run(seed: UInt64, whileRunning isRunning: @Sendable () -> Bool) async throws -> [String: [String: Expected]] {
        var generator = SeededGenerator(seed: seed)
        var expected: [String: [String: Expected]] = [:]
        var alerts: [String: [AlertmanagerMessage.Alert]] = [:]
        var sent: [AlertmanagerMessage] = []
        var second = 0
        while isRunning() {
            let group = "group-\(Int.random(in: 0..<Self.groups, using: &generator))"
            second += 1
            let now = Moment.text(milliseconds: start + second * 1000)
            var current = alerts[group] ?? []
            for index in 0..<Self.alertsEach where generator.chance(40) {
                let name = "instance-\(index)"
                var state = expected[group]?[name] ?? Expected()
                if state.isFiring {
                    if let place = current.firstIndex(where: { $0.name == name }) {
                        current[place] = current[place].resolved(now)
                    }
                } else {
                    // None that the clients' incidents are about: there the alerts would join them.
                    let component = generator.chance(50) ? "storm-\(index)" : nil
                    current.removeAll { $0.name == name }
                    current.append(.init(name, component: component, startsAt: now))
                    state.firings += 1
                }
                state.isFiring.toggle()
                expected[group, default: [:]][name] = state
            }
            guard !current.isEmpty else { continue }
            let message = AlertmanagerMessage(group: group, current)
            try await deliver(message, &generator)
            if generator.chance(30) { try await deliver(message, &generator) }
            if generator.chance(15), !sent.isEmpty { try await deliver(generator.pick(sent), &generator) }
            sent.append(message)
            // What has ended is told once more at most, and then leaves the group.
            alerts[group] = current.filter(\.isFiring)
        }
        return expected
    }

    private func deliver(_ message: AlertmanagerMessage, _ generator: inout SeededGenerator) async throws {
        let json = message.json
        try await Eventually.holds("a message is taken", within: .seconds(60)) {
            let reply = try await fleet.api(&generator).post(hook, json)
            guard reply.isSuccess || reply.status == 503 else {
                throw Child.Failure(description: "a message was refused: \(reply)")
            }
            return reply.isSuccess
        }
    }
}
