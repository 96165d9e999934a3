import HTTPTypes
import IncidentDomain

/// What the past says: how incidents ended, and how honest the expected times of restoration were.
struct StatisticsRoutes: Sendable {
    let search: EstimateSearch
    let incidents: IncidentStatisticsSearch

    /// How many incidents are shown one by one.
    private static let forecastsMax = 50

    var routes: [Route] {
        [
            Route(
                .get, "/v1/statistics/estimates", role: .viewer, "getEstimates",
                query: ["component", "limit", "cursor"], isLong: true, handler: estimates),
            Route(
                .get, "/v1/statistics/incidents", role: .viewer, "getIncidentStatistics",
                query: ["opened_after", "opened_before"], isLong: true, handler: counts),
        ]
    }

    private func counts(_ request: RequestContext) async throws -> Answer {
        var query = try request.query()
        let start = query.time("opened_after")
        let end = query.time("opened_before")
        try query.finish()
        let (total, bySeverity) = try await incidents.counts(openedAfter: start, before: end)
        let severities = Severity.allCases.map(Optional.some) + [nil]
        return .json { json in
            json.object { json in
                json.name("total")
                json.value(total)
                json.array("by_severity", severities) { json, severity in
                    json.object { json in
                        json.member("severity", severity?.rawValue)
                        (bySeverity[severity] ?? IncidentStatisticsSearch.Counts()).write(into: &json)
                    }
                }
            }
        }
    }

    private func estimates(_ request: RequestContext) async throws -> Answer {
        var query = try request.query()
        let page = query.page(of: "estimates")
        let component = query.string("component", 1...64)
        try query.finish()
        let found = try await search.components(
            after: try page.cursor?.string(0) ?? "", only: component, limit: page.limit + 1)
        let (steps, incidents) = (try await search.ofSteps(), try await search.ofIncidents())
        let forecasts = try await search.forecasts(limit: Self.forecastsMax)
        let calibration = try await search.calibration()
        return Answer.page(
            found, page, of: request, cursor: { PageCursor(list: "estimates", key: [.string($0.component)]) }
        ) { json, item in
            item.write(to: &json)
        } besides: { json in
            json.object("overall") { json in
                json.member("components", steps)
                json.member("incidents", incidents)
            }
            json.object("calibration") { json in
                json.member("samples", calibration.samples)
                json.member("bias", calibration.bias)
                json.member("spread", calibration.spread)
            }
            json.array("incidents", forecasts) { $0.value($1) }
        }
    }
}

extension EstimateSearch.Accuracy: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("predictions", predictions)
            json.member("within_median", withinMedian)
            json.member("within_p80", withinP80)
            json.member("within_p90", withinP90)
            json.member("median_error_seconds", medianErrorSeconds)
        }
    }
}

extension EstimateSearch.ComponentEstimate: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("component", component)
            json.member("samples", measured.samples)
            json.member("median_seconds", measured.medianSeconds)
            json.member("p90_seconds", measured.p90Seconds)
            json.member("in_use", measured.samples >= MeasuredDurations.leastSamples)
            json.member("accuracy", accuracy)
        }
    }
}

extension EstimateSearch.Forecast: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("incident", incident)
            json.member("made_at", madeAt)
            json.member("expected_at", expected)
            json.member("restored_at", restoredAt)
            json.member("error_seconds", restoredAt.seconds(since: expected.median))
        }
    }
}
