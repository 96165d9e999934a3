import HTTPTypes
import IncidentDomain

/// Signing in at a browser with a token, and out; and what the pages load.
struct SignInRoutes: Sendable {
    let door: RoomDoor

    private static let script = PackageResources.room_js
    private static let scriptTag = "\"\(HashChain.hex(Array(OpenSSL.sha256(script).prefix(16))))\""

    /// Whoever tries tokens takes a turn, so that the database is asked for a few at a time.
    private static let turns = Turns(max: 4, waitingMax: 100, patience: .seconds(5))

    var routes: [Route] {
        [
            browsers(Route(.get, "/sign-in", role: nil, "getSignInPage", query: .anything, handler: show)),
            browsers(
                Route(.post, "/sign-in", role: nil, "signIn", query: .anything, body: .form) { request in
                    try await Self.turns.take { try await signIn(request) }
                }),
            door.form("/sign-out", "signOut") { _, _, _ in
                RoomDoor.goingOn(to: "/sign-in", cookie: door.sessions.ended)
            },
            Route(.get, "/room.js", role: nil, "getRoomScript", query: .anything) { _ in
                var answer = Answer(.ok, Self.script, type: "text/javascript; charset=utf-8")
                answer.headers[.eTag] = Self.scriptTag
                answer.headers[.cacheControl] = "no-cache"
                answer.headers[.xContentTypeOptions] = "nosniff"
                return answer
            },
        ]
    }

    private func browsers(_ route: Route) -> Route {
        var route = route
        route.bodyBytesMax = 8192
        route.refusalPage = { problem, arrival in
            guard AcceptedType.wantsPage(arrival.head.headerFields[.accept]) else { return nil }
            return RoomDoor.answer(
                Pages.shared.render(ProblemPage(problem, requestID: arrival.requestID)), status: problem.kind.status)
        }
        return route
    }

    private func show(_ request: RequestContext) async throws -> Answer {
        let next = PageTarget.safe(try request.target.parameters().last { $0.name == "next" }?.value)
        let session = try await door.sessions.session(request.head.headerFields, now: request.clock.now)
        if session != nil { return RoomDoor.goingOn(to: next) }
        return RoomDoor.answer(Pages.shared.render(SignInPage(next: next, failure: lost(request))))
    }

    /// Why the session that was just begun did not come back; nil when none was.
    private func lost(_ request: RequestContext) -> String? {
        let fields = request.head.headerFields
        guard SessionDesk.isShown([SessionDesk.begunName], in: fields),
            !SessionDesk.isShown(SessionDesk.names, in: fields)
        else { return nil }
        guard door.sessions.settings.isSecure else {
            return "The browser did not keep the session. Does it take cookies?"
        }
        return "The browser did not keep the session, which is sent over TLS only. Come by "
            + "\(door.publicURL ?? "https"), or set room.secure_cookie to false."
    }

    /// There is no session yet, and so no code: that no other site signs somebody in is told by the browser's header fields.
    private func signIn(_ request: RequestContext) async throws -> Answer {
        try PageOrigin.check(request.head, publicURL: door.publicURL)
        let fields = try FormFields(request.body)
        let next = PageTarget.safe(fields["next"])
        let typed = fields["token"]?.filter { !$0.isWhitespace } ?? ""
        do {
            let cookie = try await door.sessions.begin(token: typed, now: request.clock.now)
            var answer = RoomDoor.goingOn(to: next, cookie: cookie)
            answer.headers.append(HTTPField(name: .setCookie, value: SessionDesk.mark(SessionDesk.begunName)))
            return answer
        } catch let problem as Problem
            where problem.kind == .unauthenticated && AcceptedType.wantsPage(request.head.headerFields[.accept])
        {
            let page = SignInPage(next: next, failure: "No such token, or it was revoked.")
            return RoomDoor.answer(Pages.shared.render(page), status: .unauthorized)
        }
    }
}

/// Where a token is pasted: `Pages/Templates/roomsignin.mustache`.
struct SignInPage: Sendable {
    let next: String
    let failure: String?
}
