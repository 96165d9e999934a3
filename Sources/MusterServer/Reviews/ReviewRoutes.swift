import HTTPTypes
import IncidentDomain

/// The post-incident review: read in five forms, edited as revisions, approved.
struct ReviewRoutes: Sendable {
    let reviews: ReviewDesk
    let pdf: PDFProgram

    var routes: [Route] {
        [
            Route(
                .get, "/v1/incidents/{id}/review", role: .viewer, "getReview", query: ReviewManner.parameters,
                handler: json),
            Route(
                .post, "/v1/incidents/{id}/review", role: .responder, "startReview", body: .optionalJSON,
                isConditional: true, handler: start),
            Route(
                .put, "/v1/incidents/{id}/review", role: .responder, "reviseReview", body: .json, isConditional: true,
                handler: revise),
            Route(
                .post, "/v1/incidents/{id}/review/approve", role: .responder, "approveReview", body: .optionalJSON,
                isConditional: true, handler: approve),
            Route(
                .post, "/v1/incidents/{id}/review/sign", role: .responder, "signReview", body: .optionalJSON,
                isConditional: true, handler: sign),
            Route(
                .get, "/v1/incidents/{id}/review.json", role: .viewer, "getReviewJSON", query: ReviewManner.parameters,
                handler: json),
            Route(
                .get, "/v1/incidents/{id}/review.md", role: .viewer, "getReviewMarkdown",
                query: ReviewManner.parameters, handler: markdown),
            Route(
                .get, "/v1/incidents/{id}/review.html", role: .viewer, "getReviewHTML", query: ReviewManner.parameters,
                handler: html),
            Route(
                .get, "/v1/incidents/{id}/review.pdf", role: .viewer, "getReviewPDF", query: ReviewManner.parameters,
                handler: printed),
        ]
    }

    private func json(_ request: RequestContext) async throws -> Answer {
        try await answer(try request.incidentNumber(), in: try ReviewManner(request))
    }

    private func markdown(_ request: RequestContext) async throws -> Answer {
        let written = try await reviews.write(
            try request.incidentNumber(), as: .markdown, in: try ReviewManner(request))
        return Answer(.ok, written.bytes, type: "text/markdown; charset=utf-8")
    }

    /// The page needs nothing from outside, and the browser is told to fetch nothing.
    private func html(_ request: RequestContext) async throws -> Answer {
        let written = try await reviews.write(try request.incidentNumber(), as: .html, in: try ReviewManner(request))
        return .page(written.bytes)
    }

    /// The page as a program of the machine prints it.
    private func printed(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        let page = try await reviews.write(number, as: .html, in: try ReviewManner(request))
        var answer = Answer(.ok, try await pdf.pdf(of: page.bytes), type: "application/pdf")
        answer.headers[.contentDisposition] = "inline; filename=\"INC-\(number)-review.pdf\""
        answer.headers[.xContentTypeOptions] = "nosniff"
        return answer
    }

    private func start(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        var body = try request.fields()
        let outcome = try await reviews.start(number, try CommandContext(request, &body))
        guard outcome.firstEntry != nil else { return try await answer(number) }
        var answer = try await answer(number, status: .created)
        answer.headers[.location] = "/v1/incidents/\(number)/review"
        return answer
    }

    private func revise(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        var body = try request.fields()
        let (sections, dropped) = IncidentBodies.sections(&body)
        let status: ReviewStatus? = body.optionalEnumeration("status")
        let layout = ReviewLayout(order: Self.ids("order", &body), hidden: Self.ids("hidden", &body))
        let context = try CommandContext(request, &body)
        _ = try await reviews.revise(
            number, sections: sections, dropped: dropped, status: status, layout: layout, context)
        return try await answer(number)
    }

    private static func ids(_ field: String, _ body: inout BodyReader) -> [String]? {
        let ids = body.optionalStrings(field, max: IncidentLimits.reviewSections, 1...64)
        if let wrong = ids?.first(where: { !Identifiers.isSlug($0) }) {
            body.refuse(field, "should be ids of sections, and \(wrong) is none")
        }
        return ids
    }

    private func approve(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        var body = try request.fields()
        _ = try await reviews.approve(number, try CommandContext(request, &body))
        return try await answer(number)
    }

    private func sign(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        var body = try request.fields()
        let command = IncidentCommand.signReview(
            role: body.optionalString("as", 1...200), comment: body.optionalString("comment", 1...2000))
        _ = try await reviews.desk.handle(command, on: number, try CommandContext(request, &body))
        return try await answer(number)
    }

    private func answer(
        _ number: Int, status: HTTPResponse.Status = .ok, in manner: ReviewManner = .usual
    ) async throws -> Answer {
        let written = try await reviews.write(number, as: .json, in: manner)
        return .json(written.bytes, status: status, version: written.version)
    }
}

extension Answer {
    /// A page that fetches and runs nothing.
    static func page(_ bytes: [UInt8]) -> Answer {
        var answer = Answer(.ok, bytes, type: "text/html; charset=utf-8")
        answer.headers[.contentSecurityPolicy] =
            "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        answer.headers[.xContentTypeOptions] = "nosniff"
        return answer
    }
}

/// A form in which a review is written.
enum ReviewForm: Hashable, Sendable {
    case json, markdown, html

    /// - Parameter files: The bytes of attachments that a page shows, by their numbers.
    func bytes(of document: ReviewDocument, files: [Int: [UInt8]]) -> [UInt8] {
        switch self {
        case .json: ReviewJSON.bytes(document)
        case .markdown: Array(ReviewMarkdown.render(document).utf8)
        case .html: Array(ReviewHTML.render(document, files: files, with: Pages.shared).utf8)
        }
    }
}
