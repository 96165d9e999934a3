import FoundationEssentials
import IncidentDomain
import Logging
import Postgres

/// Pages the next endpoints of incidents that nobody acknowledged in time. What is due stands in the database, by its clock: any daemon
/// does it, each step once, and a restart loses nothing.
struct EscalationRunner: PeriodicRunner {
    static let name = "escalations"
    static let failure = "cannot escalate incidents that nobody acknowledged"

    let pool: PostgresPool
    let policy: PhasePolicy
    /// Woken when an escalation begins.
    let signal: WakeSignal?
    /// To be woken when there is something to tell.
    let noticing: WakeSignal
    let logger: Logger
    let interval: Duration = .seconds(1)

    private static let batchMax = 50

    func pass() async throws {
        while try await escalate() == Self.batchMax {}
    }

    /// Carries out what is due, up to one batch; returns how many escalations that were.
    @discardableResult
    func escalate() async throws -> Int {
        let (count, told) = try await pool.transaction { transaction in
            let due = try await EscalationStore.claim(limit: Self.batchMax, in: transaction)
            guard !due.isEmpty else { return (0, false) }
            // Held, so that nobody acknowledges between this look and the page.
            let incidents = try await NoticeStore.incidents(
                Set(due.map(\.incident)), holding: true, in: transaction)
            var told = false
            for item in due {
                let isTold = try await carryOut(item, incidents[item.incident], in: transaction)
                told = told || isTold
            }
            return (due.count, told)
        }
        if told { noticing.wake() }
        return count
    }

    /// Whether somebody is told.
    private func carryOut(
        _ due: EscalationStore.Due, _ incident: Incident?, in transaction: PostgresTransaction
    ) async throws -> Bool {
        guard let incident, var escalation = due.escalation else {
            // As when a daemon of a newer release wrote it: that one can go on, and so can we once it is put right.
            logger.error(
                "an escalation, or its incident, cannot be read by this release; it is tried again in a minute",
                metadata: ["incident": "\(due.incident)", "policy": "\(due.policy)"])
            _ = try await transaction.query(EscalationStore.wait(due, until: due.now.adding(seconds: 60)))
            return false
        }
        let isAcknowledged = incident.clocks.acknowledgedAt != nil
        var skips = false
        while true {
            let decision = escalation.decide(
                at: due.now, phase: incident.phase, isAcknowledged: isAcknowledged, skips: skips)
            switch decision {
            case .end(let end):
                _ = try await transaction.query(EscalationStore.end(due, end))
                return false
            case .wait(let moment):
                _ = try await transaction.query(EscalationStore.wait(due, until: moment))
                return false
            case .tell(let step, let next):
                let names = escalation.plan.steps[step].endpoints
                let known = try await EndpointStore.ids(
                    named: names, onlyEnabled: true, in: transaction)
                escalation.told = step + 1
                guard !known.isEmpty else {
                    // Nobody hears of this step, so the next one does not wait.
                    logger.error(
                        "nobody could be paged: the endpoints do not exist or are disabled",
                        metadata: ["incident": "\(due.incident)", "endpoints": "\(names.joined(separator: ", "))"])
                    skips = true
                    continue
                }
                let notice = Notice(page: step, of: escalation, incident, due, to: names, policy: policy)
                let ids = known.values.sorted { $0.text < $1.text }
                _ = try await transaction.pipeline([
                    NoticeStore.put([(Self.key(of: due, escalation, step), notice)], only: ids),
                    EscalationStore.told(
                        due, steps: step + 1, paged: Array(Set(due.paged + ids)).sorted { $0.text < $1.text },
                        next: next),
                ])
                return true
            }
        }
    }
}

extension EscalationRunner {
    /// What names a page: an escalation that begins anew pages anew.
    private static func key(of due: EscalationStore.Due, _ escalation: Escalation, _ step: Int) -> String {
        "page/\(due.incident)/\(due.policy)/\(escalation.begunAt.milliseconds)/\(step)"
    }
}

extension Notice {
    /// That somebody has to acknowledge an incident.
    fileprivate init(
        page step: Int, of escalation: Escalation, _ incident: Incident, _ due: EscalationStore.Due, to names: [String],
        policy: PhasePolicy
    ) {
        let waited = DurationText.human(due.now.seconds(since: escalation.begunAt))
        self.init(
            kind: NoticeKinds.page, version: 1,
            sentence: step == 0
                ? "Nobody has acknowledged this incident yet. Please acknowledge it."
                : "Nobody has acknowledged this incident for \(waited): escalated to \(names.joined(separator: ", ")).",
            occurredAt: due.now, actor: Principal.daemon.name,
            data: [
                "step": .integer(step + 1), "steps": .integer(escalation.plan.steps.count),
                "policy": .string(due.policy), "endpoints": .array(names.map { .string($0) }),
                "begun_at": .string(escalation.begunAt.description),
            ], incident: NoticeIncident(incident, policy: policy))
    }
}
