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

    private let byOperation: [String: BoundRoute]

    /// How often a decision is put again because alerts changed the incident at the same moment.
    private static let attemptsMax = 4
    /// So many entries of others are looked at and shown.
    private static let meanwhileMax = 50

    init(door: RoomDoor, calls: RouteTable, desk: IncidentDesk, reader: TimelineReader) {
        (self.door, self.calls, self.desk, self.reader) = (door, calls, desk, reader)
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
            let answer = try await carryOut(post)
            if call.showsAnswer { return try made(answer, post) }
            return RoomDoor.goingOn(to: Self.target(answer, post))
        } catch {
            let mapped = ProblemMapping.problem(of: (error as? Meanwhile)?.problem ?? error)
            guard mapped.logLevel == nil, AcceptedType.wantsPage(request.head.headerFields[.accept]) else {
                throw (error as? Meanwhile)?.problem ?? error
            }
            return try await refusal(mapped.problem, post, meanwhile: (error as? Meanwhile)?.entries ?? [])
        }
    }

    /// Where the browser goes on: to what was made, else to where the form was.
    private static func target(_ answer: Answer, _ post: Post) -> String {
        if post.call.operation == "openIncident", let location = answer.headers[.location], location.hasPrefix("/v1/") {
            return String(location.dropFirst(3))
        }
        return PageTarget.safe(post.fields["page"] ?? post.number.map { "/incidents/\($0)" })
    }

    /// What the API answered, for what it says once only.
    private func made(_ answer: Answer, _ post: Post) throws -> Answer {
        let page = RoomMadePage(
            try answer.json, post.call, RoomFrame(post.session, version: 0), back: Self.target(answer, post))
        return RoomDoor.answer(Pages.shared.render(page))
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
                continue
            }
        }
        preconditionFailure("the loop above ends by its last attempt")
    }

    /// People changed the incident since the page was made on which something was decided.
    private struct Meanwhile: Error {
        let entries: [TimelineEntry]

        var problem: Problem {
            Problem(
                .versionMismatch, "Somebody changed the incident since this page was made. Look at it, and send again.")
        }
    }

    /// The version on which it is to be done; nil for whatever it is by then. What alerts and the daemon did meanwhile makes no decision of a
    /// person void.
    private func version(of post: Post) async throws -> Int? {
        guard post.call.isDecision, let number = post.number, let shown = post.fields["version"].flatMap({ Int($0) }),
            shown >= 0
        else { return nil }
        let entries = try await reader.page(of: number, after: shown, limit: Self.meanwhileMax)
        let others = entries.filter { Self.isOfPerson($0.recorded.actor) }
        guard others.isEmpty else {
            // The first of two of the same form has been carried out: the second gets its outcome.
            if try await reader.isCarriedOut(post.commandID, on: number) { return nil }
            throw Meanwhile(entries: others)
        }
        return entries.last?.recorded.sequence ?? shown
    }

    private static func isOfPerson(_ actor: Principal) -> Bool {
        actor.id != Principal.daemon.id && !actor.id.hasPrefix("source:")
    }

    /// The request that a script would send.
    private func context(_ post: Post, _ version: Int?) throws(Problem) -> RequestContext {
        let route = post.bound.route
        let captured = post.bound.captureNames.map { name -> String in
            guard name == "id" else { return post.fields[name] ?? "" }
            let isOfIncident = Self.isOfIncident(post.bound)
            return
                (isOfIncident
                ? post.number.map(String.init) : post.fields[RoomCall.alertField] ?? post.fields[name]) ?? ""
        }
        if let missing = zip(post.bound.captureNames, captured).first(where: { $0.1.isEmpty }) {
            throw .invalid("/\(missing.0)", "is required")
        }
        let body = post.call.body(post.fields, without: post.bound.captureNames, now: post.request.clock.now)
        var fields: HTTPFields = [.idempotencyKey: post.commandID.text]
        if route.isConditional { fields[.ifMatch] = version.map(EntityTag.text) ?? "*" }
        // What names our own address, as the URL of a new source, takes the host that the browser asked.
        let path = post.request.head.authority.map { "http://\($0)\(route.path)" } ?? route.path
        return RequestContext(
            head: RequestHead(method: route.method, path: path, headerFields: RequestFields(fields)),
            target: RequestTarget(), bound: post.bound, principal: post.session.principal,
            requestID: post.request.requestID, trace: post.request.trace, commandID: post.commandID,
            body: route.body == .none ? ByteBuffer() : ByteBuffer(bytes: body.bytes), captured: captured,
            baseLogger: post.request.baseLogger, clock: post.request.clock)
    }

    // MARK: What is refused

    private func refusal(
        _ problem: Problem, _ post: Post, meanwhile: [TimelineEntry]
    ) async throws -> Answer {
        var incident: Incident?
        if let number = post.number { incident = try? await desk.current(number).incident }
        let frame = RoomFrame(post.session, version: incident?.version ?? 0)
        let page = RefusalPage(
            problem, frame, incident, post.call, post.fields, captures: post.bound.captureNames, meanwhile: meanwhile,
            back: Self.target(Answer(.ok), post), calls: calls)
        return RoomDoor.answer(Pages.shared.render(page), status: problem.kind.status)
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
        captures: [String], meanwhile: [TimelineEntry], back: String, calls: RouteTable
    ) {
        self.frame = frame
        title = incident.map { "INC-\($0.number): \($0.title)" } ?? "Muster"
        heading = problem.kind.title
        detail = problem.detail
        errors = problem.errors.count < 2 ? [] : problem.errors.map { "\($0.pointer.dropFirst()): \($0.detail)" }
        hasErrors = !errors.isEmpty
        self.meanwhile = meanwhile.map { RoomEntry($0, marks: EntryMarks([])) }
        hasMeanwhile = !meanwhile.isEmpty
        let number = incident?.number ?? 0
        let items = { (name: String) in problem.lists.first { $0.name == name }?.items ?? [] }
        unmet = items("unmet").compactMap { $0 as? RequirementHint }.enumerated().map { place, hint in
            Unmet(hint, calls, number, id: "unmet\(place)")
        }
        hasUnmet = !unmet.isEmpty
        remedies = items("how").compactMap { $0 as? SuggestedCall }.prefix(Self.remediesMax).enumerated().map {
            RoomRemedy($1, calls, of: number, id: "how\($0)")
        }
        hasRemedies = !remedies.isEmpty
        self.back = back
        let values = call.fields.compactMap { field in fields[field.name].map { (field.name, $0) } }
        let fixed = Set(captures + [RoomCall.alertField])
        let path = incident.map { "/incidents/\($0.number)" } ?? ""
        again =
            problem.kind == .roleRequired && !frame.canAct
            ? nil
            : RoomForm(
                call, id: "again", on: path,
                fixed: Dictionary(uniqueKeysWithValues: values.filter { fixed.contains($0.0) } + [("page", back)]),
                values: Dictionary(uniqueKeysWithValues: values), button: "Send again")
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
