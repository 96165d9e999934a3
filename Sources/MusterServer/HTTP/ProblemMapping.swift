import IncidentDomain
import Logging
import Postgres
import Synchronization

/// What a thrown error is to the caller, and whether it is to be logged: refusals and bad input are answers, faults are
/// ours. The one place where the three meet HTTP.
enum ProblemMapping {
    struct Mapped {
        let problem: Problem
        /// Nil for what is no fault of ours.
        let logLevel: Logger.Level?
    }

    static func problem(of error: any Error) -> Mapped {
        switch error {
        case let problem as Problem:
            return Mapped(problem: problem, logLevel: nil)
        case let refusal as IncidentRefusal:
            return Mapped(problem: Problem(refusal), logLevel: nil)
        case let error as PostgresError:
            return database(error)
        case is CancellationError:
            return Mapped(problem: .later(.unavailable, "The daemon is stopping.", seconds: 2), logLevel: nil)
        default:
            return internalError
        }
    }

    private static let internalError = Mapped(
        problem: Problem(.internalError, "Internal error. The log has the cause under this request id."),
        logLevel: .error)

    private static func database(_ error: PostgresError) -> Mapped {
        switch error {
        case .overloaded:
            later(.overloaded, "Too many requests wait for the database.")
        case .unavailable, .closed:
            later(.unavailable, "The database cannot be reached.")
        case .cancelled:
            Mapped(problem: .later(.unavailable, "The request was cancelled.", seconds: 1), logLevel: nil)
        case .connectionLost(let outcomeUnknown, _):
            later(.unavailable, "The connection to the database was lost\(outcome(outcomeUnknown))")
        case .deadlineExceeded(let outcomeUnknown):
            later(.deadlineExceeded, "The database did not answer in time\(outcome(outcomeUnknown))")
        case _ where error.isUnstorableText:
            // The edge refuses or cleans such texts; whatever came by another way is no fault of ours either.
            Mapped(
                problem: .invalid(
                    "", "has the character U+0000 in one of its texts, which cannot be stored; leave it out"),
                logLevel: nil)
        case .server(let error) where error.sqlState == "57014":
            later(.deadlineExceeded, "The database timed out. Nothing was changed.")
        case .server(let error) where error.isTransient:
            later(.unavailable, "The database is busy. Nothing was changed.")
        case .server, .invalidParameter, .decoding, .transactionFailed, .misconfigured, .migration, .embedded:
            internalError
        }
    }

    private static func later(_ kind: ProblemKind, _ detail: String) -> Mapped {
        Mapped(problem: .later(kind, detail, seconds: 1), logLevel: .warning)
    }

    private static func outcome(_ isUnknown: Bool) -> String {
        isUnknown ? "; whether the change was made is unknown." : ", and nothing was changed."
    }
}

/// A refusal whose page was made where it is known what somebody filled in. What it is of is logged as ever.
struct PagedRefusal: Error {
    let cause: any Error
    let page: Answer
}

extension Problem {
    /// A rule's no. The lead fills in what beside the sentence a caller can use.
    init(_ refusal: IncidentRefusal) {
        switch refusal {
        case .wrongPhase: self.init(.wrongPhase, refusal.description)
        case .requirementsUnmet: self.init(.requirementsUnmet, refusal.description)
        case .noSuchTransition: self.init(.noSuchTransition, refusal.description)
        case .gateClosed: self.init(.gateClosed, refusal.description)
        case .stepState: self.init(.stepState, refusal.description)
        case .mitigationState: self.init(.mitigationState, refusal.description)
        case .mergeRefused: self.init(.mergeRefused, refusal.description)
        case .reviewState: self.init(.reviewState, refusal.description)
        case .reviewUnfinished: self.init(.reviewUnfinished, refusal.description)
        case .approvalRequired: self.init(.approvalRequired, refusal.description)
        case .updateState: self.init(.updateState, refusal.description)
        case .notFound: self.init(.notFound, refusal.description)
        case .roleRequired(let role, _, _, _):
            self.init(.roleRequired, refusal.description, members: ["role": .string(role.rawValue)])
        case .badValue(let field, let detail): self = .invalid(field, detail)
        }
    }
}

/// Logs faults of requests, some a second: while the database is away every request fails for the same reason, and a
/// log that is flooded hides what it should show.
final class FaultLog: Sendable {
    private struct State {
        var second: Int64 = .min
        var logged = 0
        var suppressed = 0
    }

    private let logger: Logger
    private let linesPerSecondMax: Int
    private let start = ContinuousClock.now
    private let state = Mutex(State())

    init(logger: Logger, linesPerSecondMax: Int = 20) {
        self.logger = logger
        self.linesPerSecondMax = linesPerSecondMax
    }

    /// Logs the fault, unless this second has had its share; the next line then says how many were left out.
    func log(_ level: Logger.Level, _ metadata: Logger.Metadata) {
        guard let suppressed = admit(at: start.duration(to: .now).components.seconds) else { return }
        var metadata = metadata
        if suppressed > 0 { metadata["suppressed"] = .stringConvertible(suppressed) }
        logger.log(level: level, "request failed", metadata: metadata)
    }

    /// Whether this second still has room for a line that somebody else writes.
    func isDue() -> Bool {
        admit(at: start.duration(to: .now).components.seconds) != nil
    }

    /// How many lines were left out before this one; nil when this one is to be left out too.
    func admit(at second: Int64) -> Int? {
        state.withLock { state in
            if state.second != second {
                state.second = second
                state.logged = 0
            }
            guard state.logged < linesPerSecondMax else {
                state.suppressed += 1
                return nil
            }
            state.logged += 1
            defer { state.suppressed = 0 }
            return state.suppressed
        }
    }
}
