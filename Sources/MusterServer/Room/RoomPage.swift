import IncidentDomain

/// Everything that a page of one incident is made of, as it was read at one moment.
struct RoomFacts: Sendable {
    let incident: Incident
    let policy: PhasePolicy
    /// Nil while nothing is to be restored.
    let plan: RestorationPlan?
    let alerts: [StoredAlert]
    let updates: [UpdateRecord]
    let timeline: RoomTimeline
    /// The slugs of the catalog that can be chosen from.
    let components: [String]
    let frame: RoomFrame
    /// The calls that there are forms for.
    let calls: RouteTable
    let now: Timestamp
}

/// The room: an incident with all that is known of it, and the forms that change it. Its properties are what
/// `Pages/Templates/room.mustache` shows, and nothing in them is escaped yet.
struct RoomPage: Sendable {
    struct Badge: Sendable {
        let style: String
        let text: String
    }

    /// A step of the way through the phases.
    struct Stage: Sendable {
        let text: String
        let style: String
        let isNow: Bool
    }

    struct Clock: Sendable {
        let name: String
        let value: String
        let at: RoomTime?
        /// From when it runs; nil when it has stopped.
        let running: String?
    }

    /// What the next phase asks for.
    struct Next: Sendable {
        let phase: String
        let isReady: Bool
        let unmet: [RefusalPage.Unmet]
        let offers: [RefusalPage.Unmet]
        let forms: [RoomForm]
    }

    let frame: RoomFrame
    let number: Int
    let title: String
    let summary: String?
    let badges: [Badge]
    let stages: [Stage]
    let clocks: [Clock]
    let notices: [String]
    let toldEnd: RoomTime?
    let next: Next?
    /// What can be done at once, by one hand.
    let firstForms: [RoomForm]
    let note: RoomForm?
    let impacts: RoomSection
    let people: RoomSection
    let causes: RoomSection
    let mitigations: RoomSection
    let restoration: RoomRestoration?
    let alerts: RoomSection
    let updates: RoomUpdates
    let tasks: RoomSection
    let actions: RoomSection
    let timeline: RoomTimeline
    let otherForms: [RoomForm]
    let hasReview: Bool
    let components: [String]
    let persons: [String]

    init(_ facts: RoomFacts) {
        let (incident, frame) = (facts.incident, facts.frame)
        let forms = RoomForms(of: incident, frame)
        self.frame = frame
        number = incident.number
        title = incident.title
        summary = incident.summary
        badges = Self.badges(incident)
        stages = Self.stages(incident)
        clocks = Self.clocks(incident, facts.now)
        notices = Self.notices(incident, facts.now)
        toldEnd = incident.phase.hasWaitingPeople ? incident.eta.map(RoomTime.init) : nil
        next = Self.next(facts, forms)
        firstForms =
            incident.times.acknowledgedAt == nil && incident.phase.isOpen
            ? forms.make("acknowledgeIncident", key: "a", only: []) : []
        note = forms.make("addNote", key: "n", anchor: "timeline").first
        impacts = RoomSection.impacts(incident, forms)
        people = RoomSection.people(incident, forms)
        causes = RoomSection.causes(incident, forms)
        mitigations = RoomSection.mitigations(incident, forms)
        restoration = facts.plan.map { RoomRestoration($0, of: incident, forms) }
        alerts = RoomSection.alerts(facts.alerts, of: incident, forms)
        updates = RoomUpdates(facts.updates, of: incident, forms, now: facts.now)
        tasks = RoomSection.tasks(incident, forms)
        actions = RoomSection.actions(incident, forms)
        timeline = facts.timeline.with(forms)
        otherForms = Self.others(incident, forms)
        hasReview = incident.review != nil || incident.phase == .review || incident.phase == .closed
        components = Array((incident.steps.map(\.slug) + facts.components).uniqued.prefix(Self.namesMax))
        persons = Array(Set(incident.roles.values).union([frame.user])).sorted()
    }

    /// How many components can be chosen from; any other can be typed.
    static let namesMax = 300

    private static func badges(_ incident: Incident) -> [Badge] {
        let severity = incident.severity
        let firing = incident.firing.values.reduce(0, +)
        return [
            Badge(style: "badge severity \(severity?.rawValue ?? "none")", text: severity?.rawValue ?? "no severity"),
            Badge(style: "badge", text: incident.phase.title),
            firing > 0
                ? Badge(style: "badge firing", text: firing == 1 ? "1 alert fires" : "\(firing) alerts fire") : nil,
        ].compactMap(\.self)
    }

    private static func stages(_ incident: Incident) -> [Stage] {
        let way = Phase.writable
        guard let place = way.firstIndex(of: incident.phase) else {
            return [Stage(text: incident.phase.title, style: "now", isNow: true)]
        }
        return way.enumerated().map { index, phase in
            Stage(
                text: phase.title, style: index < place ? "done" : index == place ? "now" : "ahead",
                isNow: index == place)
        }
    }

    /// The clocks that were reached, and those that run.
    private static func clocks(_ incident: Incident, _ now: Timestamp) -> [Clock] {
        let times = incident.clocks
        let all: [(String, Timestamp?, Double?)] = [
            ("Detected after", times.detectedAt, times.timeToDetect),
            ("Acknowledged after", times.acknowledgedAt, times.timeToAcknowledge),
            ("Mitigated after", times.mitigatedAt, times.timeToMitigate),
            ("Restored after", times.restoredAt, times.timeToRestore),
        ]
        let age = Speech.standard.text(seconds: max(now.seconds(since: times.startedAt), 0))
        return [Clock(name: "Began", value: "\(age) ago", at: RoomTime(times.startedAt), running: nil)]
            + all.map { name, moment, seconds in
                guard let moment, let seconds else {
                    let runs = incident.phase.isOpen ? PageTime.iso(times.startedAt) : nil
                    return Clock(name: name, value: runs == nil ? "–" : "not yet", at: nil, running: runs)
                }
                return Clock(
                    name: name, value: Speech.standard.text(seconds: max(seconds, 0)), at: RoomTime(moment),
                    running: nil)
            }
    }

    private static func notices(_ incident: Incident, _ now: Timestamp) -> [String] {
        var notices: [String] = []
        if let into = incident.mergedInto { notices.append("This incident goes on as INC-\(into).") }
        if let due = incident.nextUpdateDueAt, due < now {
            notices.append("An update is late by \(Speech.standard.text(seconds: now.seconds(since: due))).")
        }
        if let due = incident.reviewDueAt, due < now {
            notices.append("The review is late by \(Speech.standard.text(seconds: now.seconds(since: due))).")
        }
        return notices + incident.warnings.map(\.detail)
    }

    private static func next(_ facts: RoomFacts, _ forms: RoomForms) -> Next? {
        let incident = facts.incident
        guard let next = incident.phase.next else { return nil }
        let unmet = facts.policy.unmet(leaving: incident.phase, of: incident)
        let canAct = facts.frame.canAct
        let advance = forms.make(
            "advanceIncident", only: unmet.isEmpty ? [] : nil,
            title: unmet.isEmpty ? "Go on: \(next.title)" : "Go on all the same")
        return Next(
            phase: next.title, isReady: unmet.isEmpty,
            unmet: unmet.enumerated().map { place, unmet in
                let hint = RequirementHint(unmet: unmet, number: incident.number)
                let found = RefusalPage.Unmet(hint, facts.calls, incident.number, id: "need\(place)")
                return canAct ? found : RefusalPage.Unmet(detail: found.detail, remedies: [])
            },
            offers: !canAct
                ? []
                : ClearedOffer.all(for: incident).enumerated().map { place, offer in
                    RefusalPage.Unmet(
                        detail: Problem.sentence(offer.detail).capitalizingFirst,
                        remedies: [RoomRemedy(offer.how, facts.calls, of: incident.number, id: "offer\(place)")])
                }, forms: advance)
    }

    private static func others(_ incident: Incident, _ forms: RoomForms) -> [RoomForm] {
        switch incident.phase {
        case .detect, .assess:
            forms.make("amendIncident", fixedValues: described(incident)) + forms.make("dismissIncident")
                + forms.make("mergeIncident")
        case .mitigate, .restore, .review:
            forms.make("amendIncident", fixedValues: described(incident)) + forms.make("revertIncident")
                + forms.make("mergeIncident")
        case .closed: forms.make("revertIncident")
        case .dismissed: forms.make("reopenIncident")
        case .merged: forms.make("unmergeIncident")
        }
    }

    private static func described(_ incident: Incident) -> [String: String] {
        [
            "severity": incident.severity?.rawValue ?? "", "title": incident.title, "summary": incident.summary ?? "",
        ]
    }
}

/// Makes the forms of one incident's page; none for somebody who may only read.
struct RoomForms: Sendable {
    let number: Int
    let canAct: Bool

    init(of incident: Incident, _ frame: RoomFrame) {
        (number, canAct) = (incident.number, frame.canAct)
    }

    /// - Parameters:
    ///   - subject: What on the page it is about, for the ids of its fields.
    ///   - fixedValues: What stands in the fields.
    ///   - only: The fields that are shown; nil for all.
    ///   - anchor: The section of the page that the browser comes back to.
    ///   - about: What it is done to, for who does not see beside what it stands.
    func make(
        _ operation: String, subject: String = "", fixed: [String: String] = [:], fixedValues: [String: String] = [:],
        key: String? = nil, only: [String]? = nil, title: String? = nil, button: String? = nil, anchor: String = "",
        page: String = "", about: String? = nil
    ) -> [RoomForm] {
        guard canAct, let call = RoomCall.named(operation) else { return [] }
        let path = "/incidents/\(number)"
        let back = "\(path)\(page)\(anchor.isEmpty ? "" : "#\(anchor)")"
        return [
            RoomForm(
                call, id: "\(operation)\(subject)", on: path, fixed: fixed.merging(["page": back]) { $1 },
                values: fixedValues, only: only, button: button, title: title, key: key, about: about)
        ]
    }
}

extension [String] {
    /// The same, each where it stands first.
    fileprivate var uniqued: [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}
