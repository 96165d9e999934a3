import HTTPTypes
import IncidentDomain
import NIOCore

/// The public page, its feeds and its JSON. No token is asked, and nothing is read but what is in memory: these are answered also while
/// PostgreSQL is away and while every other request is told to come again.
struct PublicStatusRoutes: Sendable {
    let board: StatusBoard
    let settings: StatusSettings
    let notKnown: StatusNotKnown

    /// What Statuspage answers at the same paths.
    private static let documents: [(path: String, operation: String)] = [
        ("/api/v2/summary.json", "getStatusSummary"), ("/api/v2/status.json", "getStatusIndicator"),
        ("/api/v2/components.json", "getStatusComponents"), ("/api/v2/incidents.json", "getStatusIncidents"),
        ("/api/v2/incidents/unresolved.json", "getUnresolvedStatusIncidents"),
        ("/api/v2/scheduled-maintenances.json", "getStatusMaintenance"),
        ("/api/v2/scheduled-maintenances/upcoming.json", "getUpcomingStatusMaintenance"),
        ("/api/v2/scheduled-maintenances/active.json", "getActiveStatusMaintenance"),
        ("/status.atom", "getStatusAtom"), ("/status.rss", "getStatusRSS"), ("/status.ics", "getStatusCalendar"),
        ("/status/badge.svg", "getStatusBadge"), ("/status/embed.json", "getStatusEmbed"),
    ]

    var routes: [Route] {
        guard settings.isEnabled else { return [] }
        return Self.documents.map { document in
            route(document.path, document.operation) { _ in document.path }
        } + [
            page("/status", "getStatusPage") { _ in "/status" },
            page("/status/history", "getStatusHistory") { _ in "/status/history" },
            page("/status/history/{month}", "getStatusMonth") { "/status/history/\($0.parameter("month"))" },
            page("/status/incidents/{id}", "getStatusIncident") { "/status/incidents/\($0.parameter("id"))" },
        ]
    }

    /// What is the same in every language.
    private func route(
        _ path: String, _ operation: String, _ place: @escaping @Sendable (RequestContext) -> String
    ) -> Route {
        made(path, operation, isPage: false) { snapshot, request in snapshot.answer(place(request)) }
    }

    private func page(
        _ path: String, _ operation: String, _ place: @escaping @Sendable (RequestContext) -> String
    ) -> Route {
        let standard = settings.language
        return made(path, operation, isPage: true) { snapshot, request in
            let language = ReaderLanguage.choose(request.target, request.head.headerFields[.acceptLanguage], standard)
            return snapshot.answer(place(request), language) ?? snapshot.answer(StatusRenderer.missing, language)
        }
    }

    private func made(
        _ path: String, _ operation: String, isPage: Bool,
        _ find: @escaping @Sendable (StatusSnapshot, RequestContext) -> StatusAnswer?
    ) -> Route {
        let (board, notKnown) = (board, notKnown)
        // Widgets add parameters against caches of their own.
        return Route(fromMemory: path, operation, query: .anything) { request in
            guard let snapshot = board.snapshot else {
                return try notKnown.answer(request, isPage: isPage)
            }
            guard let answer = find(snapshot, request) else { throw Problem.notFound("This page") }
            return answer.answer(to: request.head)
        }
    }
}

/// What is answered by a daemon that has begun without a database and without a file: a page for whoever reads pages, rendered once, and
/// to programs that they should come again.
struct StatusNotKnown: Sendable {
    private static let seconds = 5
    private let pages: [Language: Answer]
    private let standard: Language

    init(_ settings: StatusSettings) {
        standard = settings.language
        pages = Dictionary(
            uniqueKeysWithValues: Language.allCases.map { language in
                let page = Pages.shared.render(
                    StatusMissingPage(StatusFrame(language, settings, age: nil), .notKnownYet))
                let headers: HTTPFields = [
                    .contentType: "text/html; charset=utf-8", .cacheControl: "no-store",
                    .retryAfter: String(Self.seconds), .contentSecurityPolicy: StatusRenderer.contentPolicy(of: page),
                    .xContentTypeOptions: "nosniff", .referrerPolicy: "no-referrer",
                ]
                return (
                    language,
                    Answer(.serviceUnavailable, headers: headers, body: .bytes(ByteBuffer(string: page)))
                )
            })
    }

    /// - Parameter isPage: Whether there is a page at this address.
    /// - Throws: 503 for programs.
    func answer(_ request: RequestContext, isPage: Bool = true) throws(Problem) -> Answer {
        let fields = request.head.headerFields
        let language = ReaderLanguage.choose(request.target, fields[.acceptLanguage], standard)
        guard isPage, AcceptedType.wantsPage(fields[.accept]), let page = pages[language] else {
            throw Problem.later(.unavailable, "The state is not known yet.", seconds: Self.seconds)
        }
        return page
    }
}

/// In which language a reader wants a page.
enum ReaderLanguage {
    /// What `lang` says, else the first known one of `Accept-Language` by weight, else the installation's.
    static func choose(_ target: RequestTarget, _ header: String?, _ standard: Language) -> Language {
        let asked = (try? target.parameters())?.last { $0.name == "lang" }?.value
        if let asked, let language = known(asked[...]) { return language }
        var best: (language: Language, weight: Double)?
        for item in (header ?? "").split(separator: ",").prefix(20) {
            let parts = item.split(separator: ";").map { $0.filter { $0 != " " } }
            guard let tag = parts.first, let language = known(tag[...]) else { continue }
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
            if weight > best?.weight ?? 0 { best = (language, weight) }
        }
        return best?.language ?? standard
    }

    private static func known(_ tag: Substring) -> Language? {
        Language(rawValue: tag.prefix { $0 != "-" }.lowercased())
    }
}
