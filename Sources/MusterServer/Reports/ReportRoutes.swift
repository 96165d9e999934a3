import HTTPTypes
import IncidentDomain

/// What users report: taking it, from anybody, and showing it to those who work on it.
struct ReportRoutes: Sendable {
    let reports: ReportDesk
    let search: ReportSearch
    let desk: IncidentDesk
    let beside: ReportsBeside
    /// Has the page that thanks whoever reports from a page.
    let board: StatusBoard

    private static let ratesMax = 500

    var routes: [Route] {
        var sending = Route(
            .post, "/reports", role: nil, "sendReport", query: .anything, body: .foreign, handler: receive)
        sending.bodyBytesMax = ReportBody.bytesMax
        // Also what the edge refuses: else a page of another address would not learn of it.
        sending.refusalAnswer = { Self.forEveryPage($0.answer) }
        return [
            sending,
            Route(.options, "/reports", role: nil, "askAboutReports", query: .anything, handler: preflight),
            Route(.get, "/v1/reports", role: .viewer, "listReports", isLong: true, handler: list),
            Route(.get, "/v1/incidents/{id}/reports", role: .viewer, "getIncidentReports", isLong: true, handler: show),
            Route(
                .post, "/v1/incidents/{id}/reports/confirm", role: .responder, "confirmIncidentReports",
                body: .optionalJSON, isConditional: true, handler: confirm),
        ]
    }

    /// Answers the same whether the report counts or not: nobody learns what there is, or what others reported.
    private func receive(_ request: RequestContext) async throws -> Answer {
        try await reports.accept(try ReportBody.read(request), from: request)
        if AcceptedType.wantsPage(request.head.headerFields[.accept]), let thanks = thanks(request) { return thanks }
        return Self.forEveryPage(
            .json(status: .accepted) { json in
                json.object { $0.member("accepted", true) }
            })
    }

    /// The page for people; nil where there is no public page.
    private func thanks(_ request: RequestContext) -> Answer? {
        guard let snapshot = board.snapshot else { return nil }
        let language = ReaderLanguage.choose(
            request.target, request.head.headerFields[.acceptLanguage], snapshot.settings.language)
        // Without the conditions of the request, which are about another resource.
        let head = RequestHead(method: .get, path: StatusRenderer.reported)
        guard var answer = snapshot.answer(StatusRenderer.reported, language)?.answer(to: head) else { return nil }
        answer.status = .accepted
        (answer.headers[.eTag], answer.headers[.lastModified]) = (nil, nil)
        answer.headers[.cacheControl] = "no-store"
        return Self.forEveryPage(answer)
    }

    /// A status page of any address may send reports; there is nothing here that a cookie would open.
    private static func forEveryPage(_ answer: Answer) -> Answer {
        var answer = answer
        answer.headers[.accessControlAllowOrigin] = "*"
        return answer
    }

    private func preflight(_ request: RequestContext) -> Answer {
        Answer(
            .noContent,
            headers: [
                .accessControlAllowOrigin: "*", .accessControlAllowMethods: "POST, OPTIONS",
                .accessControlAllowHeaders: "Content-Type", .accessControlMaxAge: "86400",
            ])
    }

    private func list(_ request: RequestContext) async throws -> Answer {
        let rates = try await search.rates(limit: Self.ratesMax)
        return .json { json in
            json.object { json in json.array("items", rates) { $0.value($1) } }
        }
    }

    private func show(_ request: RequestContext) async throws -> Answer {
        try await answer(try await desk.current(request.incidentNumber()).incident)
    }

    /// A responder says that the reports are about this incident: from now on it counts them.
    private func confirm(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        var body = try request.fields()
        let context = try CommandContext(request, &body)
        let incident = try await desk.current(number).incident
        guard incident.phase.isOpen else {
            throw IncidentRefusal.wrongPhase(incident.phase, wanted: Phase.allCases.filter(\.isOpen))
        }
        guard let (reported, _) = try await beside.reported(incident) else {
            throw Problem.notFound("A surge of reports on what INC-\(number) affects")
        }
        let outcome = try await desk.handle(
            .countReports(try await search.series(of: reported), changedAt: reported.changedAt), on: number, context)
        return try await answer(outcome.incident)
    }

    private func answer(_ incident: Incident) async throws -> Answer {
        let found = try await beside.reported(incident)
        let course =
            if let found { try await search.course(of: found.reported) } else { ReportSearch.Course?.none }
        return .json { json in
            json.object { json in
                json.member("incident", incident.number)
                json.member("counted", found?.isCounted ?? false)
                write(course?.series, to: &json)
                json.array("symptoms", course?.symptoms ?? []) { json, part in
                    json.object { json in
                        json.member("component", part.component.isEmpty ? nil : part.component)
                        json.member("symptom", part.name)
                        json.member("reports", part.reports)
                    }
                }
                json.array("regions", course?.regions ?? []) { json, part in
                    json.object { json in
                        json.member("region", part.name.isEmpty ? nil : part.name)
                        json.member("reports", part.reports)
                    }
                }
            }
        }
    }

    private func write(_ series: ReportSeries?, to json: inout JSONWriter) {
        json.name("series")
        guard let series else { return json.literal("null") }
        json.value(series)
    }
}

extension ReportSeries: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("total", total)
            json.member("peak_per_minute", peakPerMinute)
            json.member("baseline_per_minute", baselinePerMinute)
            json.member("from", from)
            json.member("bucket_seconds", bucketSeconds)
            json.member("buckets", buckets)
        }
    }
}

extension ReportSearch.Rate: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("component", key.component.isEmpty ? nil : key.component)
            json.member("symptom", key.symptom)
            json.member("last_5_minutes", recent)
            json.member("per_minute", Double(recent) / Double(ReportBaseline.windowMinutes))
            json.member("baseline_per_minute", (mean * 100).rounded() / 100)
            json.member("deviation_per_minute", (deviation * 100).rounded() / 100)
            json.member("surging", surgingSince != nil)
            json.member("surging_since", surgingSince)
            json.member("looked_at", lookedAt)
        }
    }
}
