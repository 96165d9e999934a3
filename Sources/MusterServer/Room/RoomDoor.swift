import HTTPTypes
import IncidentDomain
import NIOCore

/// What all pages for engineers have in common: who looks at them, the header fields they are sent with, and what a browser is shown
/// instead of a problem document. The pages decide nothing: what is read and done goes through the desks and calls of the API.
struct RoomDoor: Sendable {
    let sessions: SessionDesk
    let publicURL: String?
    let moments = RoomMoments()

    /// Of a form: a note of 10,000 characters with each of them escaped.
    static let formBytesMax = 512 << 10

    /// A page of somebody who is signed in.
    func page(
        _ path: String, _ operation: String, isLong: Bool = false,
        _ render: @escaping @Sendable (RequestContext, Session) async throws -> String
    ) -> Route {
        var route = Route(.get, path, role: nil, operation, query: .anything, isLong: isLong) { request in
            let session = try await session(request)
            guard let had = request.head.headerFields[RoomParts.have] else {
                return Self.answer(try await render(request, session))
            }
            let key = RoomMoments.Key(path: request.head.path, role: session.principal.role)
            let parts = try await moments.parts(key) { try await render(request, session.shared) }
            return parts.answer(to: had, formCode: session.formCode)
        }
        route.refusalPage = Self.refusal
        return route
    }

    /// A picture on a page of somebody who is signed in.
    func picture(
        _ path: String, _ operation: String, _ draw: @escaping @Sendable (RequestContext) async throws -> Answer
    ) -> Route {
        var route = Route(.get, path, role: nil, operation, query: .anything, isLong: true) { request in
            _ = try await session(request)
            var answer = try await draw(request)
            answer.headers[.cacheControl] = "no-store"
            return answer
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
            let session = try await session(request)
            try PageOrigin.check(request.head, publicURL: publicURL)
            let fields = try FormFields(request.body)
            guard OpenSSL.areEqual(Array((fields["form_code"] ?? "").utf8), Array(session.formCode.utf8)) else {
                throw PageOrigin.stranger
            }
            return try await carryOut(request, session, fields)
        }
        route.bodyBytesMax = Self.formBytesMax
        route.refusalPage = Self.refusal
        return route
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
            if let site = fields[.secFetchSite], site == "cross-site", fields[.cookie] == nil {
                return answer(Pages.shared.render(AgainPage(target: target)))
            }
            return goingOn(to: target == "/" ? "/sign-in" : "/sign-in?next=\(PercentEncoding.encode(target))")
        }
        let page = ProblemPage(problem, requestID: arrival.requestID)
        var answer = answer(Pages.shared.render(page), status: problem.kind.status)
        for field in problem.headers where field.name != .wwwAuthenticate { answer.headers.append(field) }
        return answer
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
        fields = try RequestTarget("/?\(text)").parameters()
        guard fields.count <= Self.fieldsMax else {
            throw Problem(.malformedRequest, "The form has more than \(Self.fieldsMax) fields.")
        }
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

    init(_ problem: Problem, requestID: String) {
        title = problem.kind.title
        isSignedOut = problem.kind == .unauthenticated
        detail =
            isSignedOut ? "Your session has ended. What you typed is still there when you go back." : problem.detail
        self.requestID = requestID
    }
}
