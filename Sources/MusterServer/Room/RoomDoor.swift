import HTTPTypes
import IncidentDomain
import NIOCore

/// What all pages for engineers have in common: who looks at them, the header fields they are sent with, and what a browser is shown
/// instead of a problem document. The pages decide nothing: what is read and done goes through the desks and calls of the API.
struct RoomDoor: Sendable {
    let sessions: SessionDesk
    let publicURL: String?

    /// Of a form: a section of 100,000 characters, each of four bytes that are escaped.
    static let formBytesMax = 1536 << 10

    /// A page of somebody who is signed in.
    func page(
        _ path: String, _ operation: String, isLong: Bool = false,
        _ render: @escaping @Sendable (RequestContext, Session) async throws -> String
    ) -> Route {
        var route = Route(.get, path, role: nil, operation, query: .anything, isLong: isLong) { request in
            let session = try await session(request)
            let html = try await render(request, session)
            return Self.answer(html)
        }
        route.refusalPage = Self.refusal
        return route
    }

    /// An address that only leads on, for somebody who is signed in.
    func page(_ path: String, _ operation: String, to target: @escaping @Sendable (RequestContext) -> String) -> Route {
        var route = Route(.get, path, role: nil, operation, query: .anything) { request in
            _ = try await session(request)
            return Self.goingOn(to: PageTarget.safe(target(request)))
        }
        route.refusalPage = Self.refusal
        return route
    }

    /// What a form of a page does. The code that every form carries is checked before anything of it is looked at.
    func form(
        _ path: String, _ operation: String,
        _ carryOut: @escaping @Sendable (RequestContext, Session, FormFields) async throws -> Answer
    ) -> Route {
        var route = Route(.post, path, role: nil, operation, query: .anything, body: .form) { request in
            try PageOrigin.check(request.head, publicURL: publicURL)
            let fields = try FormFields(request.body)
            let sender: Session
            do {
                sender = try await session(request)
                guard OpenSSL.areEqual(Array((fields["form_code"] ?? "").utf8), Array(sender.formCode.utf8)) else {
                    throw PageOrigin.stranger
                }
            } catch {
                throw Self.keeping(fields, error, request)
            }
            return try await carryOut(request, sender, fields)
        }
        route.bodyBytesMax = Self.formBytesMax
        route.refusalPage = Self.refusal
        return route
    }

    /// The refusal with what was typed: without a session the page on which it stood is not shown again.
    private static func keeping(
        _ fields: FormFields, _ error: any Error, _ request: RequestContext
    ) -> any Error {
        guard AcceptedType.wantsPage(request.head.headerFields[.accept]) else { return error }
        let problem = ProblemMapping.problem(of: error).problem
        let page = ProblemPage(
            problem, requestID: request.requestID, sent: fields.typed, next: PageTarget.safe(fields["page"]))
        return PagedRefusal(cause: error, page: answer(Pages.shared.render(page), of: problem))
    }

    /// The page of a problem, with the header fields that it asks for.
    static func answer(_ html: String, of problem: Problem) -> Answer {
        var answer = answer(html, status: problem.kind.status)
        for field in problem.headers where field.name != .wwwAuthenticate { answer.headers.append(field) }
        return answer
    }

    /// - Throws: `Problem` 401 when nobody is signed in.
    func session(_ request: RequestContext) async throws -> Session {
        guard let session = try await sessions.session(request.head.headerFields, now: request.clock.now) else {
            throw Authenticator.unauthenticated(
                "No session. Browsers sign in at /sign-in; everything else is at /v1 with a token.", error: nil)
        }
        return session
    }

    /// A page that only its reader's browser keeps, and no other site shows in a frame.
    static func answer(_ html: String, status: HTTPResponse.Status = .ok) -> Answer {
        var answer = Answer(status, html.utf8, type: "text/html; charset=utf-8")
        answer.headers[.cacheControl] = "no-store"
        answer.headers[.contentSecurityPolicy] = policy(of: html)
        answer.headers[.xContentTypeOptions] = "nosniff"
        // With `no-referrer` browsers would send forms with `Origin: null`.
        answer.headers[.referrerPolicy] = "same-origin"
        return answer
    }

    /// The page's own stylesheet and our script, and nothing from elsewhere.
    private static func policy(of html: String) -> String {
        "default-src 'none'; style-src \(StatusRenderer.digest(of: "style", in: html)); script-src 'self'; connect-src 'self'; "
            + "img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    }

    /// Goes on to another page after a form.
    static func goingOn(to path: String, cookie: String? = nil) -> Answer {
        var answer = Answer(.seeOther, headers: [.location: path, .cacheControl: "no-store"])
        if let cookie { answer.headers[.setCookie] = cookie }
        return answer
    }

    /// What a browser is shown of a problem; nil for whoever takes no page. Without a session it is led to the sign-in.
    private static func refusal(_ problem: Problem, _ arrival: Arrival) -> Answer? {
        let fields = arrival.head.headerFields
        guard AcceptedType.wantsPage(fields[.accept]) else { return nil }
        if problem.kind == .unauthenticated, arrival.head.method != .post {
            let target = PageTarget.safe(arrival.head.path)
            // A browser that follows a link of another site sends no cookie (`SameSite`). It does when our own page leads it on.
            // By plain HTTP it does not say where the link was: it is led on once.
            let isLed = fields[.secFetchSite].map { $0 == "cross-site" } ?? (target != "/")
            if isLed, !SessionDesk.isShown(SessionDesk.names + [SessionDesk.ledName], in: fields) {
                var again = answer(Pages.shared.render(AgainPage(target: target)))
                again.headers[.setCookie] = SessionDesk.mark(SessionDesk.ledName)
                return again
            }
            return goingOn(to: target == "/" ? "/sign-in" : "/sign-in?next=\(PercentEncoding.encode(target))")
        }
        let page = ProblemPage(problem, requestID: arrival.requestID)
        return answer(Pages.shared.render(page), of: problem)
    }
}

/// What a form says, as `application/x-www-form-urlencoded` has it.
struct FormFields: Sendable {
    private let fields: [QueryParameter]

    private static let fieldsMax = 200

    /// - Throws: `Problem` 400 for what is no form.
    init(_ body: ByteBuffer) throws(Problem) {
        guard let text = String(validating: body.readableBytesView, as: UTF8.self) else {
            throw Problem(.malformedRequest, "The form is not UTF-8.")
        }
        guard text.utf8.count(where: { $0 == UInt8(ascii: "&") }) < Self.fieldsMax else {
            throw Problem(.malformedRequest, "The form has more than \(Self.fieldsMax) fields.")
        }
        fields = try RequestTarget("/?\(text)").parameters()
    }

    /// What every form carries, and nobody types.
    private static let own: Set<String> = ["form_code", "once", "version", "page", "prefilled", "shown"]

    /// What somebody filled in, or chose.
    var typed: [(name: String, value: String)] {
        fields.filter { !Self.own.contains($0.name) && !$0.value.isEmpty }.map { ($0.name, $0.value) }
    }

    /// What was filled in; nil for what was left empty. Browsers end lines by CR and LF.
    subscript(name: String) -> String? {
        let value = fields.last { $0.name == name }?.value.replacing("\r\n", with: "\n")
        return value.flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// A page that loads itself again at once: `Pages/Templates/roomagain.mustache`.
struct AgainPage: Sendable {
    let target: String
}

/// A problem as a browser shows it: `Pages/Templates/roomproblem.mustache`.
struct ProblemPage: Sendable {
    let title: String
    let detail: String
    let isSignedOut: Bool
    let requestID: String
    let sent: [Sent]
    let hasSent: Bool
    /// Where one goes on after signing in.
    let next: String

    struct Sent: Sendable {
        let name: String
        let value: String
    }

    init(_ problem: Problem, requestID: String, sent: [(name: String, value: String)] = [], next: String = "/") {
        title = problem.kind.title
        isSignedOut = problem.kind == .unauthenticated
        detail =
            isSignedOut
            ? "Your session has ended, and nothing was changed. What you sent stands below: keep it, and sign in again."
            : problem.detail
        self.sent = sent.map { Sent(name: $0.name.words.capitalizingFirst, value: $0.value) }
        hasSent = !sent.isEmpty
        self.next = next == "/" ? "" : "?next=\(PercentEncoding.encode(next))"
        self.requestID = requestID
    }
}
