import FoundationEssentials
import IncidentDomain
import Logging
import Postgres
import ServiceLifecycle
import Synchronization

/// Runs the probes that are due. Daemons share them: each takes what is due and nobody took, as many as it may run at once,
/// and what a daemon did not bring to its end is due again by itself.
struct ProbeRunner: Service {
    let store: ProbeStore
    let check: ProbeCheck
    /// Woken when an alert has something to hear.
    let signal: WakeSignal
    let logger: Logger
    /// How many look at the same time; 0 runs none in this daemon.
    let concurrentMax: Int
    /// How often to look for what is due.
    var interval: Duration = .milliseconds(500)
    private let warnings = DeadLetterWarnings()
    /// One line for all of them: it is the same trouble.
    private static let warning = BuiltInSource.probes

    func run() async throws {
        guard concurrentMax > 0 else { return try await gracefulShutdown() }
        let progress = RunnerProgress("probes", every: interval)
        progress.begin()
        await cancelWhenGracefulShutdown { await runProbes(progress) }
    }

    private func runProbes(_ progress: RunnerProgress) async {
        let slots = Slots(max: concurrentMax)
        await withDiscardingTaskGroup { group in
            group.addTask {
                while !Task.isCancelled {
                    slots.look()
                    try? await Task.sleep(for: interval)
                }
            }
            group.addTask { await hurryNowAndThen() }
            for await _ in slots.looks {
                do {
                    let free = slots.free
                    guard free > 0 else { continue }
                    let claims = try await RunnerPulse.pass { try await store.claim(limit: free) }
                    progress.passed()
                    slots.take(claims.count)
                    for claim in claims {
                        group.addTask {
                            await carryOut(claim)
                            slots.giveBack()
                        }
                    }
                } catch {
                    guard !Task.isCancelled else { break }
                    logger.warning("cannot claim due probes", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    private func hurryNowAndThen() async {
        while !Task.isCancelled {
            do {
                try await store.sealPlainSecrets()
                break
            } catch {
                guard !Task.isCancelled else { return }
                logger.warning("cannot encrypt the secrets of probes", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .seconds(10))
            }
        }
        while !Task.isCancelled {
            do {
                try await store.hurry()
            } catch {
                guard !Task.isCancelled else { return }
                logger.warning("cannot bring the due times of probes forward", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: .seconds(2))
        }
    }

    /// Runs one probe and writes its result down.
    func carryOut(_ claim: ProbeStore.Claim) async {
        do {
            let draft = claim.probe.draft
            let outcome = try await look(draft)
            guard !outcome.isUnknown else { return try await recordUnknown(outcome, claim) }
            var state = claim.probe.state
            let change = state.take(isPassed: outcome.isPassed, at: claim.at, draft.thresholds)
            let told: SenseSignal? =
                switch change {
                case .fires(let since): draft.signal(since: since, until: nil, detail: outcome.detail)
                case .isOver(let since): draft.signal(since: since, until: claim.at, detail: outcome.detail)
                case nil: nil
                }
            try await store.record(outcome, claim, state: state, signal: told)
            if told != nil { signal.wake() }
        } catch {
            // Its lease ends by itself, and then it is run again.
            guard !Task.isCancelled else { return }
            logger.warning(
                "cannot store the result of a probe",
                metadata: ["probe": .string(claim.probe.draft.name), "error": .string("\(error)")])
        }
    }

    /// What was found says nothing of the target: no failure is counted, no alert is raised or ended, and what was known stays.
    private func recordUnknown(_ outcome: ProbeOutcome, _ claim: ProbeStore.Claim) async throws {
        if warnings.isDue(Self.warning) {
            logger.warning(
                "probes cannot be looked at",
                metadata: ["probe": .string(claim.probe.draft.name), "reason": .string(outcome.detail)])
        }
        try await store.recordUnknown(outcome.detail, claim)
    }

    /// One look, with the secrets open for as long as it takes.
    private func look(_ draft: ProbeDraft) async throws -> ProbeOutcome {
        do {
            let target = try await draft.target.opened(by: store.box)
            return try await check.look(at: target, timeout: .seconds(draft.timeoutSeconds))
        } catch let failure as ProbeCheck.Failure {
            return .failed(failure.detail)
        }
    }

    /// Runs everything that is due now, once; returns how many probes that were. For tests.
    @discardableResult
    func runDue() async throws -> Int {
        let claims = try await store.claim(limit: max(1, concurrentMax))
        await withTaskGroup { group in
            for claim in claims { group.addTask { await carryOut(claim) } }
        }
        return claims.count
    }
}

/// How many probes run, and when to look for more.
private final class Slots: Sendable {
    let looks: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation
    private let max: Int
    private let taken = Mutex(0)

    init(max: Int) {
        self.max = max
        (looks, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    var free: Int { taken.withLock { max - $0 } }

    func look() {
        wake.yield()
    }

    func take(_ count: Int) {
        taken.withLock { $0 += count }
    }

    /// What was full has room again, and more may wait.
    func giveBack() {
        let wasFull = taken.withLock { taken in
            taken -= 1
            return taken == max - 1
        }
        if wasFull { look() }
    }
}
