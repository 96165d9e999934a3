import FoundationEssentials
import IncidentDomain

/// How the bodies of the incident routes are read.
enum IncidentBodies {
    static func open(_ body: inout BodyReader) -> OpenIncident {
        OpenIncident(
            title: body.string("title", 1...300), summary: body.optionalString("summary", 1...10_000),
            severity: body.optionalEnumeration("severity"),
            impacts: body.optionalArray("components", max: 1000) { item in
                impact(&item, component: item.string("component", 1...64))
            } ?? [],
            cause: body.optionalObject("cause", cause),
            startedAt: body.optionalTime("started_at"), labels: body.optionalLabels("labels") ?? [:])
    }

    static func impact(_ body: inout BodyReader, component: String) -> ComponentImpact {
        ComponentImpact(
            component: component, impact: body.enumeration("impact"),
            regions: body.optionalStrings("regions", max: 200, 1...64) ?? [],
            startedAt: body.optionalTime("started_at"), endedAt: body.optionalTime("ended_at"),
            deliberate: body.optionalBool("deliberate") ?? false ? true : nil)
    }

    static func fact(_ body: inout BodyReader) -> IncidentFact {
        IncidentFact(
            kind: body.enumeration("kind"), text: body.string("text", 1...2000),
            value: body.optionalNumber("value", -1e15...1e15), unit: body.optionalString("unit", 1...40),
            until: body.optionalTime("until"), reason: body.optionalString("reason", 1...2000),
            source: body.optionalString("source", 1...2000), by: body.optionalString("by", 1...200),
            component: body.optionalString("component", 1...64), detection: body.optionalEnumeration("detection"),
            incident: body.optionalJSON("incident") == nil ? nil : body.incidentNumber("incident"))
    }

    static func cause(_ body: inout BodyReader) -> CauseHypothesis {
        CauseHypothesis(
            category: body.enumeration("category"), subcategory: body.optionalEnumeration("subcategory"),
            confidence: body.optionalEnumeration("confidence") ?? .suspected,
            evidence: body.optionalString("evidence", 1...10_000), role: body.optionalEnumeration("role"),
            component: body.optionalString("component", 1...64), change: body.optionalString("change", 1...200))
    }

    static func amendment(_ body: inout BodyReader) -> IncidentAmendment {
        let isWithoutSummary = body.isNull("summary")
        let summary = body.optionalString("summary", 1...10_000)
        return IncidentAmendment(
            title: body.optionalString("title", 1...300), summary: isWithoutSummary ? "" : summary,
            severity: body.optionalEnumeration("severity"), labels: body.optionalLabels("labels"),
            startedAt: body.optionalTime("started_at"))
    }

    /// Clocks that are absent stay as they are; null takes a correction back.
    static func timesCorrection(_ body: inout BodyReader) -> TimesCorrection {
        var statements: [TimesCorrection.Statement] = []
        for clock in IncidentClock.allCases {
            let isCleared = body.isNull(clock.field)
            let moment = body.optionalTime(clock.field)
            if isCleared || moment != nil { statements.append(TimesCorrection.Statement(clock, moment)) }
        }
        return TimesCorrection(statements, reason: body.string("reason", 1...2000))
    }

    static func audience(_ body: inout BodyReader, _ audience: Audience) -> AudienceImpact {
        let people = body.optionalInteger("people", 0...100_000_000_000)
        let money = body.optionalNumber("money", 0...1e15)
        let currency = body.optionalString("currency", 3...3)
        if money != nil { body.require("currency", "is required together with money, as in EUR") }
        if let currency, !currency.utf8.allSatisfy({ (65...90).contains($0) }) {
            body.refuse("currency", "should be an ISO 4217 code such as EUR")
        }
        return AudienceImpact(
            audience: audience, description: body.string("description", 1...5000), people: people, money: money,
            currency: currency, reports: body.optionalInteger("reports", 0...100_000_000_000))
    }

    static func mitigation(_ body: inout BodyReader) -> MitigationDraft {
        MitigationDraft(
            description: body.string("description", 1...2000), kind: body.optionalString("kind", 1...64),
            owner: body.optionalString("owner", 1...200), state: body.optionalEnumeration("state") ?? .planned,
            inForce: body.optionalBool("in_force"), reason: body.optionalString("reason", 1...2000))
    }

    static func mitigationPatch(_ body: inout BodyReader) -> MitigationPatch {
        MitigationPatch(
            description: body.optionalString("description", 1...2000), kind: body.optionalString("kind", 1...64),
            owner: body.optionalString("owner", 1...200), state: body.optionalEnumeration("state"),
            inForce: body.optionalBool("in_force"), startedAt: body.optionalTime("started_at"),
            endedAt: body.optionalTime("ended_at"), reason: body.optionalString("reason", 1...2000))
    }

    static func action(_ body: inout BodyReader) -> ActionDraft {
        ActionDraft(
            title: body.string("title", 1...500), kind: body.enumeration("kind"),
            owner: body.optionalString("owner", 1...200), due: day("due", &body),
            required: body.optionalBool("required") ?? true, priority: body.optionalEnumeration("priority"),
            link: link(&body), answers: body.optionalInteger("answers", 1...1_000_000_000))
    }

    static func actionPatch(_ body: inout BodyReader) -> ActionPatch {
        ActionPatch(
            title: body.optionalString("title", 1...500), kind: body.optionalEnumeration("kind"),
            owner: body.optionalString("owner", 1...200), due: day("due", &body),
            required: body.optionalBool("required"), state: body.optionalEnumeration("state"),
            priority: body.optionalEnumeration("priority"), link: link(&body),
            answers: body.optionalInteger("answers", 1...1_000_000_000))
    }

    /// Where something is tracked: an address that a browser opens.
    private static func link(_ body: inout BodyReader) -> String? {
        guard let text = body.optionalString("link", 1...2000) else { return nil }
        let isAddress = text.hasPrefix("https://") || text.hasPrefix("http://")
        if !isAddress || text.contains(where: \.isWhitespace) {
            body.refuse("link", "should be an address such as https://tracker.example/4711")
        }
        return text
    }

    /// The sections that are written, and the ids of those of which what was written is dropped.
    static func sections(_ body: inout BodyReader) -> (written: [EditedSection], dropped: [String]) {
        var dropped: [String] = []
        let written = body.optionalArray("sections", max: 100) { item -> EditedSection? in
            let id = item.string("id", 1...64)
            if !Identifiers.isSlug(id) { item.refuse("id", "should be lower-case letters, digits, - and _") }
            let title = item.optionalString("title", 1...200)
            if item.has("markdown"), item.isNull("markdown") {
                dropped.append(id)
                return nil
            }
            return EditedSection(
                id: id, title: title, markdown: item.string("markdown", 0...100_000, trims: false))
        }
        return (written?.compactMap(\.self) ?? [], dropped)
    }

    /// A calendar day, as in `2026-12-24`.
    private static func day(_ field: String, _ body: inout BodyReader) -> String? {
        guard let text = body.optionalString(field, 1...40) else { return nil }
        if text.utf8.count != 10 || Timestamp("\(text)T00:00:00Z") == nil {
            body.refuse(field, "should be a day such as 2026-12-24")
        }
        return text
    }
}
