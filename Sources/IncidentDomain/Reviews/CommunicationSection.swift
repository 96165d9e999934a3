// MARK: - Communication

extension ReviewDraft {
    /// Who was told what, when, by whom; what was corrected, what came late, and what was said of the end.
    static func communication(_ facts: ReviewFacts) -> [DocumentBlock] {
        let updates = facts.updates
        let published = updates.filter { $0.state == .published && $0.corrects == nil }.sorted { one, other in
            guard let first = one.versions.first?.publishedAt, let second = other.versions.first?.publishedAt else {
                return one.id < other.id
            }
            return (first, one.id) < (second, other.id)
        }
        guard !published.isEmpty else { return [facts.line("No update was published.")] + late(facts) + etas(facts) }
        var table = DocumentTable("No.", "Published (\(.zone))", "Audience", "Update", "By", "Approved by")
        for update in published {
            guard let first = update.versions.first else { continue }
            let isChanged = update.versions.contains { $0.body != first.body }
            table.add(
                "\(update.id)", first.publishedAt.toldWithoutZone, audience(update),
                isChanged ? "\(first.body.onOneLine) (corrected, see below)" : .typed(first.body.onOneLine),
                .typed(update.authors.joined(separator: ", ")), .typed(update.approvedBy ?? ""))
        }
        return [table.block(in: facts.speech)] + corrections(published, updates, facts) + unpublished(updates, facts)
            + late(facts) + etas(facts)
    }

    private static func audience(_ update: UpdateRecord) -> Phrase {
        var notes: [Phrase] = []
        if update.isPublic {
            notes.append("public")
        } else if update.wasPublic {
            notes.append("public until it was corrected")
        }
        if let first = update.firstAudience, first != update.audience {
            notes.append("told to \(.audience(first)) at first")
        }
        if let language = update.versions.first?.language, language != LanguageTag.standard {
            notes.append(.typed(language))
        }
        let reader = Phrase.audience(update.audience)
        return notes.isEmpty ? reader : "\(reader) (\(notes.joined(separator: ", ")))"
    }

    private static func corrections(
        _ published: [UpdateRecord], _ all: [UpdateRecord], _ facts: ReviewFacts
    ) -> [DocumentBlock] {
        let lines = published.flatMap { update in
            update.versions.dropFirst().map { version -> Phrase in
                let approver = all.first {
                    $0.corrects == update.id && $0.versions.last?.publishedAt == version.publishedAt
                }?.approvedBy
                let approved: Phrase = approver.map { ", approved by \($0)" } ?? ""
                let text: Phrase =
                    "Update \(update.id), \(version.publishedAt.told), \(version.publishedBy)\(approved): \(version.body.sentence)"
                return text.giving(version.reason)
            }
        }
        return lines.isEmpty ? [] : [facts.heading("Corrections"), facts.bullets(lines)]
    }

    private static func unpublished(_ updates: [UpdateRecord], _ facts: ReviewFacts) -> [DocumentBlock] {
        let lines = updates.compactMap { update -> Phrase? in
            let reader = Phrase.audience(update.audience)
            return switch update.state {
            case .published: nil
            case .withdrawn: Phrase("Update \(update.id) to \(reader): withdrawn.").giving(update.reason)
            case .draft, .scheduled: "Update \(update.id) to \(reader): not published."
            }
        }
        return lines.isEmpty ? [] : [facts.heading("Drafts that were not published"), facts.bullets(lines)]
    }

    private static func late(_ facts: ReviewFacts) -> [DocumentBlock] {
        let lines = facts.timeline.compactMap { $0.event.as(UpdateOverdue.self)?.phrase }
        return lines.isEmpty ? [] : [facts.heading("Late updates"), facts.bullets(lines)]
    }

    /// An expected end that was said, or nil where it was taken back.
    private struct SaidEta {
        let at: Timestamp
        let by: Phrase
        let eta: Timestamp?
        let reason: Phrase
        var isCorrected = false
    }

    private static func etas(_ facts: ReviewFacts) -> [DocumentBlock] {
        let restored = facts.incident.clocks.restoredAt
        var table = DocumentTable("Set at (\(.zone))", "By", "ETA (\(.zone))", "Reason", "Actual")
        let said = (setEtas(facts) + facts.updates.flatMap(toldEtas)).enumerated()
            .sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
        for (place, one) in said.enumerated() {
            guard let eta = one.eta else {
                table.add(one.at.toldWithoutZone, one.by, "taken back", one.reason, "")
                continue
            }
            // The same may have been told in between.
            let next = said[(place + 1)...].first { $0.eta != eta }
            let isTakenBack = next.map { $0.eta == nil } ?? false
            let outcome: Phrase =
                one.isCorrected
                ? "corrected"
                : isTakenBack ? "taken back" : restored.map { comparison(of: $0, with: eta) } ?? "not restored yet"
            table.add(one.at.toldWithoutZone, one.by, eta.toldWithoutZone, one.reason, outcome)
        }
        return table.isEmpty ? [] : [facts.heading("ETAs set"), table.block(in: facts.speech)]
    }

    private static func setEtas(_ facts: ReviewFacts) -> [SaidEta] {
        let sets = facts.timeline.filter { $0.event.as(EtaSet.self) != nil }
        let struck = Set(
            sets.filter { facts.struck.contains($0.sequence) }.compactMap { $0.event.as(EtaSet.self)?.eta })
        let held = Set(
            sets.filter { !facts.struck.contains($0.sequence) }.compactMap { $0.event.as(EtaSet.self)?.eta })
        return facts.timeline.compactMap { recorded in
            guard !facts.struck.contains(recorded.sequence) else { return nil }
            let by = Phrase.typed(recorded.actor.name)
            if let withdrawn = recorded.event.as(EtaWithdrawn.self) {
                // What it took back never was.
                if struck.contains(withdrawn.previous), !held.contains(withdrawn.previous) { return nil }
                return SaidEta(at: recorded.occurredAt, by: by, eta: nil, reason: .typed(withdrawn.reason))
            }
            return recorded.event.as(EtaSet.self).map { set in
                SaidEta(
                    at: recorded.occurredAt, by: set.source == .plan ? "restoration plan" : by, eta: set.eta,
                    reason: .typed(set.reason ?? ""))
            }
        }
    }

    private static func toldEtas(_ update: UpdateRecord) -> [SaidEta] {
        update.toldEtas.map { told in
            SaidEta(
                at: told.version.publishedAt, by: .typed(told.version.publishedBy), eta: told.eta,
                reason: told.isFirst ? "told with an update" : "told with a correction", isCorrected: told.isCorrected)
        }
    }
}
