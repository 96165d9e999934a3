import FoundationEssentials
import HTTPTypes
import IncidentDomain
import Logging
import Metrics

/// Takes in what tools send, by whatever door: who sends, whether the signature holds, what the message says. What nobody
/// understands is kept as a dead letter, and its sender hears why.
struct IngressDesk: Sendable {
    let sources: SourceCache
    let rules: RuleBook
    let intake: AlertIntake
    let changes: ChangeStore
    let deadLetters: DeadLetterStore
    let logger: Logger
    private let warnings = DeadLetterWarnings()

    init(
        sources: SourceCache, rules: RuleBook, intake: AlertIntake, changes: ChangeStore, deadLetters: DeadLetterStore,
        logger: Logger
    ) {
        self.sources = sources
        self.rules = rules
        self.intake = intake
        self.changes = changes
        self.deadLetters = deadLetters
        self.logger = logger
    }

    /// The source of a key; nil when no source has it.
    func source(key: String) async throws -> Source? {
        guard (1...200).contains(key.utf8.count) else { return nil }
        return try await sources.source(key: key)
    }

    /// Reads a message and stores what it says; returns after the commit.
    ///
    /// - Parameter changed: Lets the door put in what only it knows, before anything is stored.
    /// - Throws: `Problem`: `signatureInvalid`; what is wrong with the message, which is then kept; `overloaded`.
    @discardableResult
    func take(
        _ request: ForeignRequest, by entry: IngressEntry, from source: Source, key: String,
        changed: (inout IncomingMessage) -> Void = { _ in }
    ) async throws -> IncomingMessage {
        try source.signature?.check(request, sourceKey: key)
        var message: IncomingMessage
        do throws(Problem) {
            message = try entry.read(request, of: source)
        } catch {
            throw try await kept(error, request, by: entry, of: source)
        }
        changed(&message)
        try await store(message, from: source)
        return message
    }

    func store(_ message: IncomingMessage, from source: Source) async throws {
        var message = message
        try await rules.apply(&message, source: source)
        try await intake.take(message, from: source.id)
        if !message.changes.isEmpty { try await changes.insert(message.changes, from: source.id) }
        if let url = message.confirmationURL { try await sources.store.setConfirmation(url, of: source.id) }
    }

    /// The problem, with the place where the message is kept.
    func kept(
        _ problem: Problem, _ request: ForeignRequest, by entry: IngressEntry, of source: Source
    ) async throws -> Problem {
        let id = try await deadLetters.insert(
            request, headers: Self.keptHeaders(of: request), by: entry, of: source.id, reason: problem.detail)
        Counter(label: "muster_dead_letters", dimensions: [("kind", source.kind.rawValue)]).increment()
        var problem = problem
        problem.members["dead_letter"] = .string(id.uuidString.lowercased())
        if warnings.isDue(source.id) {
            logger.warning(
                "a message was not understood and is kept as a dead letter",
                metadata: [
                    "source": .string(source.name), "kind": .string(source.kind.rawValue),
                    "dead_letter": .string(id.uuidString.lowercased()), "reason": .string(problem.detail),
                ])
        }
        return problem
    }

    /// Header fields that say how a body is to be read. No others are kept, as they may hold secrets.
    private static func keptHeaders(of request: ForeignRequest) -> JSONObject {
        var kept = JSONObject()
        for field in request.headers {
            let name = field.name.canonicalName
            guard ["content-type", "content-encoding", "user-agent"].contains(name) || name.hasPrefix("ce-") else {
                continue
            }
            kept[name] = .string(AlertName.cut(field.value.replacing("\0", with: "\u{FFFD}"), to: 1_000))
        }
        return kept
    }
}
