import FoundationEssentials
import HTTPTypes
import IncidentDomain
import NIOCore

/// What the forms of pages do: each is carried out as the call of the API that it stands for, by the same handler, with the rights of
/// whoever is signed in. What the API refuses is shown as a page, with the form as it was filled in.
struct RoomCallRoutes: Sendable {
    let door: RoomDoor
    /// The calls that there are forms for.
    let calls: RouteTable
    let desk: IncidentDesk
    let reader: TimelineReader
    let reviews: ReviewDesk

    private let byOperation: [String: BoundRoute]

    /// How often a decision is put again because alerts changed the incident at the same moment.
    private static let attemptsMax = 20
    /// How long it waits at most before it is put again.
    private static let pauseMillisecondsMax = 50
    /// So many entries of others are looked at and shown.
    private static let meanwhileMax = 50

    init(door: RoomDoor, calls: RouteTable, desk: IncidentDesk, reader: TimelineReader, reviews: ReviewDesk) {
        (self.door, self.calls, self.desk, self.reader, self.reviews) = (door, calls, desk, reader, reviews)
        byOperation = Dictionary(uniqueKeysWithValues: calls.routes.map { ($0.route.operation, $0) })
    }

    var routes: [Route] {
        [
            door.form("/incidents/{id}/calls/{operation}", "callOnIncident") { request, session, fields in
                try await carryOut(request, session, fields, on: try request.incidentNumber())
            },
            door.form("/calls/{operation}", "callFromPage") { request, session, fields in
                try await carryOut(request, session, fields, on: nil)
            },
            // Where a browser stands after a refusal, and loads the page again.
            door.page(
                "/incidents/{id}/calls/{operation}", "leaveCallOnIncident", to: { "/incidents/\($0.parameter("id"))" }),
            door.page("/calls/{operation}", "leaveCall", to: { _ in "/" }),
        ]
    }

    /// One form that was sent.
    private struct Post {
        let call: RoomCall
        let bound: BoundRoute
        let request: RequestContext
        let session: Session
        let fields: FormFields
        let number: Int?
        /// The same however often the form is sent.
        let commandID: UUID
    }

    private func carryOut(
        _ request: RequestContext, _ session: Session, _ fields: FormFields, on number: Int?
    ) async throws -> Answer {
        let operation = request.parameter("operation")
        guard let call = RoomCall.named(operation), let bound = byOperation[operation],
            number != nil || !Self.isOfIncident(bound)
        else { throw Problem.notFound("The form \(operation)") }
        let post = Post(
            call: call, bound: bound, request: request, session: session, fields: fields, number: number,
            commandID: Self.commandID(operation, number, session, fields, call))
        do {
            if let question = try await question(post) { return question }
            let answer = try await carryOut(post)
            return RoomDoor.goingOn(to: Self.target(answer, post))
        } catch {
            let meanwhile = error as? Meanwhile
            let cause = meanwhile?.problem ?? error
            let mapped = ProblemMapping.problem(of: cause)
            // What was not answered may have been carried out: the same form again is the same command.
            let isUnsure = [.overloaded, .unavailable, .deadlineExceeded].contains(mapped.problem.kind)
            guard mapped.logLevel == nil || isUnsure, AcceptedType.wantsPage(request.head.headerFields[.accept]) else {
                throw cause
            }
            let page = try await refusal(mapped.problem, post, meanwhile, isUnsure: isUnsure)
            guard mapped.logLevel != nil else { return page }
            throw PagedRefusal(cause: cause, page: page)
        }
    }

    /// Where the browser goes on: to what was made, else to where the form was.
    private static func target(_ answer: Answer, _ post: Post) -> String {
        if post.call.operation == "openIncident", let location = answer.headers[.location], location.hasPrefix("/v1/") {
            return String(location.dropFirst(3))
        }
        return PageTarget.safe(post.fields["page"] ?? post.number.map { "/incidents/\($0)" })
    }

    /// A form that is sent twice, as by a finger that trembles, is one command.
    private static func commandID(
        _ operation: String, _ number: Int?, _ session: Session, _ fields: FormFields, _ call: RoomCall
    ) -> UUID {
        guard let once = fields["once"] else { return .random() }
        var text: [UInt8] = []
        let values = call.fields.map { fields[$0.name] ?? "" }
        for part in ["room", session.principal.id, operation, number.map(String.init) ?? "", once] + values {
            text.append(contentsOf: part.utf8)
            text.append(0)
        }
        return .named(by: OpenSSL.sha256(text))
    }

    private static func isOfIncident(_ bound: BoundRoute) -> Bool {
        bound.route.path.hasPrefix("/v1/incidents/{id}")
    }

    // MARK: The call

    private func carryOut(_ post: Post) async throws -> Answer {
        let principal = post.session.principal
        if let role = post.bound.route.role, principal.role < role {
            throw Problem(
                .roleRequired, "Requires role \(role.rawValue); your token has \(principal.role.rawValue).",
                members: ["role": .string(role.rawValue)])
        }
        for attempt in 1... {
            let version = try await version(of: post)
            do {
                return try await post.bound.route.carryOut(try context(post, version))
            } catch let problem as Problem where problem.kind == .versionMismatch && attempt < Self.attemptsMax {
                // Nothing is waited for that could be awaited: whoever changed the incident has committed. Two that try again at the
                // same moment would meet again, so each waits a time of its own; a second at most in all attempts.
                try await Task.sleep(for: .milliseconds(Int.random(in: 1...Self.pauseMillisecondsMax)))
            }
        }
        preconditionFailure("the loop above ends by its last attempt")
    }

    /// People changed the incident since the page was made on which something was decided.
    private struct Meanwhile: Error {
        var entries: [TimelineEntry] = []
        /// What a section says by now that somebody wrote from something else.
        var section: String?

        var problem: Problem {
            Problem(
                .versionMismatch, "Somebody changed the incident since this page was made. Look at it, and send again.")
        }
    }

    /// The version on which it is to be done; nil for whatever it is by then. What alerts and the daemon did meanwhile makes no decision of a
    /// person void.
    private func version(of post: Post) async throws -> Int? {
        if post.call.operation == "reviseReview" { return try await versionOfReview(post) }
        guard post.call.isDecision, let number = post.number, let shown = post.fields["version"].flatMap({ Int($0) }),
            shown >= 0
        else { return nil }
        // First the version, and then who made it: what comes between is found by the version.
        let version = try await desk.current(number).incident.version
        let others = try await reader.byPeople(of: number, after: shown, limit: Self.meanwhileMax)
        guard others.isEmpty else {
            // The first of two of the same form has been carried out: the second gets its outcome.
            if try await reader.isCarriedOut(post.commandID, on: number) { return nil }
            throw Meanwhile(entries: others)
        }
        return version
    }

    /// Any number of people write sections at once; who replaces one is to have seen what it said.
    private func versionOfReview(_ post: Post) async throws -> Int? {
        guard let number = post.number, let shown = post.fields[ReviewEditPage.shownField] else { return nil }
        let read = try await reviews.readShared(number)
        guard let section = read.document.shownSections.first(where: { $0.0.id == post.fields["section"] })?.0,
            // What comes from the timeline changes by itself, and is nobody's work.
            !section.generated, !section.needsPerson, ReviewEditPage.digest(of: section) != shown
        else { return read.incident.version }
        if try await reader.isCarriedOut(post.commandID, on: number) { return nil }
        throw Meanwhile(section: ReviewEditPage.text(of: section))
    }

    /// What cannot be taken back is asked once more, beside what it is about.
    private func question(_ post: Post) async throws -> Answer? {
        guard post.call.operation == "redactTimelineEntry", let number = post.number,
            let sequence = post.fields["sequence"].flatMap({ Int($0) }), post.fields["confirmed"] != String(sequence),
            AcceptedType.wantsPage(post.request.head.headerFields[.accept]),
            post.session.principal.role >= .responder,
            let entry = try await reader.page(of: number, after: sequence - 1, limit: 1).first,
            entry.recorded.sequence == sequence
        else { return nil }
        let incident = try await desk.current(number).incident
        let page = RefusalPage(
            redacting: entry, RoomFrame(post.session, version: incident.version), incident, post.call, post.fields,
            back: Self.target(Answer(.ok), post))
        return RoomDoor.answer(Pages.shared.render(page))
    }

    /// The request that a script would send.
    private func context(_ post: Post, _ version: Int?) throws(Problem) -> RequestContext {
        let route = post.bound.route
        let captured = post.bound.captureNames.map { name -> String in
            guard name == "id" else { return post.fields[name] ?? "" }
            let isOfIncident = Self.isOfIncident(post.bound)
            return (isOfIncident ? post.number.map(String.init) : post.fields[RoomCall.alertField]) ?? ""
        }
        if let missing = zip(post.bound.captureNames, captured).first(where: { $0.1.isEmpty }) {
            throw .invalid("/\(missing.0)", "is required")
        }
        let body = post.call.body(post.fields, without: post.bound.captureNames, now: post.request.clock.now)
        var fields: HTTPFields = [.idempotencyKey: post.commandID.text]
        if route.isConditional { fields[.ifMatch] = version.map(EntityTag.text) ?? "*" }
        return RequestContext(
            head: RequestHead(method: route.method, path: route.path, headerFields: RequestFields(fields)),
            target: RequestTarget(), bound: post.bound, principal: post.session.principal,
            requestID: post.request.requestID, trace: post.request.trace, commandID: post.commandID,
            body: route.body == .none ? ByteBuffer() : ByteBuffer(bytes: body.bytes), captured: captured,
            baseLogger: post.request.baseLogger, clock: post.request.clock)
    }

    // MARK: What is refused

    private func refusal(
        _ problem: Problem, _ post: Post, _ meanwhile: Meanwhile?, isUnsure: Bool
    ) async throws -> Answer {
        var incident: Incident?
        if let number = post.number, !isUnsure { incident = try? await desk.current(number).incident }
        let frame = RoomFrame(post.session, version: incident?.version ?? 0)
        var kept: [String: String] = [:]
        if isUnsure { kept["once"] = post.fields["once"] }
        if let section = meanwhile?.section { kept[ReviewEditPage.shownField] = ReviewEditPage.digest(of: section) }
        let page = RefusalPage(
            problem, frame, incident, post.call, post.fields, number: post.number, captures: post.bound.captureNames,
            kept: kept, meanwhile: meanwhile?.entries ?? [], current: meanwhile?.section,
            back: Self.target(Answer(.ok), post), calls: calls, now: post.request.clock.now)
        // Texts of people may be long, and this is an event loop.
        let html = try await WorkerPool.run { Pages.shared.render(page) }
        return RoomDoor.answer(html, of: problem)
    }
}

/// What all pages of somebody who is signed in have: who it is, and what every form sends.
struct RoomFrame: Sendable {
    let user: String
    let role: String
    /// Whether there are forms at all.
    let canAct: Bool
    let formCode: String
    let once: String
    let version: Int
    /// Every kind of event, for the script that follows the stream.
    let kinds: String

    private static let allKinds = IncidentEvent.types.map { $0.kind }.joined(separator: " ")

    init(_ session: Session, version: Int) {
        user = session.principal.name
        role = session.principal.role.rawValue
        canAct = session.principal.role >= .responder
        formCode = session.formCode
        kinds = Self.allKinds
        once = UUID.random().text
        self.version = version
    }
}

/// What was refused, why, and what would help; with the form as it was filled in: `Pages/Templates/roomrefusal.mustache`.
struct RefusalPage: Sendable {
    struct Unmet: Sendable {
        let detail: String
        let remedies: [RoomRemedy]
    }

    let frame: RoomFrame
    let title: String
    let heading: String
    let detail: String
    let errors: [String]
    let hasErrors: Bool
    let meanwhile: [RoomEntry]
    let hasMeanwhile: Bool
    let meanwhileHeading: String
    /// What a section says by now.
    let current: String?
    let unmet: [Unmet]
    let hasUnmet: Bool
    let remedies: [RoomRemedy]
    let hasRemedies: Bool
    /// Nil where sending it again would be refused again.
    let again: RoomForm?
    let back: String

    private static let remediesMax = 20

    init(
        _ problem: Problem, _ frame: RoomFrame, _ incident: Incident?, _ call: RoomCall, _ fields: FormFields,
        number known: Int?, captures: [String], kept: [String: String], meanwhile: [TimelineEntry], current: String?,
        back: String, calls: RouteTable, now: Timestamp
    ) {
        self.frame = frame
        title = incident.map { "INC-\($0.number): \($0.title)" } ?? "Muster"
        heading = problem.kind.title
        detail = problem.detail
        errors = problem.errors.count < 2 ? [] : problem.errors.map { "\($0.pointer.dropFirst()): \($0.detail)" }
        hasErrors = !errors.isEmpty
        self.meanwhile = meanwhile.map { RoomEntry($0, marks: EntryMarks([])) }
        hasMeanwhile = !meanwhile.isEmpty
        meanwhileHeading = "What happened meanwhile"
        self.current = current
        let number = incident?.number ?? 0
        let items = { (name: String) in problem.lists.first { $0.name == name }?.items ?? [] }
        unmet = items("unmet").compactMap { $0 as? RequirementHint }.enumerated().map { place, hint in
            Unmet(hint, calls, number, id: "unmet\(place)")
        }
        hasUnmet = !unmet.isEmpty
        remedies = items("how").compactMap { $0 as? SuggestedCall }.flatMap(\.bySection).prefix(Self.remediesMax)
            .enumerated().map {
                RoomRemedy($1, calls, of: number, id: "how\($0)")
            }
        hasRemedies = !remedies.isEmpty
        self.back = back
        let values = call.fields.compactMap { field in
            fields[field.name].map { (field.name, field.standing($0, now: now)) }
        }
        var hidden = kept
        for (name, value) in values where (captures + [RoomCall.alertField, "section"]).contains(name) {
            hidden[name] = value
        }
        hidden["page"] = back
        hidden["prefilled"] = fields["prefilled"]
        let path = known.map { "/incidents/\($0)" } ?? ""
        again =
            problem.kind == .roleRequired && !frame.canAct
            ? nil
            : RoomForm(
                call, id: "again", on: path, fixed: hidden, values: Dictionary(uniqueKeysWithValues: values),
                button: "Send again")
    }

    /// Asks whether an entry is to be redacted, and shows it.
    init(
        redacting entry: TimelineEntry, _ frame: RoomFrame, _ incident: Incident, _ call: RoomCall,
        _ fields: FormFields, back: String
    ) {
        self.frame = frame
        title = "INC-\(incident.number): \(incident.title)"
        heading = "Redact this entry for good?"
        detail =
            "Its text is removed for ever, from the timeline and from what was made of it. To say that it is wrong, strike it out."
        (errors, hasErrors, unmet, hasUnmet, remedies, hasRemedies) = ([], false, [], false, [], false)
        meanwhile = [RoomEntry(entry, marks: EntryMarks([]))]
        (hasMeanwhile, meanwhileHeading, current) = (true, "The entry", nil)
        self.back = back
        let sequence = String(entry.recorded.sequence)
        again = RoomForm(
            call, id: "again", on: "/incidents/\(incident.number)",
            fixed: ["sequence": sequence, "confirmed": sequence, "page": back],
            values: ["reason": fields["reason"] ?? ""], button: "Redact it for good")
    }
}

extension SuggestedCall {
    /// The same for each of its sections: a form has one.
    fileprivate var bySection: [SuggestedCall] {
        guard let sections = body?["sections"]?.array, sections.count > 1 else { return [self] }
        return sections.map { section in
            var call = self
            call.body = ["sections": .array([section])]
            return call
        }
    }
}

extension RefusalPage.Unmet {
    init(_ hint: RequirementHint, _ calls: RouteTable, _ number: Int, id: String) {
        detail = Problem.sentence(hint.unmet.detail).capitalizingFirst
        remedies = ([hint.how] + hint.alternatives).enumerated().map {
            RoomRemedy($1, calls, of: number, id: "\(id)-\($0)")
        }
    }
}

extension String {
    /// The same as the beginning of a sentence.
    var capitalizingFirst: String { prefix(1).uppercased() + dropFirst() }
}
