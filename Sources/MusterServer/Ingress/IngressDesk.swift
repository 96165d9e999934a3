import FoundationEssentials
import HTTPTypes
import IncidentDomain
import Logging
import Metrics
import NIOCore
import Synchronization

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
        var foreign = request.foreign()
        if request.head.method != .get { try source.signature?.check(foreign, sourceKey: key) }
        let isKeyHidden = foreign.hide(key: key)
        return Caller(source: source, request: foreign, isKeyHidden: isKeyHidden)
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

        /// Whether the key stood in the message.
        let isKeyHidden: Bool

        fileprivate init(source: Source, request: ForeignRequest, isKeyHidden: Bool) {
            (self.source, self.request, self.isKeyHidden) = (source, request, isKeyHidden)
        }
    }

    /// Reads a message and stores what it says; returns after the commit.
    ///
    /// - Parameter changed: Lets the door put in what only it knows, before anything is stored.
    /// - Throws: `Problem`: what is wrong with the message, which is then kept; `overloaded`. Where only a part of it is wrong,
    ///   the rest is stored, and the member `accepted` says how much that was.
    @discardableResult
    func receive(
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
        problem.remark("The other alerts were stored (\(message.alerts.count)).")
        problem.members["accepted"] = .integer(message.alerts.count)
        throw try await kept(problem, rest, by: entry, of: source)
    }

    private static func withoutAlert(_ kind: SourceKind) -> Counter {
        Counter(label: "muster_messages_without_alert", dimensions: [("kind", kind.rawValue)])
    }

    func store(_ message: IncomingMessage, from source: Source) async throws {
        var message = message
        try await rules.apply(&message, source: source)
        try await intake.accept(message, from: source.id)
        if !message.changes.isEmpty { try await changes.insert(message.changes, from: source.id) }
        if let url = message.confirmationURL { try await sources.store.setConfirmation(url, of: source.id) }
    }

    /// Tells operators of a message that is not kept.
    func warnOfUnkept(_ problem: Problem, from source: Source) {
        guard warnings.isDue(source.id) else { return }
        logger.warning(
            "rejected a message before its signature could be checked; it is not kept",
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
        problem.members["dead_letter"] = .string(id.text)
        if warnings.isDue(source.id) {
            logger.warning(
                "cannot read a message; it is kept as a dead letter",
                metadata: [
                    "source": .string(source.name), "kind": .string(source.kind.rawValue),
                    "dead_letter": .string(id.text), "reason": .string(problem.detail),
                ])
        }
        return problem
    }

    private static let kept: Set<String> = [
        "content-type", "user-agent", "sentry-hook-resource", MessageTrail.header,
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
            kept[name] = .string(ForeignText.cut(field.value.replacing("\0", with: "\u{FFFD}"), scalars: 1_000))
        }
        return kept
    }
}

/// By which door a message came: the door says who reads it. Kept with a dead letter, so that it can be read once more.
enum IngressEntry: String, CaseIterable, Sendable {
    /// The source's own kind reads it.
    case hook = "/hooks"
    case pagerDutyEvent = "/v2/enqueue"
    case pagerDutyChange = "/v2/change/enqueue"
    case opsgenieAlert = "/v2/alerts"
    case prometheusAlerts = "/api/v2/alerts"

    /// - Throws: `Problem` when the message is not of the door's format.
    func read(_ request: ForeignRequest, of source: Source) throws(Problem) -> IncomingMessage {
        if let problem = request.queryProblem { throw problem }
        var message = try understood(request, of: source)
        // What opens an incident here knows where it came from when that incident is told elsewhere.
        let trail = MessageTrail(request.headers[.musterVia])
        for index in message.alerts.indices {
            message.alerts[index].labels = trail.added(to: message.alerts[index].labels)
        }
        return message
    }

    private func understood(_ request: ForeignRequest, of source: Source) throws(Problem) -> IncomingMessage {
        switch self {
        case .hook:
            if let mapping = source.mapping { return try mapping.read(request) }
            return try source.kind.format.read(request)
        case .pagerDutyEvent: return try PagerDutyFormat.read(request)
        case .pagerDutyChange: return try PagerDutyFormat.readChange(request)
        case .opsgenieAlert: return try OpsgenieFormat.read(request)
        case .prometheusAlerts: return try PrometheusFormat.read(request)
        }
    }
}

// MARK: - Doors

extension Route {
    /// A door of other tools whose senders are known by a key in the head: only a source's message is received whole, and one
    /// that is too large or cannot be read leaves its beginning as a dead letter.
    ///
    /// - Parameters:
    ///   - entry: Who reads the messages of this door; nil where they say nothing about alerts, and no letter is kept.
    ///   - key: The key that the head names.
    func asDoor(
        _ desk: IngressDesk, _ entry: IngressEntry?,
        key: @escaping @Sendable (RequestContext) throws(Problem) -> String?
    ) -> Route {
        var route = self
        route.door = Door(
            knowsSender: { request in
                guard let key = try key(request) else { return false }
                return try await desk.sender(key: key) != nil
            },
            refuse: { request, refused in
                guard let entry, let key = try key(request), let source = try await desk.sender(key: key) else {
                    return JSONObject()
                }
                return try await desk.refuse(request, refused, by: entry, from: source)
            })
        return route
    }
}

extension IngressDesk {
    /// Tells operators of a message that no format was asked about, and keeps its beginning. The sender gets a no, and most send
    /// the same again and again: whatever of it came this time, it is one letter.
    ///
    /// - Returns: `dead_letter`, for the refusal; nothing where the source signs, as this message is not known to be its own.
    func refuse(
        _ request: RequestContext, _ refused: Route.Refused, by entry: IngressEntry, from source: Source
    ) async throws -> JSONObject {
        let isTooLarge = refused.problem.kind == .bodyTooLarge
        if isTooLarge {
            Counter(label: "muster_ingress_too_large", dimensions: [("kind", source.kind.rawValue)]).increment()
        }
        // Whoever knows the address of a source that signs could push the letters out that it has signed.
        guard source.signature == nil else {
            warnOfUnkept(refused.problem, from: source)
            return JSONObject()
        }
        let announced = request.head.headerFields[.contentLength].flatMap { Int($0) }
        let arrived = request.body.readableBytes
        let isWhole = announced.map { $0 <= arrived } ?? (arrived <= DeadLetterStore.bodyBytesMax)
        var letter = request.foreign()
        var form = DeadLetterStore.Form(isCoded: refused.inflated == nil)
        if let inflated = refused.inflated {
            letter.body = inflated.body
            form.hash = OpenSSL.sha256(request.body.readableBytesView)
            form.bodyBytes = inflated.inflatedBytes
        } else if !isWhole {
            // How much of it came before it was refused is chance.
            let name =
                announced.map { Array("\($0) bytes".utf8) }
                ?? Array(request.body.readableBytesView.prefix(DeadLetterStore.bodyBytesMax))
            form.hash = OpenSSL.sha256(Array("\(refused.problem.kind.rawValue) ".utf8) + name)
            form.bodyBytes = announced
        }
        var problem = refused.problem
        if isTooLarge, refused.inflated == nil {
            let size = announced.map { " of \($0) bytes" } ?? ""
            problem.detail = "A body\(size) exceeds ingress.body_max_bytes; its first 64 KiB are kept."
        } else if isTooLarge {
            problem.remark("Its first 64 KiB are kept, decompressed.")
        }
        return try await kept(problem, letter, by: entry, of: source, as: form).members
    }
}

/// One line in the log for each source and minute: a tool whose messages are wrong sends them on and on.
final class DeadLetterWarnings: Sendable {
    private static let sourcesMax = 1_000
    private static let interval: Duration = .seconds(60)
    private let last = Mutex<[UUID: ContinuousClock.Instant]>([:])

    func isDue(_ source: UUID) -> Bool {
        let now = ContinuousClock.now
        return last.withLock { last in
            if let earlier = last[source], earlier.duration(to: now) < Self.interval { return false }
            if last.count >= Self.sourcesMax { last.removeAll() }
            last[source] = now
            return true
        }
    }
}
