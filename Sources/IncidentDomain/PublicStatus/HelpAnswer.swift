/// What somebody says is wrong, by ids that the page knows; nil of what was not said, or is not known.
package struct HelpQuestion: Hashable, Sendable {
    package var symptom: String?
    /// A `PublicComponent`'s id.
    package var component: String?
    package var platform: String?

    package init(symptom: String? = nil, component: String? = nil, platform: String? = nil) {
        (self.symptom, self.component, self.platform) = (symptom, component, platform)
    }
}

/// How long outages lasted that are over.
package struct OutageLengths: Hashable, Sendable {
    package let count: Int
    /// Half of them were over by then, in seconds.
    package let median: Double
    /// Nine of ten were.
    package let ninth: Double

    /// Of fewer, nothing is told.
    package static let countMin = 5

    package init?(_ lengths: [Double]) {
        guard lengths.count >= Self.countMin else { return nil }
        let sorted = lengths.sorted()
        count = sorted.count
        let middle = sorted.count / 2
        median = sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
        ninth = sorted[(sorted.count * 9 + 9) / 10 - 1]
    }
}

/// What is told to somebody for whom something does not work: first what is known, then what to try. Made of what is public alone.
package struct HelpAnswer: Sendable {
    package enum Known: String, CaseIterable, Sendable {
        /// A component that was asked about is harmed.
        case incident
        /// Something else is, or nobody has said yet what, or the component was until a while ago; it may be why.
        case possible
        case maintenance
        case nothing
    }

    package let question: HelpQuestion
    package let known: Known
    /// The worst first; empty unless `known` is an incident, or a possible one.
    package let incidents: [PublicIncident]
    package let maintenance: [PublicMaintenance]
    /// When the first incident is expected to be over.
    package let eta: Timestamp?
    /// What to do meanwhile, as the incident's newest update with steps says; and its language.
    package let meanwhile: [String]
    package let meanwhileLanguage: String?
    /// What to try, in this order; empty where trying cannot help.
    package let steps: [HelpBook.Step]
    /// How long outages of the component lasted, and whether only those of the same cause were counted.
    package let lengths: OutageLengths?
    package let isOfSameCause: Bool
    private let status: PublicStatus

    static let incidentsMax = 5

    package init(_ question: HelpQuestion, _ status: PublicStatus, in language: Language) {
        (self.question, self.status) = (question, status)
        let book = status.record.help
        let asked = Self.components(question, book)
        let open = Self.sorted(status.unresolved)
        let about = open.filter { incident in incident.hits.contains { asked.contains($0.component) } }
        let why = about.filter { incident in
            incident.hits.contains { asked.contains($0.component) && $0.isHarmed(at: status.now) }
        }
        let work = status.maintenance(.inProgress).filter { $0.components.contains(where: asked.contains) }
        if !why.isEmpty {
            (known, incidents, maintenance) = (.incident, why, [])
        } else if !work.isEmpty {
            (known, incidents, maintenance) = (.maintenance, [], work)
        } else if let possible = [about, question.component == nil ? open : open.filter(\.hits.isEmpty)].first(where: {
            !$0.isEmpty
        }) {
            (known, incidents, maintenance) = (.possible, possible, [])
        } else {
            (known, incidents, maintenance) = (.nothing, [], [])
        }
        let first = known == .incident ? incidents.first : nil
        eta = first?.eta ?? (known == .maintenance ? maintenance.map(\.endsAt).max() : nil)
        let told = first.flatMap { Self.steps(of: $0, in: language) }
        (meanwhile, meanwhileLanguage) = (told?.steps ?? [], told?.language)
        steps =
            known == .incident || known == .maintenance ? [] : book.steps(for: question.symptom, on: question.platform)
        let component = question.component ?? first?.hits.first { asked.contains($0.component) }?.component
        let alike = component.flatMap { Self.lengths(of: $0, cause: first?.causeCode, status) }
        (lengths, isOfSameCause) = (alike?.lengths, alike?.isOfSameCause ?? false)
    }

    /// What was asked about: the component, or those that the symptom is usually of.
    private static func components(_ question: HelpQuestion, _ book: HelpBook) -> Set<String> {
        if let component = question.component { return [component] }
        return Set(question.symptom.flatMap(book.symptom)?.components ?? [])
    }

    /// The worst first, of equal ones the newest.
    private static func sorted(_ incidents: [PublicIncident]) -> [PublicIncident] {
        Array(
            incidents.enumerated().sorted { ($1.element.impact.rank, $0.offset) < ($0.element.impact.rank, $1.offset) }
                .map(\.element).prefix(incidentsMax))
    }

    /// The newest steps that were told, rather in the reader's language.
    private static func steps(of incident: PublicIncident, in language: Language) -> PublicIncident.Update? {
        let told = incident.updates.filter { !$0.steps.isEmpty }
        return told.first { $0.isIn(language) } ?? told.first
    }

    /// Of incidents that are over: from the first harm of the component to its last.
    private static func lengths(
        of component: String, cause: String?, _ status: PublicStatus
    ) -> (lengths: OutageLengths, isOfSameCause: Bool)? {
        let past = status.record.incidents.filter(\.status.isResolved).compactMap { incident in
            incident.hits.first { $0.component == component }?.harmedSeconds.map { (cause: incident.causeCode, $0) }
        }
        if let cause, let alike = OutageLengths(past.filter { $0.cause == cause }.map(\.1)) { return (alike, true) }
        return OutageLengths(past.map(\.1)).map { ($0, false) }
    }
}

extension PublicIncident.Hit {
    func isHarmed(at moment: Timestamp) -> Bool { level(at: moment).isHarm }

    /// From the beginning of its harm to the end of it; nil where it is not over, or there was none.
    var harmedSeconds: Double? {
        let harm = stretches.filter(\.level.isHarm)
        let ends = harm.compactMap(\.end)
        guard let begin = harm.map(\.begin).min(), ends.count == harm.count, let end = ends.max(), end > begin else {
            return nil
        }
        return end.seconds(since: begin)
    }
}

// MARK: - In words

extension HelpAnswer {
    /// What is known, in a sentence or two.
    package var sentence: Phrase {
        switch known {
        case .incident: explained
        case .possible: "There is a disruption that may be why: \(names)."
        case .maintenance:
            maintenance.first.map {
                "This is being worked on as planned: \(status.names($0.components)). It is planned until \($0.endsAt.told)."
            }
                ?? "Planned maintenance is in progress."
        case .nothing:
            question.component == nil
                ? "Nothing is known to be wrong."
                : "Nothing is known to be wrong with \(status.names([question.component ?? ""]))."
        }
    }

    private var names: Phrase { incidents.map(status.name(of:)).joined(separator: "; ") }

    private var explained: Phrase {
        let why: Phrase = "A known incident explains this: \(names)."
        guard let eta else { return "\(why) When it will be over is not known yet." }
        return eta > status.now
            ? "\(why) It is expected to be over at \(eta.told)."
            : "\(why) It was expected to be over at \(eta.told); a new time is not known yet."
    }

    /// How long such outages lasted; nil where too few are known.
    package var experience: Phrase? {
        guard let lengths, let name = lengthsOf else { return nil }
        let (half, most) = (Phrase.duration(Self.rounded(lengths.median)), Phrase.duration(Self.rounded(lengths.ninth)))
        let past: Phrase =
            "Half of the last \(.number(lengths.count)) disruptions of \(name) were over after \(half), nine of ten after \(most)."
        guard isOfSameCause else { return past }
        return
            "Half of the last \(.number(lengths.count)) disruptions of \(name) with the same kind of cause were over after \(half), nine of ten after \(most)."
    }

    private var lengthsOf: Phrase? {
        let component = question.component ?? incidents.first?.hits.first?.component
        return component.map { status.names([$0]) }
    }

    /// To the minute: nobody waits by the second.
    private static func rounded(_ seconds: Double) -> Double { max(60, (seconds / 60).rounded() * 60) }
}
