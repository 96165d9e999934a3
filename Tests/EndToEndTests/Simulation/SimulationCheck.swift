import Testing

/// Compares what the clients were told with what the timelines hold.
struct SimulationCheck {
    let report: Simulation.Report
    let incidents: [JSON]
    /// By incident, oldest first.
    let timelines: [Int: [JSON]]

    init(_ report: Simulation.Report, _ api: API) async throws {
        self.report = report
        incidents = try await api.all("/v1/incidents")
        var timelines: [Int: [JSON]] = [:]
        for incident in incidents {
            let number = try #require(incident["number"].int)
            timelines[number] = try await api.all("/v1/incidents/\(number)/timeline")
        }
        self.timelines = timelines
    }

    /// The version counts the entries, which count from one without a gap.
    func checkVersions() {
        for incident in incidents {
            let entries = timelines[incident["number"].int ?? 0] ?? []
            #expect(entries.map { $0["sequence"].int } == Array(1...max(entries.count, 1)))
            #expect(incident["version"].int == entries.count, "INC-\(incident["number"])")
        }
    }

    /// The feed had every entry once, those of an incident in their order.
    func checkFeed() {
        var next: [Int: Int] = [:]
        for event in report.follower.events {
            let expected = next[event.incident] ?? 1
            #expect(
                event.sequence == expected, "INC-\(event.incident): \(event.sequence) came when \(expected) was due")
            next[event.incident] = event.sequence + 1
        }
        for (number, entries) in timelines {
            #expect(next[number] == entries.count + 1, "INC-\(number): the feed ended at \(next[number] ?? 1)")
        }
    }

    /// Each command left what its answer said, and nothing else did.
    func checkCommands() {
        var traces: [String: [JSON]] = [:]
        for entry in timelines.values.joined() where isOfClient(entry) {
            traces[entry["occurred_at"].string ?? "", default: []].append(entry)
        }
        for (mark, entry) in report.ledger.entries {
            check(entry, trace: traces.removeValue(forKey: mark) ?? [])
        }
        // What one merge does to the other incident, and what has no body to carry a mark, is all that is left.
        let rest = traces.values.joined().filter { entry in
            !Self.unmarked.contains(entry["kind"].string ?? "") && !isOfMerge(entry)
        }
        #expect(rest.isEmpty, "nobody asked for \(rest)")
    }

    private static let unmarked: Set = ["incident_absorbed", "step_regressed", "plan_revised"]

    /// Whether it came with what a merge took over, in one step.
    private func isOfMerge(_ entry: JSON) -> Bool {
        timelines[entry["incident"].int ?? 0]?.contains { absorbed in
            absorbed["kind"] == "incident_absorbed" && absorbed["actor"] == entry["actor"]
                && absorbed["recorded_at"] == entry["recorded_at"]
                && (absorbed["sequence"].int ?? 0) < (entry["sequence"].int ?? 0)
        } ?? false
    }

    private func isOfClient(_ entry: JSON) -> Bool {
        entry["actor"].string?.hasPrefix("client-") == true
    }

    private func check(_ entry: Ledger.Entry, trace: [JSON]) {
        let context: Comment = "\(entry.client): \(entry.command), \(entry.outcome), left \(trace)"
        let sequences = trace.compactMap { $0["sequence"].int }
        #expect(Set(trace.map { $0["incident"] }).count <= 1, context)
        #expect(trace.allSatisfy { $0["actor"] == .string(entry.client) }, context)
        if let first = sequences.first, let last = sequences.last {
            #expect(sequences == Array(first...last), context)
        }
        switch entry.outcome {
        case .refused: #expect(trace.isEmpty, context)
        case .unknown: break
        case .accepted(let incident, let version, let isFirst):
            #expect(trace.allSatisfy { $0["incident"].int == incident }, context)
            // A review is read anew for the answer, and may show more by then.
            let isOwn = isFirst && !entry.command.path.contains("/review")
            if let last = sequences.last { #expect(isOwn ? last == version : last <= version, context) }
        }
        if let kind = entry.command.appends {
            let count = trace.filter { $0["kind"] == .string(kind) }.count
            switch entry.outcome {
            case .refused: break
            case .unknown: #expect(count <= 1, context)
            case .accepted: #expect(count == 1, context)
            }
        }
    }

    /// One incident for each group, every firing one alert, in the state that was told last.
    func checkAlerts(_ api: API) async throws {
        let alerts = try await api.all("/v1/alerts?source=\(report.source)")
        let opened = timelines.values.filter { $0.first?["data"]["origin"] == "alert" }.count
        #expect(opened == report.alerts.count, "\(opened) incidents for \(report.alerts.count) groups")
        var owners: Set<JSON> = []
        for (group, instances) in report.alerts {
            let ofGroup = alerts.filter { $0["labels"]["alertname"] == .string(group) }
            let owner = Set(ofGroup.map { $0["incident"] })
            #expect(owner.count == 1, "\(group) went to \(owner)")
            owners.formUnion(owner)
            for (instance, expected) in instances {
                let found = ofGroup.filter { $0["labels"]["instance"] == .string(instance) }
                #expect(found.count == expected.firings, "\(group)/\(instance): \(found)")
                let firing = found.filter { $0["status"] != "resolved" }.count
                #expect(firing == (expected.isFiring ? 1 : 0), "\(group)/\(instance): \(found)")
            }
            let firing = instances.values.filter(\.isFiring).count
            let incident = incidents.first { owner.contains($0["number"]) }
            #expect(incident?["alerts"]["firing"].int == firing, "\(group)")
            #expect(incident?["alerts"]["total"].int == ofGroup.count, "\(group)")
        }
        #expect(owners.count == report.alerts.count)
    }
}
