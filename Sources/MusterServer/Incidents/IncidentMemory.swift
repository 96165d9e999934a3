import IncidentDomain
import Synchronization

/// Incidents as this daemon last saw them, so that a command need not fetch and decode again what nobody has changed.
///
/// The hash of an incident's last timeline entry stands for all that went before, so it names the state exactly, whoever
/// wrote it and whatever was restored from a backup: the database sends the state only when its hash is another one.
final class IncidentMemory: Sendable {
    /// A state, and the hash by which the database knows it.
    struct Known: Sendable {
        let incident: Incident
        let lastHash: [UInt8]
        /// Bytes of the stored state: what it costs to remember, roughly.
        let bytes: Int
    }

    /// What was used lately, and what was used before that.
    private struct Generations {
        var young: [Int: Known] = [:]
        var youngBytes = 0
        var old: [Int: Known] = [:]
    }

    private let bytesMax: Int
    private let generations = Mutex(Generations())

    /// - Parameter bytesMax: How much stored state to remember; each of the two generations holds half of it.
    init(bytesMax: Int = 8 << 20) {
        self.bytesMax = bytesMax
    }

    func known(_ number: Int) -> Known? {
        generations.withLock { $0.young[number] ?? $0.old[number] }
    }

    func remember(_ known: Known) {
        // One that is very large would drive out all others.
        guard known.bytes <= bytesMax / 8 else { return }
        generations.withLock { generations in
            let before = generations.young.updateValue(known, forKey: known.incident.number)
            generations.youngBytes += known.bytes - (before?.bytes ?? 0)
            guard generations.youngBytes > bytesMax / 2 else { return }
            generations = Generations(old: generations.young)
        }
    }
}
