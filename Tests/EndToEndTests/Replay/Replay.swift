import Testing

/// Takes one recorded incident through the API at the times of the record: updates are notes, their states are phases.
struct Replay {
    let api: API
    let incident: RecordedIncident
    /// Whether phases are left today and not when the record says: what happened keeps its times.
    var isLate = false

    /// Returns the incident's path.
    func run() async throws -> String {
        let first = incident.updates.first?.at ?? incident.startedAt
        let impact: JSON = .string(Self.impact[incident.impact] ?? "degraded")
        let path = try await api.open([
            "title": .string(incident.title), "severity": .string(Self.severity[incident.impact] ?? "sev3"),
            "started_at": .string(incident.startedAt), "occurred_at": .string(first),
            "components": .array(incident.slugs.map { ["component": .string($0), "impact": impact] }),
            "labels": ["record": .string(incident.id)],
        ])
        try await api.post(path + "/acknowledge", ["occurred_at": .string(first)]).expect(200)
        for update in incident.updates {
            try await api.post(
                path + "/notes", ["text": .string(update.body), "occurred_at": .string(update.at)]
            ).expect(201)
            if let phase = Self.phase[update.status] { try await bring(path, to: phase, at: update.at) }
        }
        try await close(path)
        return path
    }

    private static let phases = ["detect", "assess", "mitigate", "restore", "review"]
    private static let phase = [
        "investigating": "assess", "in_progress": "assess", "identified": "mitigate", "monitoring": "restore",
        "resolved": "review", "completed": "review",
    ]
    private static let severity = ["critical": "sev1", "major": "sev2", "minor": "sev3", "none": "sev4"]
    private static let impact = [
        "critical": "major_outage", "major": "partial_outage", "minor": "degraded", "maintenance": "maintenance",
    ]

    /// Forwards phase by phase, meeting what each asks for; back when the record goes back.
    private func bring(_ path: String, to wanted: String, at moment: String) async throws {
        while true {
            let phase = try await api.get(path).expect(200)["phase"].string ?? ""
            guard let here = Self.phases.firstIndex(of: phase), let there = Self.phases.firstIndex(of: wanted),
                here != there
            else { return }
            if here > there {
                let reason: JSON = ["to": .string(Self.phases[here - 1]), "reason": "It goes on"]
                try await api.post(path + "/revert", reason.with(["occurred_at": .string(moment)])).expect(200)
                try await say(Self.impact[incident.impact] ?? "degraded", path, at: moment)
            } else {
                try await meetRequirements(path, of: phase, at: moment)
                let when: JSON = isLate ? [:] : ["occurred_at": .string(moment)]
                try await api.post(path + "/advance", when).expect(200)
            }
        }
    }

    private func meetRequirements(_ path: String, of phase: String, at moment: String) async throws {
        let at: [String: JSON] = ["occurred_at": .string(moment)]
        switch phase {
        case "assess":
            try await api.put(path + "/roles/commander", JSON.object(at).with(["person": "On call"])).expect(200)
            let cause: JSON = ["category": "unknown", "evidence": "The record does not say", "confidence": "suspected"]
            try await api.put(path + "/cause", cause.with(at)).expect(200)
            guard incident.impact == "maintenance" else { return }
            // Planned work does no harm, which is what this phase asks for.
            let over: JSON = ["override": true, "reason": "Planned maintenance", "to": "mitigate"]
            try await api.post(path + "/advance", over.with(at)).expect(200)
            try await meetRequirements(path, of: "mitigate", at: moment)
        case "mitigate":
            let mitigation: JSON = ["description": "As recorded", "state": "succeeded"]
            try await api.post(path + "/mitigations", mitigation.with(at)).expect(201)
            if incident.isWorseThanDegraded { try await say("degraded", path, at: moment) }
        case "restore":
            guard incident.impact != "maintenance" else { return }
            for slug in incident.slugs {
                try await api.post(path + "/restoration/\(slug)/start", .object(at)).expect(200)
                try await api.post(path + "/restoration/\(slug)/verify", .object(at)).expect(200)
            }
        default: break
        }
    }

    /// How hard everything is hit from then on.
    private func say(_ impact: String, _ path: String, at moment: String) async throws {
        guard impact != "maintenance" else { return }
        for slug in incident.slugs {
            try await api.put(
                path + "/impacts/\(slug)", ["impact": .string(impact), "occurred_at": .string(moment)]
            ).expect(200)
        }
    }

    private func close(_ path: String) async throws {
        try await bring(path, to: "review", at: incident.resolvedAt)
        let at: JSON = ["occurred_at": .string(incident.resolvedAt)]
        try await api.writeReview(of: path, at)
        try await api.post(path + "/review/approve", at).expect(200)
        #expect(try await api.post(path + "/advance", at).expect(200)["phase"] == "closed")
    }
}
