import IncidentDomain

/// What if: the plan of an incident in which something is otherwise than it is. Nothing of it is stored.
struct RestorationQuestion: Sendable {
    /// The components that are gone on without.
    let without: [String]
    /// When components are back that somebody is sure of.
    let at: [(component: String, moment: Timestamp)]

    /// How many steps owners can work on at a time, beside what the incident says of others.
    let hands: [String: Int]

    var isEmpty: Bool { without.isEmpty && at.isEmpty && hands.isEmpty }

    static let none = RestorationQuestion()

    private init() {
        (without, at, hands) = ([], [], [:])
    }

    /// Reads `without=SLUG`, `at=SLUG:TIME` and `hands=OWNER:NUMBER`, all of which may come several times.
    init(_ query: inout QueryReader) {
        without = query.strings("without", max: 100, 1...129)
        var at: [(component: String, moment: Timestamp)] = []
        for text in query.strings("at", max: 100, 1...160) {
            let parts = text.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, let moment = Timestamp(String(parts[1])) else {
                query.refuse("at", "should be a component and a time, as at=db:2026-11-22T16:30:00Z, and is \(text)")
                continue
            }
            let component = String(parts[0])
            if at.contains(where: { $0.component == component }) {
                query.refuse("at", "names \(component) twice; give one time")
            } else if without.contains(component) {
                query.refuse("at", "names \(component), and without does: it is back, or gone on without")
            }
            at.append((component, moment))
        }
        self.at = at
        var hands: [String: Int] = [:]
        for text in query.strings("hands", max: RestorationHands.ownersMax, 1...220) {
            let parts = text.split(separator: ":")
            guard parts.count > 1, let count = parts.last.flatMap({ Int($0) }),
                (1...RestorationHands.handsMax).contains(count)
            else {
                query.refuse(
                    "hands",
                    "should be an owner, or default, and 1 to \(RestorationHands.handsMax), as hands=storage:2, and is \(text)"
                )
                continue
            }
            let owner = parts.dropLast().joined(separator: ":")
            if hands.updateValue(count, forKey: owner) != nil {
                query.refuse("hands", "names \(owner) twice; give one number")
            }
        }
        self.hands = hands
    }

    /// The incident as it would be.
    ///
    /// - Throws: 422 for what the incident does not affect, and for owners of nothing that it does.
    func changing(_ incident: Incident, _ graph: DependencyGraph, now: Timestamp) throws(Problem) -> Incident {
        var changed = incident
        if let wrong = incident.unknownOwner(in: hands, graph) { throw .invalid("/hands", wrong.detail) }
        if !hands.isEmpty { changed.hands = (incident.hands ?? [:]).merging(hands) { $1 } }
        for slug in without { try Self.change(slug, "without", in: &changed) { $0.waive() } }
        for (slug, moment) in at {
            guard moment > now, moment <= now.adding(seconds: 30 * 86_400) else {
                throw .invalid("/at", "\(moment) is not within the next 30 days; server time is \(now)")
            }
            try Self.change(slug, "at", in: &changed) { step in
                guard !step.state.isDone else { return }
                step.expect(backAt: moment, from: now)
            }
        }
        return changed
    }

    private static func change(
        _ slug: String, _ parameter: String, in incident: inout Incident, _ change: (inout RestorationStep) -> Void
    ) throws(Problem) {
        let places = incident.steps.indices.filter {
            incident.steps[$0].component == slug || incident.steps[$0].slug == slug
        }
        guard !places.isEmpty else {
            throw .invalid(
                "/\(parameter)",
                "\(slug) is not affected by INC-\(incident.number); GET /v1/incidents/\(incident.number)/restoration names what is"
            )
        }
        for place in places { change(&incident.steps[place]) }
    }
}
