import HTTPTypes
import IncidentDomain

/// What people do with a review before and after it is approved: comments, reviewers, revisions and what changed between them.
struct ReviewWorkRoutes: Sendable {
    let reviews: ReviewDesk

    private static let list = "review-revisions"

    var routes: [Route] {
        [
            route(.post, "/comments", "commentOnReview", body: .json, handler: comment),
            route(.patch, "/comments/{comment}", "settleReviewComment", body: .json, handler: settle),
            route(.put, "/reviewers", "askReviewers", body: .json, handler: ask),
            Route(
                .get, "/v1/incidents/{id}/review/revisions", role: .viewer, "listReviewRevisions",
                query: ["limit", "cursor"], isLong: true, handler: revisions),
            Route(
                .get, "/v1/incidents/{id}/review/diff", role: .viewer, "compareReviewRevisions", query: ["from", "to"],
                isLong: true, handler: difference),
        ]
    }

    private func route(
        _ method: HTTPRequest.Method, _ path: String, _ operation: String, body: Route.BodyRule,
        handler: @escaping Route.Handler
    ) -> Route {
        Route(
            method, "/v1/incidents/{id}/review\(path)", role: .responder, operation, body: body, isConditional: true,
            handler: handler)
    }

    private func comment(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        var body = try request.fields()
        let section = body.optionalString("section", 1...64)
        if let section, !Identifiers.isSlug(section) { body.refuse("section", "should be the id of a section") }
        let remark = ReviewRemark.comment(
            text: body.string("text", 1...4000), section: section,
            replyTo: body.optionalInteger("reply_to", 1...IncidentLimits.reviewComments))
        return try await reviews.answer(to: remark, on: number, try CommandContext(request, &body), status: .created)
    }

    private func settle(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        let comment = try request.number("comment", of: "Comment")
        var body = try request.fields()
        let remark = ReviewRemark.settle(comment: comment, isResolved: body.bool("resolved"))
        return try await reviews.answer(to: remark, on: number, try CommandContext(request, &body))
    }

    private func ask(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        var body = try request.fields()
        let people = body.strings("reviewers", max: IncidentLimits.reviewers, 1...200)
        return try await reviews.answer(to: .ask(reviewers: people), on: number, try CommandContext(request, &body))
    }

    private func revisions(_ request: RequestContext) async throws -> Answer {
        var query = try request.query()
        let page = query.page(of: Self.list)
        try query.finish()
        let last = try page.cursor?.integer(0)
        // The newest first: those are looked for.
        let all = try await reviews.revisions(of: try request.incidentNumber()).reversed().filter { revision in
            last.map { revision.revision < $0 } ?? true
        }
        return Answer.page(
            Array(all.prefix(page.limit + 1)), page, of: request, onwards: nil,
            cursor: { PageCursor(list: Self.list, key: [.integer($0.revision)]) }
        ) { $0.value($1) }
    }

    private func difference(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        var query = try request.query()
        let revisionsMax = IncidentLimits.entries
        let (from, to) = (query.integer("from", 0...revisionsMax), query.integer("to", 1...revisionsMax))
        try query.finish()
        let all = try await reviews.revisions(of: number)
        guard let newest = all.last?.revision else {
            throw Problem.notFound("The review of INC-\(number) (POST /v1/incidents/\(number)/review starts it)")
        }
        let wanted = (from: from ?? max(0, (to ?? newest) - 1), to: to ?? newest)
        let found = try await WorkerPool.run {
            ReviewRevision.difference(from: wanted.from, to: wanted.to, in: all)
        }
        guard let found else {
            throw Problem.notFound(
                "Revision \(all.contains { $0.revision == wanted.to } ? wanted.from : wanted.to) of the review of INC-\(number) (there are 1 to \(newest))"
            )
        }
        var json = JSONWriter(capacity: 4096)
        json.value(found)
        return .json(json.bytes)
    }
}

extension ReviewDesk {
    fileprivate func answer(
        to remark: ReviewRemark, on number: Int, _ context: CommandContext, status: HTTPResponse.Status = .ok
    ) async throws -> Answer {
        _ = try await desk.handle(.remarkOnReview(remark), on: number, context)
        let written = try await write(number, as: .json)
        var answer = Answer.json(written.bytes, status: status, version: written.version)
        if status == .created { answer.headers[.location] = "/v1/incidents/\(number)/review" }
        return answer
    }
}

// MARK: - As data

extension ReviewComment: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("number", number)
            json.member("entry", entry)
            json.member("text", text)
            json.member("section", section)
            json.member("reply_to", replyTo)
            json.member("revision", revision)
            json.member("by", by)
            json.member("at", at)
            json.member("resolved_by", resolvedBy)
        }
    }
}

extension Reviewer: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("name", name)
            json.member("signed_revision", signedRevision)
        }
    }
}

extension ReviewRevision: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("revision", revision)
            json.member("entry", entry)
            json.member("at", at)
            json.member("by", by)
            json.member("status", status.rawValue)
            json.member("approved_by", approvedBy)
            json.member("approved_at", approvedAt)
            json.array("sections", sections) { $0.value($1) }
        }
    }
}

extension ReviewDifference: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("from", from)
            json.member("to", to)
            json.array("sections", sections) { json, section in
                json.object { json in
                    json.member("id", section.id)
                    json.member("title_before", section.before?.title)
                    json.member("title", section.after?.title)
                    json.member("before", section.before?.markdown)
                    json.member("after", section.after?.markdown)
                    json.name("lines")
                    if let lines = section.lines {
                        json.array(lines) { json, line in
                            json.object { json in
                                json.member("change", line.kind.rawValue)
                                json.member("text", line.text)
                            }
                        }
                    } else {
                        json.literal("null")
                    }
                }
            }
        }
    }
}
