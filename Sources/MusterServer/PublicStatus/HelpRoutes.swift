import HTTPTypes
import IncidentDomain
import Synchronization

/// Help for those outside: what is known, what to try, where to report. As the public page, it needs neither a token nor the database.
struct HelpRoutes: Sendable {
    let board: StatusBoard
    let settings: StatusSettings
    let notKnown: StatusNotKnown

    /// Answers are made one or two at a time, a millisecond each, and kept: strangers cannot have more of the machine than that. A crowd
    /// that comes with many questions after a change waits half a second.
    private static let turns = Turns(max: 2, waitingMax: 1_000, patience: .seconds(5))

    var routes: [Route] {
        guard settings.isEnabled else { return [] }
        // What is not known is as good as not said: a page may link here with more than we know.
        var route = Route(.get, "/help", role: nil, "getHelp", query: .anything, handler: help)
        route.isReserved = true
        return [route]
    }

    private func help(_ request: RequestContext) async throws -> Answer {
        guard let snapshot = board.snapshot else { return try notKnown.answer(request) }
        let key = HelpAnswers.Key(
            question: Self.question(request.target, snapshot.status),
            language: ReaderLanguage.choose(
                request.target, request.head.headerFields[.acceptLanguage], settings.language),
            isPage: AcceptedType.wantsPage(request.head.headerFields[.accept]))
        if let known = snapshot.help.answer(key) { return known.answer(to: request.head) }
        let made = try await Self.turns.take {
            try await WorkerPool.run { snapshot.help.answer(key) ?? snapshot.makeHelp(key) }
        }
        return made.answer(to: request.head)
    }

    private static func question(_ target: RequestTarget, _ status: PublicStatus) -> HelpQuestion {
        let parameters = (try? target.parameters()) ?? []
        func said(_ name: String) -> String? { parameters.first { $0.name == name }?.value }
        let book = status.record.help
        return HelpQuestion(
            symptom: said("symptom").flatMap(book.symptom)?.id,
            component: said("component").flatMap { text in
                status.component(text) ?? status.record.components.first { $0.name.lowercased() == text.lowercased() }
            }?.id,
            platform: said("platform").flatMap(book.platform)?.id)
    }
}

/// What was answered to questions since the state changed. Only questions by ids that the page knows are kept, and only so many.
final class HelpAnswers: Sendable {
    struct Key: Hashable, Sendable {
        let question: HelpQuestion
        let language: Language
        let isPage: Bool
    }

    static let answersMax = 400

    private let held = Mutex<[Key: StatusAnswer]>([:])

    func answer(_ key: Key) -> StatusAnswer? { held.withLock { $0[key] } }

    /// Beyond the limit all are forgotten: the ones that are asked for come back at once.
    func keep(_ answer: StatusAnswer, _ key: Key) {
        held.withLock { held in
            if held.count >= Self.answersMax { held.removeAll(keepingCapacity: true) }
            held[key] = answer
        }
    }

    var count: Int { held.withLock { $0.count } }
}

extension StatusSnapshot {
    /// Takes about a millisecond: not for an event loop.
    fileprivate func makeHelp(_ key: HelpAnswers.Key) -> StatusAnswer {
        let answer = HelpAnswer(key.question, status, in: key.language)
        let made: StatusAnswer
        if key.isPage {
            let page = Pages.shared.render(HelpPage(answer, of: status, StatusFrame(key.language, settings, age: age)))
            let kind = StatusAnswer.Kind(
                type: "text/html; charset=utf-8", isTranslated: true, isNegotiated: true,
                contentPolicy: StatusRenderer.contentPolicy(of: page, forms: "'self'"))
            made = StatusAnswer(Array(page.utf8), kind, modifiedAt: asOf, asOf: age?.asOf)
        } else {
            let bytes = HelpFormat.bytes(answer, of: status, settings, key.language, isCurrent: !isInterrupted)
            let kind = StatusAnswer.Kind(type: "application/json", isTranslated: true, isNegotiated: true)
            made = StatusAnswer(bytes, kind, modifiedAt: asOf, asOf: age?.asOf)
        }
        help.keep(made, key)
        return made
    }
}

/// What `Accept` says of pages.
enum AcceptedType {
    /// Whether HTML is named, as browsers do; whoever takes anything gets JSON.
    static func wantsPage(_ header: String?) -> Bool {
        (header ?? "").split(separator: ",").prefix(20).contains { item in
            let parts = item.split(separator: ";").map { $0.filter { $0 != " " }.lowercased() }
            guard let type = parts.first, type == "text/html" || type == "application/xhtml+xml" else { return false }
            return !parts.dropFirst().contains { $0.hasPrefix("q=") && (Double($0.dropFirst(2)) ?? 1) <= 0 }
        }
    }
}
