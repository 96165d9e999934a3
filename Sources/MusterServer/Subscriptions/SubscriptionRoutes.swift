import HTTPTypes
import IncidentDomain
import NIOCore

/// Subscribing to the public page, by everybody: the wish, the answer to the question, and the links of the messages. Nothing here tells
/// whether an address is subscribed but to whoever has a link of it, and no GET changes anything: mail programs open links by themselves.
struct SubscriptionRoutes: Sendable {
    let desk: SubscriptionDesk
    let board: StatusBoard
    let settings: StatusSettings
    let notKnown: StatusNotKnown

    /// What strangers have of the database and of the machine by links, or what looks like some: two at a time.
    private static let turns = Turns(max: 2, waitingMax: 200, patience: .seconds(5))

    var routes: [Route] {
        guard settings.isEnabled, desk.offer.isEnabled else { return [] }
        var page = Route(
            .get, SubscriptionLinks.root, role: nil, "getSubscribePage", query: .anything, handler: showForm)
        page.isReserved = true
        return [
            page,
            posting(SubscriptionLinks.root, "subscribe", body: .foreign, ask),
            getting(SubscriptionLinks.confirm, "getSubscriptionQuestion", showQuestion),
            posting(SubscriptionLinks.confirm, "confirmSubscription", inTurn(confirm)),
            getting(SubscriptionLinks.manage, "getSubscriptionSettings", showSettings),
            posting(SubscriptionLinks.manage, "changeSubscription", body: .foreign, inTurn(change)),
            getting(SubscriptionLinks.unsubscribe, "getUnsubscribePage", showUnsubscribe),
            posting(SubscriptionLinks.unsubscribe, "unsubscribe", inTurn(unsubscribe)),
            posting(SubscriptionLinks.export, "exportOwnSubscription", inTurn(export)),
        ]
    }

    private func getting(
        _ path: String, _ operation: String, _ body: @escaping @Sendable (RequestContext) async throws -> Answer
    ) -> Route {
        Route(.get, path, role: nil, operation, query: .anything) { try await answer($0, inTurn(body)) }
    }

    private func inTurn(
        _ body: @escaping @Sendable (RequestContext) async throws -> Answer
    ) -> @Sendable (RequestContext) async throws -> Answer {
        { request in try await Self.turns.take { try await body(request) } }
    }

    /// Mail programs post forms of two kinds by one click, so any body is read.
    private func posting(
        _ path: String, _ operation: String, body: Route.BodyRule = .optionalForeign,
        _ carryOut: @escaping @Sendable (RequestContext) async throws -> Answer
    ) -> Route {
        var route = Route(.post, path, role: nil, operation, query: .anything, body: body) {
            try await answer($0, carryOut)
        }
        route.bodyBytesMax = SubscriptionBodies.bytesMax
        return route
    }

    /// What is wrong is told to people as a page. Nothing of it is kept by caches, and no other page learns of a link.
    private func answer(
        _ request: RequestContext, _ body: (RequestContext) async throws -> Answer
    ) async throws -> Answer {
        var answer: Answer
        do {
            answer = try await body(request)
        } catch let problem as Problem {
            if isPage(request) {
                let frame = frame(request)
                let link = SubscriptionNoticePage.Link(
                    url: frame.link(SubscriptionLinks.root), text: frame.words.subscribe)
                answer = try await page(
                    SubscriptionNoticePage(
                        frame, heading: "That did not work", text: Self.words(of: problem), link: link),
                    problem.kind.status)
                for field in problem.headers { answer.headers.append(field) }
            } else {
                answer = problem.answer
            }
        }
        answer.headers[.cacheControl] = "no-store"
        answer.headers[.referrerPolicy] = "no-referrer"
        return answer
    }

    /// What is wrong, for people.
    private static func words(of problem: Problem) -> Phrase {
        if problem.kind == .notFound {
            return "This link is not known, or no longer. Subscribe anew to get another one."
        }
        if problem.kind == .tooManyRequests || problem.kind == .overloaded {
            return "Too much is asked for at the moment. Please try again later."
        }
        return problem.errors.contains { $0.pointer == "/email" || $0.pointer == "/webhook" }
            ? "Please check the address: it cannot be used as it is." : .typed(problem.detail)
    }

    private func isPage(_ request: RequestContext) -> Bool {
        AcceptedType.wantsPage(request.head.headerFields[.accept])
    }

    private func language(_ request: RequestContext) -> Language {
        ReaderLanguage.choose(request.target, request.head.headerFields[.acceptLanguage], settings.language)
    }

    private func frame(_ request: RequestContext) -> StatusFrame {
        StatusFrame(language(request), settings, age: board.snapshot?.age)
    }

    private func page(_ notice: SubscriptionNoticePage, _ status: HTTPResponse.Status = .ok) async throws -> Answer {
        try await page(status) { Pages.shared.render(notice) }
    }

    /// A page that is made for one reader.
    private func page(_ status: HTTPResponse.Status, _ render: @escaping @Sendable () -> String) async throws -> Answer
    {
        let text = try await WorkerPool.run { render() }
        var answer = Answer(status, Array(text.utf8), type: "text/html; charset=utf-8")
        answer.headers[.contentSecurityPolicy] = StatusRenderer.contentPolicy(of: text, forms: "'self'")
        answer.headers[.xContentTypeOptions] = "nosniff"
        answer.headers[.referrerPolicy] = "no-referrer"
        return answer
    }

    // MARK: Subscribing

    /// From memory, as the page itself.
    private func showForm(_ request: RequestContext) throws -> Answer {
        guard let snapshot = board.snapshot else { return try notKnown.answer(request) }
        guard let answer = snapshot.answer(SubscriptionLinks.root, language(request)) else {
            throw Problem.notFound("This page")
        }
        return answer.answer(to: request.head)
    }

    /// The answer is the same whatever comes of it.
    private func ask(_ request: RequestContext) async throws -> Answer {
        let known = Set(board.snapshot?.record.components.map(\.id) ?? [])
        let wish = try SubscriptionBodies.wish(
            request, offersMail: desk.offer.from != nil, components: known, language: language(request))
        try await desk.ask(wish, from: request)
        guard isPage(request) else {
            return .json(status: .accepted) { json in
                json.object { $0.member("accepted", true) }
            }
        }
        let frame = frame(request)
        let text: Phrase =
            wish.address.channel == .mail
            ? "If the address can be subscribed, a mail is on its way to it. Please confirm by the link in it within a day."
            : "If the URL can be subscribed, a message is on its way to it, which asks whether it is wanted."
        return try await page(SubscriptionNoticePage(frame, heading: "One more step", text: text), .accepted)
    }

    // MARK: Confirming

    private func showQuestion(_ request: RequestContext) async throws -> Answer {
        let token = try token(request)
        guard isPage(request) else { return Self.hint() }
        let frame = frame(request)
        let button = SubscriptionNoticePage.Button(
            action: SubscriptionLinks.confirm, token: token.text, text: frame.speech("Confirm"))
        return try await page(
            SubscriptionNoticePage(
                frame, heading: "Please confirm",
                text: "Press the button, and news of incidents and maintenance will be sent to you.", button: button))
    }

    /// To programs that open a link by GET: what to do.
    private static func hint() -> Answer {
        .json { json in
            json.object { $0.member("next", "POST to the same URL") }
        }
    }

    private func confirm(_ request: RequestContext) async throws -> Answer {
        guard let subscription = try await desk.store.confirm(try token(request).code) else { throw Self.unknown }
        let opened = try await desk.opened(subscription)
        guard isPage(request) else { return Self.json(opened) }
        let frame = frame(request)
        let link = opened.secrets.map { secrets in
            SubscriptionNoticePage.Link(
                url: "\(SubscriptionLinks.manage)?token=\(secrets.token)&lang=\(frame.speech.language.rawValue)",
                text: frame.speech("Change what you hear"))
        }
        return try await page(
            SubscriptionNoticePage(
                frame, heading: "You are subscribed",
                text: "From now on you hear of incidents and maintenance. Every message has a link that ends it.",
                link: link))
    }

    // MARK: By the links of messages

    private func showSettings(_ request: RequestContext) async throws -> Answer {
        let token = try token(request)
        guard let subscription = try await desk.store.find(token: token.code) else { throw Self.unknown }
        return try await settings(subscription, token, request, isSaved: false)
    }

    private func change(_ request: RequestContext) async throws -> Answer {
        let token = try token(request)
        guard let before = try await desk.store.find(token: token.code) else { throw Self.unknown }
        var body = try SubscriptionBodies.reader(request)
        _ = body.optionalString("token", 1...100)
        let known = Set(board.snapshot?.record.components.map(\.id) ?? [])
        let wanted = SubscriptionBodies.preferences(&body, known.union(before.components ?? []), before.language)
        try body.finish()
        let changed = try await desk.store.change(
            token: token.code, components: wanted.components, language: wanted.language)
        guard let changed else { throw Self.unknown }
        return try await settings(changed, token, request, isSaved: true)
    }

    private func settings(
        _ subscription: Subscription, _ token: SubscriptionToken, _ request: RequestContext, isSaved: Bool
    ) async throws -> Answer {
        let opened = try await desk.opened(subscription)
        guard isPage(request), let status = board.snapshot?.status else {
            return Self.json(opened)
        }
        let frame = frame(request)
        return try await page(.ok) {
            Pages.shared.render(SubscribePage(opened, token: token.text, status, frame, isSaved: isSaved))
        }
    }

    private func export(_ request: RequestContext) async throws -> Answer {
        guard let subscription = try await desk.store.find(token: try token(request).code) else { throw Self.unknown }
        let opened = try await desk.opened(subscription)
        return .json { $0.value(opened) }
    }

    private func showUnsubscribe(_ request: RequestContext) async throws -> Answer {
        let token = try token(request)
        guard isPage(request) else { return Self.hint() }
        let frame = frame(request)
        let button = SubscriptionNoticePage.Button(
            action: SubscriptionLinks.unsubscribe, token: token.text,
            text: frame.speech("Unsubscribe and delete everything"))
        return try await page(
            SubscriptionNoticePage(
                frame, heading: "Unsubscribe", text: "Press the button, and nothing more is sent to you.",
                button: button))
    }

    /// Everything that is stored is deleted. It is no mistake to do it twice, or with a link that never was one.
    private func unsubscribe(_ request: RequestContext) async throws -> Answer {
        try await desk.store.remove(token: try token(request).code)
        guard isPage(request) else {
            return .json { json in
                json.object { $0.member("subscribed", false) }
            }
        }
        let frame = frame(request)
        return try await page(
            SubscriptionNoticePage(
                frame, heading: "You are unsubscribed",
                text: "Nothing more is sent to you, and what was stored of you is deleted."))
    }

    private func token(_ request: RequestContext) throws(Problem) -> SubscriptionToken {
        guard let token = SubscriptionBodies.token(request) else { throw Self.unknown }
        return token
    }

    /// The same for what never was, what is over, and what was deleted.
    private static let unknown = Problem(
        .notFound, "This link is not known, or no longer: subscribe anew to get another one.")

    /// What its owner sees of one, without the secret and the whole address.
    private static func json(_ opened: OpenedSubscription) -> Answer {
        .json { json in
            json.object { opened.writeMembers(to: &$0) }
        }
    }
}
