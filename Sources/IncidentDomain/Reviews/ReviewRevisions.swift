/// One revision of a review: who made it, and what people changed with it.
package struct ReviewRevision: Hashable, Sendable {
    package let revision: Int
    /// The entry that made it.
    package let entry: Int
    package let at: Timestamp
    package let by: String
    /// What it was made as; approved, where it was approved later.
    package let status: ReviewStatus
    /// Who approved it last, and when; nil where nobody did. Something that it says can have changed since, which takes that back.
    package let approvedBy: String?
    package let approvedAt: Timestamp?
    /// The ids of the sections whose text it changed.
    package let sections: [String]
    /// Every section that people had written then, by id.
    fileprivate let written: [String: EditedSection]
}

/// What one revision says otherwise than another. Only what people wrote is compared: the rest follows from the timeline.
package struct ReviewDifference: Hashable, Sendable {
    package struct Section: Hashable, Sendable {
        package let id: String
        /// Nil where the section was generated, or was not there.
        package let before: EditedSection?
        package let after: EditedSection?
        /// What left and what came, line by line; nil where the texts are too long to be compared so.
        package let lines: [Line]?
    }

    /// A line of the text before, of the text after, or of both.
    package struct Line: Hashable, Sendable {
        package enum Kind: String, CaseIterable, Sendable {
            case same, removed, added
        }

        package let kind: Kind
        package let text: String
    }

    package let from: Int
    package let to: Int
    package let sections: [Section]

    /// Lines of one text, and of all texts together, that are compared line by line.
    private static let linesMax = 1_000
    private static let allLinesMax = 10_000

    init(from: ReviewRevision?, to: ReviewRevision) {
        self.from = from?.revision ?? 0
        self.to = to.revision
        let before = from?.written ?? [:]
        let changed = Set(before.keys).union(to.written.keys).filter { before[$0] != to.written[$0] }
        var left = Self.allLinesMax
        sections = changed.sorted().map { id in
            Section(
                id: id, before: before[id], after: to.written[id],
                lines: Self.lines(before[id]?.markdown, to.written[id]?.markdown, &left))
        }
    }

    private static func lines(_ before: String?, _ after: String?, _ left: inout Int) -> [Line]? {
        let old = before?.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) ?? []
        let new = after?.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) ?? []
        guard old.count <= linesMax, new.count <= linesMax, old.count + new.count <= left else { return nil }
        left -= old.count + new.count
        var removed: Set<Int> = []
        var added: [Int: Substring] = [:]
        for change in new.difference(from: old) {
            switch change {
            case .remove(let offset, _, _): removed.insert(offset)
            case .insert(let offset, let line, _): added[offset] = line
            }
        }
        var lines: [Line] = []
        var place = 0
        for (offset, line) in old.enumerated() {
            if removed.contains(offset) {
                lines.append(Line(kind: .removed, text: String(line)))
                continue
            }
            while let came = added[place] {
                lines.append(Line(kind: .added, text: String(came)))
                place += 1
            }
            lines.append(Line(kind: .same, text: String(line)))
            place += 1
        }
        while let came = added[place] {
            lines.append(Line(kind: .added, text: String(came)))
            place += 1
        }
        return lines
    }
}

extension ReviewRevision {
    /// The revisions of a timeline, the oldest first. An approval is no revision of its own: it changes the status of the newest.
    package static func all(of timeline: [RecordedEvent]) -> [ReviewRevision] {
        var revisions: [ReviewRevision] = []
        var written: [String: EditedSection] = [:]
        for recorded in timeline {
            func add(_ revision: Int, _ status: ReviewStatus, _ sections: [String]) {
                revisions.append(
                    ReviewRevision(
                        revision: revision, entry: recorded.sequence, at: recorded.occurredAt, by: recorded.actor.name,
                        status: status, approvedBy: nil, approvedAt: nil, sections: sections, written: written))
            }
            if let drafted = recorded.event.as(ReviewDrafted.self) {
                add(drafted.revision, .draft, [])
            } else if let revised = recorded.event.as(ReviewRevised.self) {
                if revised.scope == .whole { written = [:] }
                for id in revised.dropped ?? [] { written[id] = nil }
                for section in revised.sections { written[section.id] = section }
                add(revised.revision, revised.status, revised.sections.map(\.id) + (revised.dropped ?? []))
            } else if recorded.event.as(ReviewApproved.self) != nil, let last = revisions.popLast() {
                revisions.append(
                    ReviewRevision(
                        revision: last.revision, entry: last.entry, at: last.at, by: last.by, status: .approved,
                        approvedBy: recorded.actor.name, approvedAt: recorded.occurredAt, sections: last.sections,
                        written: last.written))
            }
        }
        return revisions
    }

    /// What the revision `to` says otherwise than `from`; 0 is what there was before the first.
    ///
    /// - Returns: Nil when there is no such revision.
    package static func difference(
        from: Int, to: Int, in revisions: [ReviewRevision]
    ) -> ReviewDifference? {
        guard let new = revisions.last(where: { $0.revision == to }) else { return nil }
        let old = revisions.last { $0.revision == from }
        return from == 0 || old != nil ? ReviewDifference(from: old, to: new) : nil
    }
}
