import FoundationEssentials
import Testing

/// Takes an outage through the API as its engineers did, up to some moment.
///
/// A plan is made at the daemon's time. So that it is looked at in the middle of a night that is over, the whole night is moved.
struct RestorationDrive: Sendable {
    let api: API
    let story: RestorationStory
    /// Seconds by which everything is moved.
    var moved: Double = 0
    private(set) var path = ""
    /// The ids of measures.
    private var measures: [String: Int] = [:]

    init(_ api: API, _ story: RestorationStory, moved: Double = 0) {
        (self.api, self.story, self.moved) = (api, story, moved)
    }

    /// Everything that was done until then.
    mutating func run(until end: Date) async throws {
        try await api.put("/v1/components", ["components": .array(story.components)]).expect(200)
        let detected = at(story.detectedAt)
        path = try await api.open(
            detected.with([
                "title": .string(story.name), "severity": "sev1", "components": .array(story.hit),
                "started_at": .string(text(story.startedAt)),
            ]))
        try await api.post(path + "/acknowledge", detected).expect(200)
        try await api.put(path + "/roles/commander", detected.with(["person": "Commander"])).expect(200)
        for _ in 0..<3 {
            let reason: JSON = "What is broken is known; why is not."
            let advance = at(story.restoringAt).with(["override": true, "reason": reason])
            try await api.post(path + "/advance", advance).expect(200)
        }
        for deed in story.deeds where deed.at <= end { try await perform(deed) }
    }

    private mutating func perform(_ deed: RestorationStory.Deed) async throws {
        let moment = at(deed.at)
        switch deed.what {
        case .hit(let component, let impact):
            try await api.put(path + "/impacts/\(component)", moment.with(impact.object ?? [:])).expect(200)
        case .step(let call, let body):
            var body = moment.with(body.object ?? [:])
            if let told = Moment.date(body["expected_at"].string) {
                body = body.with(["expected_at": .string(text(told))])
            }
            try await api.post(path + "/restoration/\(call)", body).expect(200)
        case .refused(let call, let waitsFor):
            let refused = try await api.post(path + "/restoration/\(call)", moment).problem(409, "gate-closed")
            #expect(refused["waits_for"].items.compactMap { $0["component"].string } == waitsFor, "\(call)")
        case .measure(let words):
            let measure = moment.with(["description": .string(words), "in_force": true])
            measures[words] = try await api.post(path + "/mitigations", measure).expect(201)["id"].int
        case .lift(let words):
            let id = try #require(measures[words])
            try await api.patch(path + "/mitigations/\(id)", moment.with(["in_force": false])).expect(200)
        }
    }

    /// From the last restored step to the closed incident. What stays in force is a commander's to leave so.
    func close() async throws {
        let end = at(story.endedAt)
        #expect(try await api.post(path + "/advance", end).expect(200)["phase"] == "review")
        try await api.writeReview(of: path, end)
        try await api.post(path + "/review/approve", end).expect(200)
        let refused = try await api.post(path + "/advance", end).problem(409, "requirements-unmet")
        #expect(refused["unmet"].items.compactMap { $0["requirement"].string } == ["mitigations_lifted"])
        let over = end.with(["override": true, "reason": "It stays so until it is understood."])
        #expect(try await api.post(path + "/advance", over).expect(200)["phase"] == "closed")
    }

    private func text(_ date: Date) -> String { Moment.text(date.addingTimeInterval(moved)) }
    private func at(_ date: Date) -> JSON { ["occurred_at": .string(text(date))] }
}
