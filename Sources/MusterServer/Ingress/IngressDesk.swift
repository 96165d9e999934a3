import FoundationEssentials
import HTTPTypes
import IncidentDomain
import Logging
import Metrics
import NIOCore

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

    /// Who calls a foreign door: the one way to a source by its key, and the one place where signatures are checked. Whatever
    /// changes something has to be signed where the source signs; reading does not.
    ///
    /// - Returns: Nil when no source has this key.
    /// - Throws: `Problem` `signatureInvalid`.
    func caller(_ request: RequestContext, key: String) async throws -> Caller? {
        guard let source = try await sender(key: key) else { return nil }
        let foreign = request.foreign()
        if request.head.method != .get { try source.signature?.check(foreign, sourceKey: key) }
        return Caller(source: source, request: foreign)
    }

    /// Whose key it is, before the body is here that could be signed. Nothing that it says may be stored by this alone.
    func sender(key: String) async throws -> Source? {
        guard (1...200).contains(key.utf8.count) else { return nil }
        return try await sources.source(key: key)
    }

    /// A source that has shown its key, and its signature if it has one, with what it sent. Only the desk makes one.
    struct Caller: Sendable {
        let source: Source
        var request: ForeignRequest

        fileprivate init(source: Source, request: ForeignRequest) {
            (self.source, self.request) = (source, request)
        }
    }

    /// Reads a message and stores what it says; returns after the commit.
    ///
    /// - Parameter changed: Lets the door put in what only it knows, before anything is stored.
    /// - Throws: `Problem`: what is wrong with the message, which is then kept; `overloaded`. Where only a part of it is wrong,
    ///   the rest is stored, and the member `accepted` says how much that was.
    @discardableResult
    func take(
        _ caller: Caller, by entry: IngressEntry, changed: (inout IncomingMessage) -> Void = { _ in }
    ) async throws -> IncomingMessage {
        let source = caller.source
        var message: IncomingMessage
        do throws(Problem) {
            message = try entry.read(caller.request, of: source)
        } catch {
            throw try await kept(error, caller.request, by: entry, of: source)
        }
        changed(&message)
        try await store(message, from: source)
        if message.saysNothing { Self.withoutAlert(source.kind).increment() }
        guard let refused = message.refused else { return message }
        var rest = caller.request
        rest.body = ByteBuffer(bytes: refused.rest.bytes)
        var problem = Problem.invalid(refused.errors)
        problem.remark("Everything else was stored (\(message.alerts.count)).")
        problem.members["accepted"] = .integer(message.alerts.count)
        throw try await kept(problem, rest, by: entry, of: source)
    }

    private static func withoutAlert(_ kind: SourceKind) -> Counter {
        Counter(label: "muster_messages_without_alert", dimensions: [("kind", kind.rawValue)])
    }

    func store(_ message: IncomingMessage, from source: Source) async throws {
        var message = message
        try await rules.apply(&message, source: source)
        try await intake.take(message, from: source.id)
        if !message.changes.isEmpty { try await changes.insert(message.changes, from: source.id) }
        if let url = message.confirmationURL { try await sources.store.setConfirmation(url, of: source.id) }
    }

    /// Tells operators of a message that is not kept.
    func warnOfUnkept(_ problem: Problem, from source: Source) {
        guard warnings.isDue(source.id) else { return }
        logger.warning(
            "a message was refused before its signature could be checked, and is not kept",
            metadata: [
                "source": .string(source.name), "kind": .string(source.kind.rawValue),
                "reason": .string(problem.detail),
            ])
    }

    /// The problem, with the place where the message is kept.
    func kept(
        _ problem: Problem, _ request: ForeignRequest, by entry: IngressEntry, of source: Source,
        as form: DeadLetterStore.Form = DeadLetterStore.Form()
    ) async throws -> Problem {
        let id = try await deadLetters.insert(
            request, headers: Self.keptHeaders(of: request, isCoded: form.isCoded), by: entry, of: source.id,
            reason: problem.detail, as: form)
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

    private static let kept: Set<String> = [
        "content-type", "user-agent", "sentry-hook-resource",
    ]

    /// Header fields that say how a body is to be read. No others are kept, as they may hold secrets.
    ///
    /// - Parameter isCoded: Whether the body still has its content coding.
    private static func keptHeaders(of request: ForeignRequest, isCoded: Bool) -> JSONObject {
        var kept = JSONObject()
        for field in request.headers {
            let name = field.name.canonicalName
            guard Self.kept.contains(name) || name.hasPrefix("ce-") || isCoded && name == "content-encoding" else {
                continue
            }
            kept[name] = .string(AlertName.cut(field.value.replacing("\0", with: "\u{FFFD}"), to: 1_000))
        }
        return kept
    }
}
