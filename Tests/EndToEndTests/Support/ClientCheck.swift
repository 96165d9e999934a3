import Testing

/// What a client's user looks at in the end.
extension API {
    /// Makes a source of a kind, and returns its key. Needs an admin.
    func makeKey(_ kind: String) async throws -> String {
        let source = try await post("/v1/sources", ["name": "the \(kind)", "kind": .string(kind)]).expect(201)
        return try #require(source["key"].string)
    }

    /// Waits until these are all alerts but the filler's, by identity: status and occurrences, as `firing 2`.
    func wantAlerts(_ wanted: [String: String], sourceLocation: SourceLocation = #_sourceLocation) async throws {
        var found: [String: String] = [:]
        do {
            try await Eventually.holds("the alerts \(wanted)") {
                let alerts = try await all("/v1/alerts").filter { $0["labels"]["alertname"] != "filler" }
                let states = alerts.map { alert in
                    (
                        alert["identity"].string ?? "",
                        "\(alert["status"].string ?? "?") \(alert["occurrences"].int ?? -1)"
                    )
                }
                found = Dictionary(states) { "\($0) and \($1)" }
                return found == wanted
            }
        } catch {
            Issue.record("the alerts are \(found)", sourceLocation: sourceLocation)
            throw error
        }
    }

    /// Waits until there is one incident beside the filler's, still in `detect`, with so many alerts.
    func wantIncident(
        firing: Int, of total: Int, isAcknowledged: Bool = false, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        var found: [JSON] = []
        do {
            try await Eventually.holds("an incident with \(firing) of \(total) alerts firing") {
                found = try await all("/v1/incidents").filter { $0["labels"]["alertname"] != "filler" }
                guard found.count == 1, let number = found[0]["number"].int else { return false }
                let incident = try await get("/v1/incidents/\(number)").expect(200)
                found = [incident]
                return incident["phase"] == "detect" && incident["alerts"]["firing"].int == firing
                    && incident["alerts"]["total"].int == total
                    && (incident["times"]["acknowledged_at"] != .null) == isAcknowledged
            }
        } catch {
            Issue.record("the incidents are \(found)", sourceLocation: sourceLocation)
            throw error
        }
    }
}
