// MARK: - Communication

extension ReviewDraft {
    /// Who was told what, when, by whom; what was corrected, what came late, and what was said of the end.
    static func communication(_ facts: ReviewFacts) -> [DocumentBlock] {
        let updates = UpdateHistory.make(facts.timeline)
        let published = updates.filter { $0.state == .published && $0.corrects == nil }
        guard !published.isEmpty else { return [.line("No update was published.")] + late(facts) + etas(facts) }
        var table = DocumentTable("No.", "Published (UTC)", "Audience", "Update", "By", "Approved by")
        for update in published {
            guard let first = update.versions.first else { continue }
            table.add(
                String(update.id), first.publishedAt.dateAndTime, audience(update), first.body.onOneLine,
                update.authors.joined(separator: ", "), update.approvedBy ?? "")
        }
        return [table.block] + corrections(published, updates) + unpublished(updates) + late(facts) + etas(facts)
    }

    private static func audience(_ update: UpdateRecord) -> String {
        var notes: [String] = []
        if update.isPublic { notes.append("public") }
        if let language = update.versions.first?.language, language != LanguageTag.standard { notes.append(language) }
        return update.audience + (notes.isEmpty ? "" : " (\(notes.joined(separator: ", ")))")
    }

    private static func corrections(_ published: [UpdateRecord], _ all: [UpdateRecord]) -> [DocumentBlock] {
        let lines = published.flatMap { update in
            update.versions.dropFirst().map { version in
                let approver = all.first {
                    $0.corrects == update.id && $0.versions.last?.publishedAt == version.publishedAt
                }?.approvedBy
                return
                    "Update \(update.id), \(version.publishedAt.toTheSecond), \(version.publishedBy)"
                    + "\(approver.map { ", approved by \($0)" } ?? ""): \(version.body.sentence)".giving(version.reason)
            }
        }
        return lines.isEmpty ? [] : [.heading("Corrections"), .bullets(lines)]
    }

    private static func unpublished(_ updates: [UpdateRecord]) -> [DocumentBlock] {
        let lines = updates.compactMap { update -> String? in
            switch update.state {
            case .published: nil
            case .withdrawn: "Update \(update.id) to \(update.audience): withdrawn.".giving(update.reason)
            case .draft, .scheduled: "Update \(update.id) to \(update.audience): not published."
            }
        }
        return lines.isEmpty ? [] : [.heading("Drafts that were not published"), .bullets(lines)]
    }

    private static func late(_ facts: ReviewFacts) -> [DocumentBlock] {
        let lines = facts.timeline.compactMap { $0.event.as(UpdateOverdue.self)?.sentence }
        return lines.isEmpty ? [] : [.heading("Late updates"), .bullets(lines)]
    }

    private static func etas(_ facts: ReviewFacts) -> [DocumentBlock] {
        let restored = facts.incident.clocks.restoredAt
        var table = DocumentTable("Set at (UTC)", "By", "ETA (UTC)", "Reason", "Actual")
        let said = facts.byTime.filter { recorded in
            recorded.event.as(EtaSet.self) != nil || recorded.event.as(EtaWithdrawn.self) != nil
                || recorded.event.as(UpdatePosted.self)?.eta != nil
        }
        for (place, recorded) in said.enumerated() {
            if let withdrawn = recorded.event.as(EtaWithdrawn.self) {
                table.add(recorded.occurredAt.dateAndTime, recorded.actor.name, "taken back", withdrawn.reason, "")
            }
            let isTakenBack = said.dropFirst(place + 1).first?.event.as(EtaWithdrawn.self) != nil
            let outcome = { (eta: Timestamp) in
                isTakenBack ? "taken back" : restored.map { comparison(of: $0, with: eta) } ?? "not restored yet"
            }
            if let update = recorded.event.as(UpdatePosted.self), let eta = update.eta {
                table.add(
                    recorded.occurredAt.dateAndTime, recorded.actor.name, eta.dateAndTime, "told with an update",
                    outcome(eta))
            }
            guard let set = recorded.event.as(EtaSet.self) else { continue }
            table.add(
                recorded.occurredAt.dateAndTime, set.source == .plan ? "restoration plan" : recorded.actor.name,
                set.eta.dateAndTime, set.reason ?? "", outcome(set.eta))
        }
        return table.isEmpty ? [] : [.heading("ETAs set"), table.block]
    }
}
