import FoundationEssentials
import Testing

/// Incidents that others have had, entered with their real times: the review's durations are the recorded ones.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct ReplayTests {
    /// Recorded from public status pages; beside the repository on the machines that have it, and never in it.
    private static let corpus = Files.parent(Files.package) + "/shared/corpus/incidents/replay-open.json"

    @Test func `incidents in the format of the corpus are replayed with their times`() async throws {
        try await replay(RecordedIncident.fixtures.map(RecordedIncident.init))
    }

    @Test(.enabled("the corpus of recorded incidents is not on this machine") { Files.exists(corpus) })
    func `recorded incidents are replayed with their times`() async throws {
        let document = try JSON(Files.text(Self.corpus).utf8)
        let incidents = try document["incidents"].items.map(RecordedIncident.init)
        #expect(incidents.count >= 30)
        try await replay(incidents)
    }

    @Test func `phases that are left years late change no duration`() async throws {
        try await replay(RecordedIncident.fixtures.map(RecordedIncident.init).filter { !$0.isPlanned }, isLate: true)
    }

    @Test(.enabled("the corpus of recorded incidents is not on this machine") { Files.exists(corpus) })
    func `recorded incidents whose phases are left years late have the recorded durations`() async throws {
        let document = try JSON(Files.text(Self.corpus).utf8)
        let incidents = try document["incidents"].items.map(RecordedIncident.init).filter { incident in
            !incident.isPlanned && incident.updates.contains { $0.status == "monitoring" }
        }
        #expect(incidents.count >= 3)
        try await replay(Array(incidents.prefix(3)), isLate: true)
    }

    private func replay(_ incidents: [RecordedIncident], isLate: Bool = false) async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            let slugs = Set(incidents.flatMap(\.slugs)).sorted()
            try await api.put(
                "/v1/components", ["components": .array(slugs.map { ["slug": .string($0), "tier": 1] })]
            ).expect(200)
            for incident in incidents {
                let path = try await Replay(api: api, incident: incident, isLate: isLate).run()
                try await check(incident, path, api)
            }
            let verified = try await daemon.run("verify")
            #expect(verified.status == 0, "\(verified)")
            #expect(verified.output.hasPrefix("\(incidents.count) incidents"))
        }
    }

    private func check(_ recorded: RecordedIncident, _ path: String, _ api: API) async throws {
        let incident = try await api.get(path).expect(200)
        let review = try await api.get(path + "/review.json").expect(200)
        for (name, expected) in recorded.expected {
            let seconds = try #require(expected, "\(recorded.id) does not say its \(name)")
            #expect(incident["durations"][name].number == seconds, "\(recorded.id): \(name) of the incident")
            #expect(review["durations"][name].number == seconds, "\(recorded.id): \(name) of the review")
        }
        let notes = try await api.all(path + "/timeline").filter { $0["kind"] == "note_added" }
        #expect(
            notes.compactMap { Moment.date($0["occurred_at"].string) } == recorded.updates.map { Moment.date($0.at) })
    }
}
