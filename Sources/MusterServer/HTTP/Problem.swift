import HTTPTypes

/// An answer that says no, as RFC 9457 has it. Thrown by whoever notices; written by the dispatcher.
struct Problem: Error, Sendable {
    let kind: ProblemKind
    /// One sentence about this occurrence, for a person. Never holds a database message.
    var detail: String
    /// The places of bad input, all of them.
    var errors: [FieldError] = []
    /// More members beside the standard ones.
    var members = JSONObject()
    /// Lists among them, of things that write themselves.
    var lists: [(name: String, items: [any JSONWritable & Sendable])] = []
    /// More header fields, as `Allow` and `Retry-After`.
    var headers = HTTPFields()
    /// Sentences that were added to the detail.
    private(set) var remarks: [String] = []

    init(
        _ kind: ProblemKind, _ detail: String, errors: [FieldError] = [], members: JSONObject = JSONObject(),
        headers: HTTPFields = HTTPFields()
    ) {
        self.kind = kind
        self.detail = detail
        self.errors = errors
        self.members = members
        self.headers = headers
    }
}

/// One place of bad input.
struct FieldError: Hashable, Sendable {
    /// A JSON pointer (RFC 6901) into the body; for the query, the parameter's name after a slash.
    let pointer: String
    let detail: String
    /// The line of a body of YAML, counted from 1; nil of other bodies.
    var line: Int?
}

extension Problem {
    /// Bad input, at one place.
    static func invalid(_ pointer: String, _ detail: String) -> Problem {
        .invalid([FieldError(pointer: pointer, detail: detail)])
    }

    /// How many places of bad input are listed; a large body can have thousands.
    static let errorsMax = 200

    /// Bad input, at each of the places; `count` when there are more than are told.
    static func invalid(_ errors: [FieldError], count: Int? = nil) -> Problem {
        let first =
            errors.first.map { "\($0.pointer.isEmpty ? "the body" : $0.pointer): \($0.detail)" } ?? "A value is wrong."
        let count = count ?? errors.count
        let others = count > 1 ? " (and \(count - 1) more)" : ""
        return Problem(.invalidValue, first + others, errors: Array(errors.prefix(errorsMax)))
    }

    /// Nothing of that name; `thing` begins the sentence, as in `Incident 42`.
    ///
    /// - Parameter rule: What the name has to be, as in `must be one of: a, b`.
    static func notFound(_ thing: String, because rule: String? = nil) -> Problem {
        Problem(.notFound, sentence("\(thing) does not exist" + (rule.map { "; it \($0)" } ?? "")))
    }

    /// Not now; `seconds` goes into `Retry-After`.
    static func later(_ kind: ProblemKind, _ detail: String, seconds: Int) -> Problem {
        Problem(kind, detail, headers: [.retryAfter: String(seconds)])
    }

    /// Says one more sentence.
    mutating func remark(_ sentence: String) {
        detail = "\(Self.sentence(detail)) \(sentence)"
        remarks.append(sentence)
    }

    /// A text with the full stop that it may lack.
    static func sentence(_ text: String) -> String {
        text.last.map { ".!?".contains($0) } == true ? text : text + "."
    }

    /// The same under another status.
    func ofKind(_ kind: ProblemKind) -> Problem {
        var problem = Problem(kind, detail, errors: errors, members: members, headers: headers)
        problem.remarks = remarks
        problem.lists = lists
        return problem
    }

    /// The same with more members.
    func adding(_ others: JSONObject) -> Problem {
        var problem = self
        for member in others.members { problem.members[member.name] = member.value }
        return problem
    }

    /// The document: `type`, `title`, `status`, `detail`, then `errors` and the other members.
    var body: [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("type", "/problems/\(kind.rawValue)")
            json.member("title", kind.title)
            json.member("status", kind.status.code)
            json.member("detail", detail)
            if !errors.isEmpty {
                json.array("errors", errors) { json, error in
                    json.object { json in
                        json.member("pointer", error.pointer)
                        json.member("detail", error.detail)
                        if let line = error.line { json.member("line", line) }
                    }
                }
            }
            for member in members.members { json.member(member.name, member.value) }
            for list in lists { json.array(list.name, list.items) { json, item in item.write(to: &json) } }
        }
        return json.bytes
    }

    /// The answer that says it.
    var answer: Answer {
        var answer = Answer(kind.status, body, type: "application/problem+json")
        for field in headers { answer.headers.append(field) }
        return answer
    }

    /// The same as one text in JSON: `Route.RefusalForm.jsonText`.
    var textAnswer: Answer {
        // The detail has the first of the errors already.
        let places = errors.map { Self.sentence("\($0.pointer.isEmpty ? "the body" : $0.pointer): \($0.detail)") }
        var texts = errors.isEmpty ? [detail] : places + remarks
        if let letter = members["dead_letter"]?.string { texts.append("Kept as dead letter \(letter).") }
        let text = texts.joined(separator: " ")
        var answer = Answer.json(status: kind.status) { $0.value(text) }
        for field in headers { answer.headers.append(field) }
        return answer
    }
}

/// Every name under `/problems/`: the whole catalogue of what this API answers instead of what was asked.
///
/// The names are a contract: scripts switch over them. A new one is a new case; none is ever renamed.
enum ProblemKind: String, CaseIterable, Sendable {
    // Requests that cannot be read.
    case malformedRequest = "malformed-request"
    case notJSON = "not-json"
    case notYAML = "not-yaml"
    case bodyTooLarge = "body-too-large"
    case headerTooLarge = "header-too-large"
    case requestTimeout = "request-timeout"
    case unsupportedMediaType = "unsupported-media-type"
    case invalidValue = "invalid-value"

    // Who asks, and for what.
    case unauthenticated
    case roleRequired = "role-required"
    case signatureInvalid = "signature-invalid"
    case foreignForm = "foreign-form"
    case notFound = "not-found"
    case methodNotAllowed = "method-not-allowed"

    // Refusals of the rules, given the state.
    case wrongPhase = "wrong-phase"
    case requirementsUnmet = "requirements-unmet"
    case noSuchTransition = "no-such-transition"
    case gateClosed = "gate-closed"
    case stepState = "step-state"
    case mitigationState = "mitigation-state"
    case maintenanceState = "maintenance-state"
    case mergeRefused = "merge-refused"
    case reviewState = "review-state"
    case reviewUnfinished = "review-unfinished"
    case approvalRequired = "approval-required"
    case updateState = "update-state"
    case inUse = "in-use"
    case endpointDisabled = "endpoint-disabled"
    case ownToken = "own-token"
    case messageLoop = "message-loop"
    case unreadable

    // Two writers, or one twice.
    case versionMismatch = "version-mismatch"
    case versionRequired = "version-required"
    case idempotencyInFlight = "idempotency-in-flight"
    case idempotencyKeyReused = "idempotency-key-reused"

    // Not now.
    case tooManyRequests = "too-many-requests"
    case overloaded
    case unavailable
    case deadlineExceeded = "deadline-exceeded"
    case notReady = "not-ready"
    case internalError = "internal-error"
    case pdfFailed = "pdf-failed"
    case pdfUnavailable = "pdf-unavailable"
}

extension ProblemKind {
    /// The status that goes with the name, always the same one.
    var status: HTTPResponse.Status {
        switch self {
        case .malformedRequest, .notJSON, .notYAML: .badRequest
        case .bodyTooLarge: .contentTooLarge
        case .headerTooLarge: .requestHeaderFieldsTooLarge
        case .requestTimeout: .requestTimeout
        case .unsupportedMediaType: .unsupportedMediaType
        case .invalidValue, .idempotencyKeyReused: .unprocessableContent
        case .unauthenticated, .signatureInvalid: .unauthorized
        case .roleRequired, .foreignForm: .forbidden
        case .notFound: .notFound
        case .methodNotAllowed: .methodNotAllowed
        case .wrongPhase, .requirementsUnmet, .noSuchTransition, .gateClosed, .stepState, .mitigationState,
            .maintenanceState, .mergeRefused, .reviewState, .reviewUnfinished, .approvalRequired, .updateState, .inUse,
            .endpointDisabled, .ownToken, .messageLoop, .unreadable, .idempotencyInFlight:
            .conflict
        case .versionMismatch: .preconditionFailed
        case .versionRequired: .preconditionRequired
        case .tooManyRequests: .tooManyRequests
        case .overloaded, .unavailable, .deadlineExceeded, .notReady: .serviceUnavailable
        case .internalError, .pdfFailed: .internalServerError
        case .pdfUnavailable: .notImplemented
        }
    }

    /// A short title, the same for every occurrence.
    var title: String {
        switch self {
        case .malformedRequest: "The request is malformed"
        case .notJSON: "The body is not JSON"
        case .notYAML: "The body is not YAML"
        case .bodyTooLarge: "The body is too large"
        case .headerTooLarge: "The header fields are too large"
        case .requestTimeout: "The request arrived too slowly"
        case .unsupportedMediaType: "The body has the wrong media type"
        case .invalidValue: "A value is wrong"
        case .unauthenticated: "A valid token is needed"
        case .roleRequired: "A higher role is required"
        case .signatureInvalid: "The signature is missing or wrong"
        case .foreignForm: "The form is not from this site"
        case .notFound: "Not found"
        case .methodNotAllowed: "The method is not allowed here"
        case .wrongPhase: "Not allowed in this phase"
        case .requirementsUnmet: "The phase's requirements are not met"
        case .noSuchTransition: "That phase cannot be reached from here"
        case .gateClosed: "The component is blocked"
        case .stepState: "Not allowed in this state of the step"
        case .mitigationState: "Not allowed in this state of the mitigation"
        case .maintenanceState: "Not allowed in this state of the maintenance"
        case .mergeRefused: "These incidents cannot be merged"
        case .reviewState: "Not allowed in this state of the review"
        case .reviewUnfinished: "Something of the review is missing"
        case .approvalRequired: "A second person has to approve it"
        case .updateState: "Not allowed in this state of the update"
        case .inUse: "Still in use"
        case .endpointDisabled: "The endpoint is disabled"
        case .ownToken: "A token cannot revoke itself"
        case .messageLoop: "The message goes round in a loop"
        case .unreadable: "The stored row cannot be read"
        case .versionMismatch: "Somebody else changed it"
        case .versionRequired: "If-Match is required"
        case .idempotencyInFlight: "The same request is being carried out"
        case .idempotencyKeyReused: "The idempotency key was used for another request"
        case .tooManyRequests: "Too many requests"
        case .overloaded: "Overloaded"
        case .unavailable: "The database cannot be reached"
        case .deadlineExceeded: "Timed out"
        case .notReady: "Not ready"
        case .internalError: "A fault on our side"
        case .pdfFailed: "The PDF could not be made"
        case .pdfUnavailable: "No program makes PDF here"
        }
    }

    /// What the page of the problem says: what happened, and what the caller can do.
    var explanation: String {
        switch self {
        case .malformedRequest:
            "The path, the query or a header could not be read: a wrong percent escape, text that is not UTF-8, a "
                + "character U+0000, or a header that breaks its own rules. Correct the request; repeating it is no use."
        case .notJSON:
            "The body should be one JSON document (RFC 8259) and is not. The detail says where reading stopped."
        case .notYAML:
            "The body should be one YAML document without anchors, aliases, tags and doubled keys, and is not. The detail "
                + "says in which line. A text that begins with a special character needs quotes."
        case .bodyTooLarge:
            "The body has more bytes than `http.request_body_max_bytes` allows, or a message of another tool more than "
                + "`ingress.body_max_bytes`. Send less at a time."
        case .headerTooLarge: "The header fields of a request may have 64 KiB in all, and 16 KiB each. Send fewer."
        case .requestTimeout:
            "A body has to be here within `http.body_timeout_seconds`, and may not come more slowly than "
                + "`http.body_rate_min_bytes` a second. Send the request again; the connection is closed."
        case .unsupportedMediaType:
            "Send the body as `Content-Type: application/json`; the catalog is also taken as `application/yaml`."
        case .invalidValue:
            "The body or the query was read, and something in it is wrong. `errors` names every such place by a JSON "
                + "pointer; for query parameters, the pointer is the parameter's name after a slash. Unknown fields are errors."
        case .unauthenticated:
            "Send `Authorization: Bearer TOKEN` with a token that exists and is not revoked."
        case .roleRequired:
            "The token is valid, but its role is too low. The roles, each containing the ones before it, are "
                + "viewer, responder, commander and admin."
        case .signatureInvalid:
            "The source takes only messages with a valid signature. Compare its `signature` with the settings of the tool: the "
                + "scheme, the names of the headers and the secret. Nothing was stored."
        case .foreignForm:
            "A form of the pages for engineers was sent by another site, or is of an earlier session. Load the page again. Scripts use "
                + "`/v1` with a token, where no form and no cookie counts."
        case .notFound: "No such path, or nothing of that name is stored."
        case .methodNotAllowed: "The header `Allow` lists the methods of this path."
        case .wrongPhase: "The incident is in a phase in which this cannot be done; the detail lists the right ones."
        case .requirementsUnmet:
            "The phase cannot be left before its requirements hold. `unmet` lists each one with the call that meets "
                + "it; a commander may override them with a reason, which is recorded."
        case .noSuchTransition: "Phases have a fixed order. The detail lists the phases that can be entered from here."
        case .gateClosed: "Something that the component depends on, or something more critical, is not restored yet."
        case .stepState: "The detail lists the states in which this can be done."
        case .mitigationState: "The detail lists the states that can follow the present one."
        case .maintenanceState: "The detail says in which state it is, and in which this can be done."
        case .mergeRefused: "The detail says why."
        case .reviewState: "The review does not exist yet, or is already approved."
        case .reviewUnfinished:
            "Approving it asks that every section which only a person can write is written, and that every required action item has "
                + "an owner. The detail names what is missing, and `how` the calls that mend it."
        case .approvalRequired:
            "The configuration (`updates.approval`) asks for a second person's approval of updates to this audience. Draft the "
                + "update; somebody who did not write it approves it; then it can be published."
        case .updateState: "The detail says how the update stands."
        case .inUse: "Something else still refers to it; the detail says what."
        case .endpointDisabled: "Nothing is sent to a disabled endpoint; enable it first."
        case .ownToken:
            "A token cannot revoke itself, so that nobody locks himself out by mistake. Use another admin token."
        case .messageLoop:
            "The header `Muster-Via` says that this installation sent the message itself, or that it went through too many installations. "
                + "Nothing was stored. Change the URL of the endpoint that sent it."
        case .unreadable:
            "A row of that name is stored in a form that this release cannot read, as after a change by hand. It is left out, "
                + "and nothing else suffers from it. Delete it, or write it anew. `musterd doctor` lists all such rows."
        case .versionMismatch:
            "`If-Match` names a version that is no longer the current one. Read it again, decide again, and repeat."
        case .versionRequired:
            "This installation requires `If-Match` on writes, so that nobody overwrites a change unseen."
        case .idempotencyInFlight:
            "A request with the same `Idempotency-Key` has not ended yet. Repeat it after the time in `Retry-After`."
        case .idempotencyKeyReused:
            "The `Idempotency-Key` came before with another body. Use a new key for a new request."
        case .tooManyRequests: "Slow down; repeat after the time in `Retry-After`."
        case .overloaded: "More requests are waiting than can be served. Retry after the time in `Retry-After`."
        case .unavailable: "Repeat after the time in `Retry-After`; with an `Idempotency-Key`, nothing is done twice."
        case .deadlineExceeded:
            "The database did not answer in time, and the outcome of a write is unknown. Repeat after the time in "
                + "`Retry-After`; with an `Idempotency-Key`, nothing is done twice."
        case .notReady: "The daemon runs and cannot serve yet; `reasons` says why."
        case .internalError: "The fault is recorded under the request id, which the header `X-Request-Id` has."
        case .pdfFailed:
            "The program of the machine that makes PDF failed, or took too long. The log says why. `review.html` printed from a "
                + "browser is the same document."
        case .pdfUnavailable:
            "Install WeasyPrint (Debian: `apt install weasyprint`), or name another program in `reviews.pdf_command`, and restart "
                + "the daemon. `review.html` printed from a browser is the same document."
        }
    }
}

/// `/problems` and `/problems/{name}`: what the `type` of a problem leads to.
struct ProblemRoutes: Sendable {
    var routes: [Route] {
        [
            Route(.get, "/problems", role: nil, "listProblems", query: .anything) { _ in
                .text(ProblemKind.allCases.map { "\($0.status.code) /problems/\($0.rawValue): \($0.title)\n" }.joined())
            },
            Route(.get, "/problems/{name}", role: nil, "describeProblem", query: .anything) { request in
                let name = request.parameter("name")
                guard let kind = ProblemKind(rawValue: name) else { throw Problem.notFound("The problem \(name)") }
                return .text("\(kind.title) (\(kind.status.code))\n\n\(kind.explanation)\n")
            },
        ]
    }
}
