/// Which sections a review shows, and in which order, as people decided for this one.
package struct ReviewLayout: Hashable, Codable, Sendable {
    /// Ids of sections that come first, in this order; the others follow as they stand otherwise. Nil leaves the order.
    package var order: [String]?
    /// Ids of sections that are left out of the document. Nil leaves it to the template.
    package var hidden: [String]?

    package init(order: [String]? = nil, hidden: [String]? = nil) {
        self.order = order
        self.hidden = hidden
    }

    /// The same with what another one says instead.
    func changed(by other: ReviewLayout) -> ReviewLayout {
        ReviewLayout(order: other.order.map { $0.isEmpty ? nil : $0 } ?? order, hidden: other.hidden ?? hidden)
    }
}

/// What reviews of some incidents look like from the start: the configuration's `reviews.templates`.
package struct ReviewTemplate: Hashable, Sendable {
    package struct Section: Hashable, Sendable {
        package let id: String
        /// Nil takes the one of the section of ours.
        package let title: String?
        /// Markdown that stands in the place of what would be generated; nil of a section of ours as it is.
        package let markdown: String?
        /// Whether a person has to write it before the review can be approved.
        package let needsPerson: Bool

        package init(id: String, title: String? = nil, markdown: String? = nil, needsPerson: Bool = false) {
            self.id = id
            self.title = title
            self.markdown = markdown
            self.needsPerson = needsPerson
        }
    }

    /// In their order. Sections of ours that are not among them are hidden.
    package let sections: [Section]

    package init(sections: [Section]) {
        self.sections = sections
    }
}

extension ReviewTemplate {
    /// The generated sections with those of the template among them, and in their place.
    func applied(to drafted: [ReviewSection]) -> [ReviewSection] {
        let own = Dictionary(drafted.map { ($0.id, $0) }) { first, _ in first }
        let known = Set(drafted.map(\.id))
        let given = Dictionary(sections.map { ($0.id, $0) }) { first, _ in first }
        let all = drafted.map(\.id) + sections.map(\.id).filter { !known.contains($0) }
        return all.compactMap { id in
            guard let section = given[id] else { return own[id] }
            let draft = own[id]
            return ReviewSection(
                id: id, title: section.title ?? draft?.title ?? ReviewDraft.title(of: id),
                content: section.markdown.map { .markdown($0) } ?? draft?.content ?? .markdown(""), generated: true,
                needsPerson: section.needsPerson || (section.markdown == nil && draft?.needsPerson ?? false))
        }
    }
}

extension [ReviewSection] {
    /// In the order of the layout, and with what it hides marked.
    func arranged(by layout: ReviewLayout?, _ template: ReviewTemplate?) -> [ReviewSection] {
        let shown = template.map { Set($0.sections.map(\.id)) }
        let hidden =
            layout?.hidden.map(Set.init)
            ?? Set(
                shown.map { shown in ReviewSectionID.allCases.map(\.rawValue).filter { !shown.contains($0) } } ?? [])
        let order = (layout?.order ?? []) + (template?.sections.map(\.id) ?? [])
        let places = Dictionary(order.enumerated().map { ($0.element, $0.offset) }) { first, _ in first }
        return enumerated().sorted { one, other in
            let place = (places[one.element.id] ?? order.count, places[other.element.id] ?? order.count)
            return (place.0, one.offset) < (place.1, other.offset)
        }.map { $0.element.hidden(hidden.contains($0.element.id)) }
    }
}

extension ReviewSection {
    fileprivate func hidden(_ isHidden: Bool) -> ReviewSection {
        var copy = self
        copy.isHidden = isHidden
        return copy
    }
}
