/// What stands at the top of a review: what somebody reads who reads one page.
package struct ReviewHead: Hashable, Sendable {
    /// The worst impact and its length, then the whole, as in `Major outage for 2 h 3 min, impact for 5 h in all`; nil where nothing
    /// was harmed.
    package let impact: String?
    /// As in `12,000 users, 40 businesses`; nil when nobody counted them.
    package let people: String?
    /// As in `EUR 12,500`; nil when nobody said.
    package let money: String?
    /// The cause in one sentence.
    package let cause: String
    /// What is done about it, the required ones first: at most `actionsMax` of them.
    package let actions: [String]
    /// How many more there are.
    package let moreActions: Int

    private static let actionsMax = 5
    /// Characters of the evidence that the cause's sentence has.
    private static let evidenceMax = 300

    package init(of incident: Incident, impacts: ImpactHistory, in speech: Speech) {
        impact = Self.impact(impacts, of: incident).map { speech($0.capitalizedFirst) }
        let counted = incident.audiences.sorted { Self.rank($0.audience) < Self.rank($1.audience) }
        let people = counted.compactMap { audience -> Phrase? in
            audience.people.map { "\(.number($0)) \(audience.audience.phrase)" }
        }
        self.people = people.isEmpty ? nil : speech(people.joined(separator: ", "))
        let money = counted.compactMap { audience -> String? in
            audience.money.map { "\(audience.currency ?? "") \(speech.text(money: $0))".onOneLine }
        }
        self.money = money.isEmpty ? nil : money.joined(separator: ", ")
        cause = speech(Self.cause(incident))
        let open = incident.actions.filter { !$0.isStruck && $0.state != .dropped }
        let ranked = open.enumerated().sorted { one, other in
            (one.element.required ? 0 : 1, one.offset) < (other.element.required ? 0 : 1, other.offset)
        }.map(\.element)
        actions = ranked.prefix(Self.actionsMax).map { speech(Self.text($0)) }
        moreActions = max(0, ranked.count - Self.actionsMax)
    }

    /// The worst that it did and for how long, then the whole. What was waived counts until then, and is named apart.
    static func impact(_ impacts: ImpactHistory, of incident: Incident) -> Phrase? {
        guard let worst = impacts.worst else { return nil }
        let down = Set(incident.impacts.filter(\.isOngoing).map(\.component))
        let waived = Set(incident.steps.filter { $0.state == .waived }.map(\.slug)).intersection(down)
        let note: Phrase =
            switch waived.count {
            case 0: ""
            case 1: "; 1 component waived"
            case let count: "; \(count) components waived"
            }
        let (own, whole) = (impacts.length(at: worst), impacts.length())
        let length: Phrase =
            own.isOngoing ? "\(worst.phrase) ongoing" : "\(worst.phrase) for \(.duration(own.seconds))"
        let rest: Phrase =
            whole == own
            ? "" : whole.isOngoing ? ", impact ongoing" : ", impact for \(.duration(whole.seconds)) in all"
        return "\(length)\(rest)\(note)"
    }

    private static func cause(_ incident: Incident) -> Phrase {
        guard let cause = incident.cause else {
            return incident.hypotheses.isEmpty
                ? "Cause not recorded." : "Cause not known: what was suspected was refuted."
        }
        let evidence = Phrase.stored((cause.evidence ?? "").onOneLine, .reason)
        let text: Phrase = "\(cause.name.capitalizedFirst), \(cause.confidence.phrase)"
        return evidence.isEmpty ? "\(text)." : "\(text): \(.shaped(evidence, .cut(evidenceMax)).sentence)"
    }

    /// As in `Players back off between retries (Ron, due 2026-12-24, in progress)`.
    private static func text(_ action: ActionItem) -> Phrase {
        let facts: [Phrase] = [
            action.owner.map { .typed($0.onOneLine) } ?? "no owner",
            action.due.map { "due \(.date($0))" } ?? "no due date", action.state.phrase,
        ]
        return "\(action.title.onOneLine) (\(facts.joined(separator: ", ")))"
    }

    private static func rank(_ audience: Audience) -> Int {
        Audience.allCases.firstIndex(of: audience) ?? 0
    }
}

extension ReviewDocument {
    package var head: ReviewHead { ReviewHead(of: incident, impacts: impacts, in: speech) }
}

extension ImpactHistory {
    /// The worst level that anything stood at, over time: stretches that follow each other, without those of no harm.
    package var worstOverTime: [Stretch] {
        let all = stretches.values.flatMap(\.self)
        var changes: [(at: Timestamp, level: ImpactLevel, isBegin: Bool)] = []
        for stretch in all {
            changes.append((stretch.begin, stretch.level, true))
            if let end = stretch.end { changes.append((end, stretch.level, false)) }
        }
        changes.sort { $0.at < $1.at }
        var counts: [ImpactLevel: Int] = [:]
        var found: [Stretch] = []
        var current: (level: ImpactLevel, since: Timestamp)?
        var place = 0
        while place < changes.count {
            let moment = changes[place].at
            while place < changes.count, changes[place].at == moment {
                counts[changes[place].level, default: 0] += changes[place].isBegin ? 1 : -1
                place += 1
            }
            let worst = counts.filter { $0.value > 0 }.keys.max { $0.rank < $1.rank }
            guard worst != current?.level else { continue }
            if let current {
                found.append(Stretch(level: current.level, regions: [], begin: current.since, end: moment))
            }
            current = worst.map { ($0, moment) }
        }
        if let current { found.append(Stretch(level: current.level, regions: [], begin: current.since, end: nil)) }
        return found
    }
}
