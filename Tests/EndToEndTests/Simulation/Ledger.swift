import Synchronization

/// What the clients were told about each of their commands.
///
/// A command's `occurred_at` is its mark: no two have the same, and every timeline entry carries it.
final class Ledger: Sendable {
    enum Outcome: Sendable {
        /// - Parameter isFirst: Whether the first attempt was answered, so that the version is the one it made.
        case accepted(incident: Int, version: Int, isFirst: Bool)
        case refused(status: Int)
        /// The answer was lost, and the command could not be repeated.
        case unknown
    }

    struct Entry: Sendable {
        let command: RandomCommand
        let client: String
        let outcome: Outcome
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var incidents: [Int] = []
        var marks = 0
        var attempts = 0
    }

    private let state = Mutex(State())
    /// Milliseconds since 1970 of the first mark.
    private let firstMark: Int
    /// Tells how many commands have an outcome.
    let progress: AsyncStream<Int>
    private let progressed: AsyncStream<Int>.Continuation

    init(firstMark: Int) {
        self.firstMark = firstMark
        (progress, progressed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func newMark() -> String {
        let count = state.withLock { state in
            state.marks += 1
            return state.marks
        }
        return Moment.text(milliseconds: firstMark + count)
    }

    func record(_ command: RandomCommand, mark: String, client: String, _ outcome: Outcome) {
        let count = state.withLock { state in
            state.entries[mark] = Entry(command: command, client: client, outcome: outcome)
            if case .accepted(let incident, _, _) = outcome, command.appends == "incident_opened" {
                state.incidents.append(incident)
            }
            return state.entries.count
        }
        progressed.yield(count)
    }

    /// The clients are done.
    func finish() {
        progressed.finish()
    }

    var incidents: [Int] { state.withLock { $0.incidents } }
    var entries: [String: Entry] { state.withLock { $0.entries } }
}
