/// The version of a review that the public may read: chosen sections, in which people, tools and components stand under other names. What was
/// approved is what is shown from then on, whatever becomes of the review inside.
package struct PublicReview: Hashable, Codable, Sendable {
    /// The ids of the sections that it has, in their order.
    package var sections: [String]
    /// What else is replaced, beside the names that the incident knows.
    package var replacements: [TextReplacement]
    /// Nil takes the incident's.
    package var title: String?
    package var status: ReviewStatus
    /// The entry that approved it; nil while none did.
    package var approvedEntry: Int?

    /// What is public unless somebody says otherwise: what happened, and what is done about it.
    package static let standardSections = ["summary", "impact", "cause", "lessons", "actions"]
    package static let standard = PublicReview(
        sections: standardSections, replacements: [], title: nil, status: .draft)

    package static let sectionsMax = 100
    package static let replacementsMax = 50
    /// Bytes of its texts, before and after names are replaced: a text that is shown to everybody is no archive.
    package static let bytesMax = 256 << 10
}

extension Incident {
    func setPublicReview(
        sections: [String], replacements: [TextReplacement], title: String?, offered: [String]
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.writable)
        let known = Set(ReviewSectionID.allCases.map(\.rawValue) + offered).union(
            reviewTexts.map { Array($0.written.keys) } ?? [])
        if let place = sections.firstIndex(where: { !known.contains($0) }) {
            throw .badValue(
                field: "/sections/\(place)",
                detail:
                    "No section \(sections[place].onOneLine) in the review; there are \(known.sorted().joined(separator: ", "))."
            )
        }
        let before = publicReview
        guard
            before?.sections != sections || before?.replacements != replacements || before?.title != title
                || before?.status == .approved
        else { return [] }
        return [PublicReviewSet(sections: sections, replacements: replacements, title: title)]
    }

    /// What it says is what the caller has read: the texts come with the command.
    func approvePublicReview(
        _ sections: [EditedSection], title: String, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase([.review, .closed])
        try requirePublisher(facts, to: "approve the public version of a review")
        guard let review, review.status == .approved else {
            throw .reviewState(
                "The review of INC-\(number) is not approved, and its public version rests on it; "
                    + "POST /v1/incidents/\(number)/review/approve approves it.")
        }
        let bytes = sections.reduce(0) { $0 + $1.markdown.utf8.count }
        guard bytes <= IncidentLimits.reviewBytes else {
            throw .badValue(
                field: "/sections",
                detail:
                    "The public version has \(bytes.grouped) bytes; the limit is \(IncidentLimits.reviewBytes.grouped). "
                    + "Choose fewer sections.")
        }
        return [PublicReviewApproved(revision: review.revision, title: title, sections: sections)]
    }
}

/// What the public version of a review has.
package struct PublicReviewSet: AfterwardsEvent {
    package var sections: [String]
    package var replacements: [TextReplacement]
    package var title: String?
    package var afterwards: Bool?

    package static let kind = "public_review_set"
    package static let examples = [
        PublicReviewSet(
            sections: ["summary", "actions"], replacements: [TextReplacement(text: "db-7", with: "the database")],
            title: "Sign-in was down", afterwards: true)
    ]

    package var redacted: PublicReviewSet {
        var copy = self
        copy.replacements = replacements.map { TextReplacement(text: $0.text.redacted, with: $0.other.redacted) }
        copy.title = title?.redacted
        return copy
    }

    package var phrase: Phrase {
        let chosen: Phrase = sections.count == 1 ? "1 section" : "\(sections.count) sections"
        let replaced: Phrase = replacements.count == 1 ? "1 replacement" : "\(replacements.count) replacements"
        return
            "Public version of the review set: \(chosen) (\(sections.joined(separator: ", "))), \(replaced)."
    }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.publicReview = PublicReview(
            sections: sections, replacements: replacements, title: title, status: .draft)
    }
}

/// The public version was approved, with these texts.
package struct PublicReviewApproved: AfterwardsEvent {
    package var revision: Int
    package var title: String
    package var sections: [EditedSection]
    package var afterwards: Bool?

    package static let kind = "public_review_approved"
    package static let examples = [
        PublicReviewApproved(revision: 2, title: "Sign-in was down", sections: EventExamples.sections, afterwards: true)
    ]
    package var isNotified: Bool { true }

    package var redacted: PublicReviewApproved {
        var copy = self
        copy.title = title.redacted
        copy.sections = sections.map(\.redacted)
        return copy
    }

    package var phrase: Phrase { "Public version of the review approved (revision \(revision))." }
    package var isKeyMoment: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        var version = incident.publicReview ?? .standard
        version.status = .approved
        version.approvedEntry = incident.version + 1
        incident.publicReview = version
    }
}

/// Whom and what a review names.
package struct NamedInReview: Hashable, Sendable {
    let people: Set<String>
    let tools: Set<String>
    /// What components are called outside, by slug and by name; the same where they are called nothing.
    let components: [String: String]
    /// Where they run.
    let regions: Set<String>
}

extension ReviewDocument {
    /// What people, tools and components are called in public.
    package var publicNames: PublicNames {
        PublicNames(
            people: named.people, tools: named.tools, components: named.components, regions: named.regions,
            replacements: incident.publicReview?.replacements ?? [], in: speech)
    }
}

extension ReviewFacts {
    var named: NamedInReview {
        NamedInReview(people: people, tools: tools, components: componentNames, regions: regions)
    }

    /// Everybody whom the timeline names: who acted, by name and by token, who held roles, and who owns work.
    var people: Set<String> {
        var names: Set<String?> = []
        for recorded in timeline {
            if !recorded.actor.id.hasPrefix(Principal.sourcePrefix) {
                names.formUnion([recorded.actor.name, recorded.actor.token, recorded.actor.person])
            }
            names.formUnion(Self.people(in: recorded.event))
        }
        names.formUnion(incident.roles.values.map(Optional.some))
        names.formUnion(incident.mitigations.map(\.owner) + incident.tasks.map(\.owner) + incident.actions.map(\.owner))
        return Set(names.compactMap(\.self)).subtracting(["musterd", IncidentEvent.redactedText])
    }

    private static func people(in event: IncidentEvent) -> [String?] {
        if let assigned = event.as(RoleAssigned.self) { return [assigned.person, assigned.previous] }
        if let removed = event.as(RoleRemoved.self) { return [removed.previous] }
        if let added = event.as(MitigationAdded.self) { return [added.owner] }
        if let changed = event.as(MitigationChanged.self) { return [changed.owner] }
        if let added = event.as(TaskAdded.self) { return [added.owner] }
        if let changed = event.as(TaskChanged.self) { return [changed.owner] }
        if let added = event.as(ActionAdded.self) { return [added.owner] }
        if let changed = event.as(ActionChanged.self) { return [changed.owner] }
        if let note = event.as(NoteAdded.self) { return [note.origin?.by, note.by] }
        if let asked = event.as(ReviewersAsked.self) { return asked.reviewers }
        if let fact = event.as(FactAdded.self)?.value { return [fact.by, fact.origin?.by] }
        if let drafted = event.as(UpdateDrafted.self) { return [drafted.person] }
        if let cleared = event.as(AlertsCleared.self) { return cleared.value.resolvedBy ?? [] }
        return []
    }

    /// What sends alerts, by name, and where facts come from.
    var tools: Set<String> {
        let senders = timeline.filter { $0.actor.id.hasPrefix("source:") }.map(\.actor.name)
        return Set(senders + timeline.compactMap { $0.event.as(FactAdded.self)?.value.source })
            .subtracting([IncidentEvent.redactedText])
    }

    private var regions: Set<String> {
        Set(graph.components.values.flatMap(\.regions) + incident.impacts.flatMap(\.regions))
            .subtracting([IncidentEvent.redactedText])
    }

    /// All components, as any can be named, and what they are called outside: as the public page lists them. Where the installation lists none,
    /// as the catalog calls them.
    var componentNames: [String: String] {
        let own = Set(incident.impacts.map(\.component) + incident.steps.map(\.slug))
        let components = graph.components.values
        var names = Dictionary(own.map { ($0, $0) }) { name, _ in name }
        guard components.contains(where: { $0.publicListing != nil }) else {
            return graph.components.mapValues(\.name).merging(names) { name, _ in name }
        }
        for component in components {
            let listed = component.publicListing?.name
            names[component.slug] = listed ?? component.slug
            if component.name != listed { names[component.name] = listed ?? component.name }
        }
        return names
    }
}
