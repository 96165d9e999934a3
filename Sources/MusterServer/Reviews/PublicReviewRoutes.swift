import HTTPTypes
import IncidentDomain

/// The public version of a review: what it has, and its approval.
struct PublicReviewRoutes: Sendable {
    let reviews: ReviewDesk

    var routes: [Route] {
        [
            Route(
                .put, "/v1/incidents/{id}/review/public", role: .responder, "setPublicReview", body: .json,
                isConditional: true, handler: set),
            Route(
                .post, "/v1/incidents/{id}/review/public/approve", role: .responder, "approvePublicReview",
                body: .optionalJSON, isConditional: true, handler: approve),
            Route(
                .get, "/v1/incidents/{id}/review.public.json", role: .viewer, "getPublicReviewJSON",
                query: ReviewManner.parameters
            ) { request in try await answer(request, as: .json) },
            Route(
                .get, "/v1/incidents/{id}/review.public.md", role: .viewer, "getPublicReviewMarkdown",
                query: ReviewManner.parameters
            ) { request in try await answer(request, as: .markdown) },
            Route(
                .get, "/v1/incidents/{id}/review.public.html", role: .viewer, "getPublicReviewHTML",
                query: ReviewManner.parameters
            ) { request in try await answer(request, as: .html) },
        ]
    }

    private func set(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        var body = try request.fields()
        let sections = body.optionalStrings("sections", max: PublicReview.sectionsMax, 1...64)
        for id in sections ?? [] where !Identifiers.isSlug(id) {
            body.refuse("sections", "should be ids of sections, and \(id) is none")
        }
        let replacements =
            body.optionalArray("replace", max: PublicReview.replacementsMax) { item in
                TextReplacement(text: item.string("text", 1...200), with: item.optionalString("with", 1...200) ?? "…")
            } ?? []
        let title = body.optionalString("title", 1...300)
        let context = try CommandContext(request, &body)
        let command = IncidentCommand.setPublicReview(
            sections: sections ?? PublicReview.standardSections, replacements: replacements, title: title,
            offered: try await reviews.templateSections(of: number))
        _ = try await reviews.desk.handle(command, on: number, context)
        return try await answer(number, as: .json)
    }

    private func approve(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        var body = try request.fields()
        _ = try await reviews.approvePublic(number, try CommandContext(request, &body))
        return try await answer(number, as: .json)
    }

    private func answer(_ request: RequestContext, as form: ReviewForm) async throws -> Answer {
        try await answer(try request.incidentNumber(), as: form, in: try ReviewManner(request))
    }

    private func answer(
        _ number: Int, as form: ReviewForm, in manner: ReviewManner = .usual
    ) async throws -> Answer {
        let written = try await reviews.writePublic(number, as: form, in: manner)
        switch form {
        case .json: return .json(written.bytes, version: written.version)
        case .markdown: return Answer(.ok, written.bytes, type: "text/markdown; charset=utf-8")
        case .html: return .page(written.bytes)
        }
    }
}
