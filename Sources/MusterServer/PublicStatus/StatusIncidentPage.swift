import IncidentDomain

/// One incident, with all that was said of it: what `Pages/Templates/statusincident.mustache` shows.
struct StatusIncidentPage: Sendable {
    struct Hit: Sendable {
        let name: String
        let stretches: [Stretch]
    }

    struct Stretch: Sendable {
        let level: String
        let from: PageTime
        let to: String
        let until: PageTime?
    }

    struct PostMortem: Sendable {
        struct Section: Sendable {
            let title: String
            let blocks: Markup
        }

        let heading: String
        let title: String
        let sections: [Section]
    }

    let language: String
    let words: StatusFrame.Words
    let query: String
    let other: String
    let otherName: String
    let otherURL: String
    let interrupted: String?
    let incident: StatusIncidentView
    let hasHits: Bool
    let hits: [Hit]
    let hasUpdates: Bool
    let updates: [StatusUpdateView]
    let leftOut: String?
    let postMortem: PostMortem?

    /// The newest levels of a component that are shown.
    private static let stretchesMax = 20

    init(_ incident: PublicIncident, of status: PublicStatus, _ frame: StatusFrame) {
        let speech = frame.speech
        language = speech.language.rawValue
        (words, query, interrupted) = (frame.words, frame.query, frame.interrupted)
        (other, otherName) = (frame.other.rawValue, frame.otherName)
        otherURL = frame.otherLink("/status/incidents/\(incident.number)")
        self.incident = StatusIncidentView(incident, of: status, frame)
        hits = incident.hits.compactMap { hit in
            status.component(hit.component).map { component in
                Hit(
                    name: component.name,
                    stretches: hit.stretches.suffix(Self.stretchesMax).map { Self.stretch($0, speech) })
            }
        }
        hasHits = !hits.isEmpty
        updates = incident.updates.map { StatusUpdateView($0, frame) }
        hasUpdates = !updates.isEmpty
        let left = incident.updatesLeftOut
        leftOut = left > 0 ? speech("Older updates are left out: \(.number(left)).") : nil
        var budget = MarkdownReader.budget
        postMortem = incident.postMortem.map { found in
            PostMortem(
                heading: speech("Post-mortem"), title: found.title,
                sections: found.sections.map {
                    PostMortem.Section(
                        title: $0.title, blocks: Markup(MarkdownReader.blocks($0.markdown, budget: &budget, in: speech))
                    )
                })
        }
    }

    private static func stretch(_ stretch: PublicIncident.Stretch, _ speech: Speech) -> Stretch {
        let state = PublicComponentState(stretch.level)
        return Stretch(
            level: speech(state.phrase), from: PageTime(stretch.begin, speech),
            to: speech(stretch.end == nil ? "and ongoing" : "until"), until: stretch.end.map { PageTime($0, speech) })
    }
}

/// The incidents of a month: what `Pages/Templates/statushistory.mustache` shows.
struct StatusHistoryPage: Sendable {
    struct Month: Sendable {
        let name: String
        let url: String
    }

    let language: String
    let words: StatusFrame.Words
    let query: String
    let other: String
    let otherName: String
    let otherURL: String
    let interrupted: String?
    /// As in `2026-11`; nil where there is none.
    let month: String?
    let hasIncidents: Bool
    let incidents: [StatusIncidentView]
    let hasMonths: Bool
    let months: [Month]

    /// - Parameters:
    ///   - path: Of this page.
    ///   - months: All that have incidents, the newest first.
    init(
        _ month: String?, _ incidents: [PublicIncident], of status: PublicStatus, months: [String], path: String,
        _ frame: StatusFrame
    ) {
        language = frame.speech.language.rawValue
        (words, query, interrupted) = (frame.words, frame.query, frame.interrupted)
        (other, otherName, otherURL) = (frame.other.rawValue, frame.otherName, frame.otherLink(path))
        self.month = month
        self.incidents = incidents.map { StatusIncidentView($0, of: status, frame) }
        hasIncidents = !incidents.isEmpty
        self.months = months.map { Month(name: $0, url: frame.link("/status/history/\($0)")) }
        hasMonths = !months.isEmpty
    }
}

/// What is shown where there is no such page: `Pages/Templates/statusmissing.mustache`.
struct StatusMissingPage: Sendable {
    let language: String
    let words: StatusFrame.Words
    let query: String
    let other: String
    let otherName: String
    let otherURL: String
    let interrupted: String?
    let heading: String
    let text: String

    /// Why there is nothing to show.
    enum Reason {
        /// The address has no page.
        case notFound
        /// Neither the database nor the disk has told anything since the daemon began.
        case notKnownYet
    }

    init(_ frame: StatusFrame, _ reason: Reason = .notFound) {
        let speech = frame.speech
        language = speech.language.rawValue
        (words, query, interrupted) = (frame.words, frame.query, frame.interrupted)
        (other, otherName, otherURL) = (frame.other.rawValue, frame.otherName, frame.otherLink("/status"))
        switch reason {
        case .notFound:
            heading = speech("Page not found")
            text = speech("There is nothing at this address, or it is no longer public.")
        case .notKnownYet:
            heading = speech("The status is not known yet")
            text = speech("This server has just started and has no data yet. Please look again in a minute.")
        }
    }
}
