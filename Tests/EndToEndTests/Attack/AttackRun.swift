import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// What has to hold while somebody attacks. `musterd` as it is released has to keep to what issue and documents promise; one
/// that was built for debugging, which needs several times the processor, and shares it with whatever else is tested, may
/// take longer.
struct AttackLimits: Sendable {
    let health: Duration
    let alert: Duration
    let mebibytes: Int
    /// How long a loop may compute before everybody had a turn, in milliseconds: a turn over some thousand connections.
    let loopHeld: Int

    static let strict = AttackLimits(health: .milliseconds(100), alert: .seconds(1), mebibytes: 150, loopHeld: 100)
    static let debug = AttackLimits(health: .seconds(1), alert: .seconds(4), mebibytes: 300, loopHeld: 1_500)

    /// By how `musterd` was built. `MUSTER_ATTACK_STRICT=1` asks for the promise in any case, `0` for the other.
    var isStrict: Bool { health <= Self.strict.health }

    /// While many attack at once, all of them on the daemon's own two processors, and each takes what its limits allow.
    var ofManyAtOnce: AttackLimits {
        AttackLimits(health: health * 5, alert: alert * 2, mebibytes: mebibytes * 2, loopHeld: loopHeld)
    }

    static let current: AttackLimits =
        switch getenv("MUSTER_ATTACK_STRICT").map({ String(cString: $0) }) {
        case "1"?: strict
        case "0"?: debug
        case _?, nil: Files.musterd.contains("/release/") ? strict : debug
        }
}

/// One daemon under one attack after the other, with a witness beside it.
struct AttackRun {
    /// What an attack came to.
    struct Result: Sendable, CustomStringConvertible {
        let name: String
        let outcome: Crowd.Outcome
        let seen: Witness.Stretch
        /// How long after the attack the daemon was itself again.
        let calmAfter: Duration?
        let forbidden: [Int]

        var description: String {
            let statuses = outcome.statuses.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
            let calm = calmAfter.map { "\(Self.milliseconds($0)) ms" } ?? "never"
            return
                "\(name): /healthz at most \(Self.milliseconds(seen.slowestHealth)) ms of \(seen.looks), an alert at "
                + "most \(Self.milliseconds(seen.slowestAlert)) ms of \(seen.alerts), \(seen.peakMebibytes) MiB, calm after "
                + "\(calm); \(outcome.opened) connections, \(outcome.endedByDaemon) ended by it, answers "
                + "[\(statuses.joined(separator: ", "))]"
        }

        private static func milliseconds(_ duration: Duration) -> Int { Int(duration / .milliseconds(1)) }

        /// What is wrong, each with the attack's name.
        func complaints(_ limits: AttackLimits) -> [String] {
            var found = outcome.complaints
            if seen.slowestHealth > limits.health { found.append("/healthz took \(seen.slowestHealth.seconds) s") }
            if seen.slowestAlert > limits.alert { found.append("an alert took \(seen.slowestAlert.seconds) s") }
            if seen.peakMebibytes > limits.mebibytes { found.append("\(seen.peakMebibytes) MiB were held") }
            if calmAfter == nil { found.append("the daemon did not become itself again") }
            if !seen.faults.isEmpty {
                found.append("the witness met \(seen.faults.count) faults, first: \(seen.faults.prefix(3))")
            }
            for status in forbidden {
                found.append("an attacker was answered: \(outcome.samples[status] ?? "\(status)")")
            }
            return found.map { "\(name): \($0)" }
        }
    }

    let target: AttackTarget
    let witness: Witness
    let limits = AttackLimits.current

    private static let patience = Duration.seconds(15)

    /// Carries out the attacks, each when the daemon has got over the one before it, and then some of them at once.
    func carryOut(_ attacks: [Attack]) async throws -> [Result] {
        var results: [Result] = []
        for attack in attacks {
            results.append(try await carryOut(attack))
            print("attack: \(results[results.count - 1])")
        }
        return results
    }

    func carryOut(_ attack: Attack) async throws -> Result {
        let start = ContinuousClock.now
        var outcome: Crowd.Outcome
        do {
            outcome = try await attack.carryOut(target, start + .seconds(attack.seconds))
        } catch {
            outcome = Crowd.Outcome(complaints: ["\(error)"])
        }
        let over = ContinuousClock.now
        try isAlive(after: attack.name)
        // The slowest look may have begun during the attack and may not have ended.
        let calm = try? await Eventually.get("calm", within: Self.patience) {
            witness.isCalm(within: limits.health, since: over) ? ContinuousClock.now : nil
        }
        try isAlive(after: attack.name)
        let forbidden = outcome.statuses.keys.filter { !attack.answers.contains($0) && $0 != 100 }.sorted()
        return Result(
            name: attack.name, outcome: outcome, seen: witness.stretch(from: start, to: .now),
            calmAfter: calm.map { over.duration(to: $0) }, forbidden: forbidden)
    }

    private func isAlive(after name: String) throws {
        guard let pid = target.daemon.pid, kill(pid, 0) == 0, Witness.residentMebibytes(pid) != nil else {
            throw Daemon.Ended(description: "musterd ended under the attack \(name): \(target.daemon.logTail)")
        }
    }

    /// Several attacks as one.
    static func together(_ name: String, seconds: Double, _ attacks: [Attack]) -> Attack {
        let answers = attacks.reduce(into: Set<Int>()) { $0.formUnion($1.answers) }
        return Attack(name, seconds: seconds, answers: answers) { target, until in
            await withTaskGroup(of: Crowd.Outcome.self) { group in
                for attack in attacks {
                    group.addTask {
                        do {
                            return try await attack.carryOut(target, until)
                        } catch {
                            return Crowd.Outcome(complaints: ["\(attack.name): \(error)"])
                        }
                    }
                }
                return await group.reduce(Crowd.Outcome(), +)
            }
        }
    }
}
