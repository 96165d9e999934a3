/// How `muster` ends. The numbers are a contract: scripts ask for them (docs/command-line.md has the table).
package enum Ending: Int32, CaseIterable, Sendable {
    case done = 0
    /// The rules said no: a requirement, a gate, a state.
    case refused = 1
    /// The command or one of its values was wrong.
    case usage = 2
    case notFound = 3
    /// No token, a wrong one, or one whose role is too low.
    case noAccess = 4
    /// Somebody changed it meanwhile.
    case conflict = 5
    /// No answer, or "not now"; nothing is known to be wrong with what was asked.
    case unreachable = 6
    /// The daemon failed, or answered what nobody understands.
    case broken = 7
    case interrupted = 130

    package var meaning: String {
        switch self {
        case .done: "done"
        case .refused: "refused by the rules: a requirement, a gate or a state is in the way"
        case .usage: "the command or one of its values is wrong"
        case .notFound: "there is no such thing"
        case .noAccess: "no token, a wrong one, or one whose role is too low"
        case .conflict: "somebody changed it meanwhile; look and try again"
        case .unreachable: "the daemon could not be reached or is overloaded; try again later"
        case .broken: "the daemon failed, or its answer cannot be understood"
        case .interrupted: "interrupted by Ctrl-C"
        }
    }
}

/// Why a command did not do what it was asked.
package struct Failure: Error, CustomStringConvertible, Sendable {
    package let ending: Ending
    /// One or more lines, safe to print.
    package let description: String
    /// What the daemon answered, for `-o json`.
    package let problem: JSON

    package init(_ ending: Ending, _ description: String, problem: JSON = .null) {
        self.ending = ending
        self.description = description
        self.problem = problem
    }
}

extension Failure {
    /// A problem document (RFC 9457) as the daemon writes it, with what helps: the wrong values, what is missing, and the commands.
    package init(status: Int, problem: JSON) {
        var lines = [SafeText.line(problem["detail"].text ?? "The daemon answered \(status).")]
        let errors = problem["errors"].items
        if errors.count > 1 {
            lines += errors.prefix(20).map { error in
                let place = error["pointer"].text ?? ""
                let line = error["line"].int.map { " (line \($0))" } ?? ""
                return "  \(SafeText.line(place.isEmpty ? "body" : place))\(line): "
                    + SafeText.line(error["detail"].text ?? "")
            }
        }
        let helps = Self.helps(problem)
        if !helps.isEmpty { lines += ["Next:"] + helps.prefix(12).map { "  \($0)" } }
        let type = problem["type"].text ?? ""
        if type.hasSuffix("/unauthenticated") { lines.append("Next:\n  muster login") }
        self.init(
            Self.ending(status: status, type: type), lines.joined(separator: "\n"), problem: problem)
    }

    /// The commands that would change the answer, each once.
    private static func helps(_ problem: JSON) -> [String] {
        var calls = problem["how"].items
        for unmet in problem["unmet"].items { calls += [unmet["how"]] + unmet["alternatives"].items }
        if problem["how"].items.isEmpty { calls += problem["waits_for"].items.map { $0["how"] } }
        var seen: Set<String> = []
        return calls.compactMap { Hint.command(for: $0) }.filter { seen.insert($0).inserted }
    }

    package static func ending(status: Int, type: String) -> Ending {
        switch status {
        case 401, 403: type.hasSuffix("/own-token") ? .refused : .noAccess
        case 404: .notFound
        case 409 where type.hasSuffix("/idempotency-in-flight"): .unreachable
        case 409: type.contains("/idempotency-") ? .conflict : .refused
        case 412, 428: .conflict
        case 408, 429, 502, 503, 504: .unreachable
        case 501: .refused
        case 400..<500: .usage
        default: .broken
        }
    }
}
