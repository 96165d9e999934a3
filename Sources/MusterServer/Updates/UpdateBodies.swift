import FoundationEssentials
import IncidentDomain

/// How the bodies of the routes of updates are read.
enum UpdateBodies {
    /// A text that goes out as it is.
    static func content(_ body: inout BodyReader) -> UpdateContent {
        UpdateContent(
            audience: audience(&body), isPublic: body.optionalBool("public"),
            language: language(&body) ?? LanguageTag.standard, body: body.string("body", 1...10_000),
            eta: body.optionalTime("eta"), steps: steps(&body) ?? [], nextUpdateAt: body.optionalTime("next_update_at"))
    }

    /// A draft; without a `body`, `template` names what it is written from, and beside one, what it was.
    struct Draft {
        let content: UpdateContent
        let template: String?
        let isWritten: Bool
        let hasSteps: Bool
        let publishAt: Timestamp?
        let corrects: Int?

        init(_ body: inout BodyReader) {
            let template = body.optionalString("template", 1...64)
            let text = body.optionalString("body", 1...10_000)
            if template == nil, text == nil { body.refuse("body", "is required, or a template instead of it") }
            let steps = UpdateBodies.steps(&body)
            content = UpdateContent(
                audience: UpdateBodies.audience(&body), isPublic: body.optionalBool("public"),
                language: UpdateBodies.language(&body) ?? LanguageTag.standard, body: text ?? "",
                eta: body.optionalTime("eta"), steps: steps ?? [], nextUpdateAt: body.optionalTime("next_update_at"))
            self.template = template
            isWritten = text != nil
            hasSteps = steps != nil
            publishAt = body.optionalTime("publish_at")
            corrects = body.optionalInteger("corrects", 1...IncidentLimits.updates)
        }
    }

    /// What is absent stays; a time that is null is taken out.
    static func patch(_ body: inout BodyReader) -> UpdatePatch {
        let cleared = cleared(UpdatePatch.Time.allCases, &body)
        return UpdatePatch(
            isPublic: body.optionalBool("public"), language: language(&body),
            body: body.optionalString("body", 1...10_000),
            eta: body.optionalTime("eta"), steps: steps(&body), nextUpdateAt: body.optionalTime("next_update_at"),
            publishAt: body.optionalTime("publish_at"), cleared: cleared)
    }

    private static func cleared(_ times: [UpdatePatch.Time], _ body: inout BodyReader) -> Set<UpdatePatch.Time> {
        Set(times.filter { body.isNull($0.rawValue) })
    }

    /// The whole text that is right, steps included. The expected end stays unless it is null.
    static func correction(_ body: inout BodyReader) -> UpdateChange {
        let cleared = cleared([.eta], &body)
        return .correct(
            UpdatePatch(
                isPublic: body.optionalBool("public"), language: language(&body), body: body.string("body", 1...10_000),
                eta: body.optionalTime("eta"), steps: steps(&body), cleared: cleared,
                audience: body.optionalEnumeration("audience", of: AudienceWord.self)?.audience),
            reason: body.optionalString("reason", 1...2_000), publishedAt: body.optionalTime("published_at"))
    }

    /// A time, or that the plan says it, or null, which takes back what was said.
    static func eta(_ body: inout BodyReader) -> IncidentCommand {
        let source: EtaSource = body.optionalEnumeration("source") ?? .person
        if source == .person, body.isNull("eta") {
            _ = body.optionalTime("eta")
            return .withdrawEta(reason: body.string("reason", 1...2_000))
        }
        let reason = body.optionalString("reason", 1...2_000)
        switch source {
        case .person:
            return .setEta(body.time("eta"), reason: reason)
        case .plan:
            if body.optionalTime("eta") != nil { body.refuse("eta", "is what the plan says; leave it out") }
            return .setEta(nil, reason: reason)
        }
    }

    static let stepsMax = 20
    static let stepLength = 1...500

    /// Whose steps follow those that are typed.
    static func guide(_ body: inout BodyReader) -> HelpQuestion? {
        body.optionalObject("guide") { item in
            HelpQuestion(
                symptom: item.optionalString("symptom", 1...64), platform: item.optionalString("platform", 1...64))
        }
    }

    private static func steps(_ body: inout BodyReader) -> [String]? {
        body.optionalStrings("steps", max: stepsMax, stepLength)
    }

    /// What a body may say: the audiences, and the two words that earlier releases used.
    private enum AudienceWord: String, CaseIterable {
        case users, creators, businesses, staff, regulators
        case staffBefore = "internal"
        case usersBefore = "public"

        var audience: UpdateAudience { UpdateAudience(word: rawValue) ?? .staff }
    }

    private static func audience(_ body: inout BodyReader) -> UpdateAudience {
        body.enumeration("audience", of: AudienceWord.self).audience
    }

    private static func language(_ body: inout BodyReader) -> String? {
        guard let text = body.optionalString("language", 1...35) else { return nil }
        guard let tag = LanguageTag.read(text) else {
            body.refuse("language", "should be a language tag (BCP 47) such as en or pt-BR")
            return nil
        }
        return tag
    }
}
