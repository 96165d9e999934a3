// MARK: - Communication

extension ReviewDraft {
    /// Who was told what, when, by whom; what was corrected, what came late, and what was said of the end.
    static func communication(_ facts: ReviewFacts) -> [DocumentBlock] {
        let updates = UpdateHistory.make(facts.timeline)
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
            table.add(
                "\(update.id)", first.publishedAt.toldWithoutZone, audience(update), .typed(first.body.onOneLine),
                .typed(update.authors.joined(separator: ", ")), .typed(update.approvedBy ?? ""))
        }
        return [table.block(in: facts.speech)] + corrections(published, updates, facts) + unpublished(updates, facts)
            + late(facts) + etas(facts)
    }

    private static func audience(_ update: UpdateRecord) -> Phrase {
        var notes: [Phrase] = []
        if update.isPublic { notes.append("public") }
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

    private static func etas(_ facts: ReviewFacts) -> [DocumentBlock] {
        let restored = facts.incident.clocks.restoredAt
        var table = DocumentTable("Set at (\(.zone))", "By", "ETA (\(.zone))", "Reason", "Actual")
        let said = facts.byTime.filter { recorded in
            recorded.event.as(EtaSet.self) != nil || recorded.event.as(EtaWithdrawn.self) != nil
                || recorded.event.as(UpdatePosted.self)?.eta != nil
        }
        for (place, recorded) in said.enumerated() {
            if let withdrawn = recorded.event.as(EtaWithdrawn.self) {
                table.add(
                    recorded.occurredAt.toldWithoutZone, .typed(recorded.actor.name), "taken back",
                    .typed(withdrawn.reason), "")
            }
            let isTakenBack = said.dropFirst(place + 1).first?.event.as(EtaWithdrawn.self) != nil
            let outcome = { (eta: Timestamp) -> Phrase in
                isTakenBack ? "taken back" : restored.map { comparison(of: $0, with: eta) } ?? "not restored yet"
            }
            if let update = recorded.event.as(UpdatePosted.self), let eta = update.eta {
                table.add(
                    recorded.occurredAt.toldWithoutZone, .typed(recorded.actor.name), eta.toldWithoutZone,
                    "told with an update",
                    outcome(eta))
            }
            guard let set = recorded.event.as(EtaSet.self) else { continue }
            table.add(
                recorded.occurredAt.toldWithoutZone,
                set.source == .plan ? "restoration plan" : .typed(recorded.actor.name),
                set.eta.toldWithoutZone, .typed(set.reason ?? ""), outcome(set.eta))
        }
        return table.isEmpty ? [] : [facts.heading("ETAs set"), table.block(in: facts.speech)]
    }
}
