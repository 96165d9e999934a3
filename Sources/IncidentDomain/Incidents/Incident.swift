/// One incident: everything that its commands look at. It is what `evolve` makes of the timeline, and it is stored
/// beside the timeline so that a command loads one row.
package struct Incident: Hashable, Codable, Sendable {
    package let number: Int
    /// The number of events in its timeline; every change raises it.
    package var version: Int
    package var title: String
    package var summary: String?
    package var phase: Phase
    package var severity: Severity?
    /// Nil for a person, and in what a release did that did not say.
    package var severityOrigin: SeverityOrigin?
    /// The worst severity that an alert of it ever said; nil when none did.
    package var alertSeverity: Severity?
    /// Whether alerts opened it; nil in what a release opened that did not say.
    package var openedByAlerts: Bool?
    package var labels: [String: String]
    package var times: IncidentTimes
    /// What was said about the cause, in the order of when it was so.
    package var hypotheses: [CauseHypothesis]
    package var roles: [IncidentRole: String]
    package var impacts: [ComponentImpact]
    package var audiences: [AudienceImpact]
    package var mitigations: [Mitigation]
    package var tasks: [IncidentTask]
    package var actions: [ActionItem]
    /// One for every component that was ever affected, by slug.
    package var steps: [RestorationStep]
    /// What the commander wants to come first within its wave; nil leaves it to the plan.
    package var restorationOrder: [String]?
    /// How many steps each owner can work on at a time, with `default` for the others; nil for as many as are needed.
    package var hands: [String: Int]?
    /// What components were found to need during this incident, by slug; nil when nothing was.
    package var learntNeeds: [String: [String]]?
    /// The plan as the timeline last recorded it; nil before restoring begins.
    package var plan: RecordedPlan?
    /// Whether what was entered last of restoring had happened long before; nil when not.
    package var restoresLate: Bool?
    /// How many unresolved alerts it has by component; those without one stand under the empty name.
    package var firing: [String: Int]
    /// How many alerts ever belonged to it.
    package var alerts: Int
    /// Since when none of its alerts fires; nil while one does, before one did, and when a release cleared them that did not say.
    package var clearedAt: Timestamp?
    /// When it closes itself as long as nobody attends to it (`closesAt`).
    package var closing: Timestamp?
    /// What the rules of its alerts say is to become of it when these have cleared; nil when none says anything.
    package var ruledClearing: WhenCleared?
    /// That it closed itself; nil when it did not, or was opened again.
    package var recovery: SelfRecovery?
    /// The pages that its alerts name; nil when there are none.
    package var links: [IncidentLink]?
    /// What users reported of it; nil while no surge of theirs belongs to it.
    package var reports: ReportImpact?
    package var updates: Int
    /// The expected time of restoration that was last told to anybody.
    package var eta: Timestamp?
    package var review: ReviewProgress?
    /// What of its review the public may read; nil while nobody has said.
    package var publicReview: PublicReview?
    /// The files that were ever added; nil when none was.
    package var attachments: [Attachment]?
    /// How exactly the times of entries are known, by their sequence; nil where all are known exactly.
    package var precisions: [Int: TimePrecision]?
    /// How many comments its review has, and which are open; nil while there is none.
    package var reviewComments: ReviewCommentState?
    /// Who is asked to read the review; nil when nobody is.
    package var reviewers: [String]?
    /// Who signed the review, the newest last; nil when nobody did.
    package var signatures: [ReviewSignature]?
    /// What of the review's texts the timeline has; nil before the first revision that stored only what changed.
    package var reviewTexts: ReviewTexts?
    /// How many notes were added since they are counted.
    package var notes: Int?
    /// How many facts were added; nil before the first.
    package var facts: Int?
    package var mergedInto: Int?
    /// Where it stood before it was dismissed or merged; nil while it is neither, and when a release did so that did not keep it.
    package var endedFrom: Phase?
    /// The entries that were struck out, by their sequence; nil when none was.
    package var struck: [Int]?
    /// When entries really happened whose time was wrong, by their sequence; nil when none was.
    package var entryTimes: [Int: Timestamp]?
    /// The entries by which it came to its phase and to those before it; nil in rows of releases that did not keep them.
    package var phaseEntries: [Phase: PhaseEntry]?
    /// Second entries with which the same phases began, as somebody went on again after a revert that was struck out. Nil where there are none.
    package var secondPhaseEntries: [Phase: PhaseEntry]?
    /// Which notes were starred or not later, by their sequence; nil when none was.
    package var starred: [Int: Bool]?
    /// What was merged into it, the newest last; nil when nothing was since that is kept.
    package var absorbed: [AbsorbedIncident]?
    /// Nil before the first event that keeps something of it, and of what a release did that kept nothing.
    package var communication: Communication?
    /// What people said of clocks; nil when nothing.
    package var corrections: [ClockCorrection]?
    /// The newest times that it went back, the newest last; nil when it never did since they are kept.
    package var earlierClocks: [EarlierClocks]?
    package var clockFacts: ClockFacts?
    /// When that was so which the incident says last; nil before the first, and in rows of releases that did not keep it.
    package var newest: NewestFacts?
    /// What was said of how hard each component is hit, by slug, in the order in which it was said; nil when nothing was.
    package var impactLog: [String: [ImpactStatement]]?
    package var lastRecordedAt: Timestamp
    /// Which form of this value wrote it (`currentForm`); nil in rows of releases that did not say it.
    package var form: Int?

    /// Counts the forms that this value has had. Raised when it keeps more of its events than before, or something else of them:
    /// rows of an older form are then made anew from their timelines.
    package static let currentForm = 6

    /// Whether a release that knew less of its events wrote it last.
    package var isOfOlderForm: Bool { (form ?? 0) < Self.currentForm }
}

extension Incident {
    /// The steps of components that are down, neither restored nor waived, by name.
    package var unrestored: [String] {
        let down = Set(impacts.filter(\.isOngoing).map(\.component))
        let known = Set(steps.map(\.slug))
        return
            (steps.filter { !$0.state.isDone && down.contains($0.slug) }.map(\.component)
            + down.filter { !known.contains($0) }).sorted()
    }

    /// Unresolved alerts by component, without those whose component was waived.
    package var blockingAlerts: [String: Int] {
        let waived = Set(steps.map(\.slug)).subtracting(steps.filter { $0.state != .waived }.map(\.slug))
        return firing.filter { $0.value > 0 && !waived.contains($0.key) }
    }

    /// Whether new alerts of its groups join it. One that is only being reviewed takes none: what fires now is a new outage,
    /// and nobody watches the old one.
    package var takesAlerts: Bool {
        phase.isOpen && phase != .review
    }

    /// When the daemon has to look at it by itself: at the end of the earliest soak, and when something is to be published or is
    /// late; nil when nothing is due.
    package var nextDeadline: Timestamp? {
        guard phase.isOpen else { return nil }
        let soaks = steps.filter { $0.state == .verifying }.compactMap(\.soakUntil)
        return (soaks + [nextAnnouncement, closesAt].compactMap(\.self)).min()
    }

    /// - Parameter name: A step's: a slug, or `SLUG@REGION`.
    package func step(_ name: String) -> RestorationStep? {
        steps.first { $0.component == name }
    }

    /// The steps by which a component is restored: one, or one a region.
    package func steps(of slug: String) -> [RestorationStep] {
        steps.filter { $0.slug == slug }
    }
}

// MARK: - From the timeline

extension Incident {
    /// The incident after one more event; nil in only for the event that opens it. Replaying a timeline from nil gives the
    /// row again, redacted entries included.
    ///
    /// - Precondition: the first event of a timeline is `IncidentOpened`. A timeline without it cannot be stored.
    package static func evolve(_ before: Incident?, _ recorded: RecordedEvent, number: Int) -> Incident? {
        guard var incident = before ?? Incident(number: number, opening: recorded) else { return nil }
        recorded.event.payload.apply(to: &incident, at: recorded.occurredAt, by: recorded.actor)
        incident.logImpacts(before, recorded)
        incident.noteRestoration(recorded)
        incident.notePhase(recorded)
        var facts = incident.clockFacts
        facts?.note(before, incident, in: recorded.sequence, at: recorded.occurredAt)
        incident.clockFacts = facts
        incident.version = recorded.sequence
        incident.lastRecordedAt = max(incident.lastRecordedAt, recorded.recordedAt)
        return incident
    }

    private init?(number: Int, opening recorded: RecordedEvent) {
        guard let opening = recorded.event.as(IncidentOpened.self) else { return nil }
        self.init(
            number: number, version: 0, title: opening.title, summary: opening.summary, phase: .detect, severity: nil,
            labels: opening.labels,
            times: IncidentTimes(startedAt: opening.startedAt, detectedAt: recorded.occurredAt),
            hypotheses: [], roles: [:], impacts: [], audiences: [], mitigations: [], tasks: [], actions: [], steps: [],
            restorationOrder: nil, plan: nil, firing: [:], alerts: 0, updates: 0, eta: nil, review: nil,
            mergedInto: nil, clockFacts: ClockFacts(), lastRecordedAt: recorded.recordedAt)
        form = Self.currentForm
    }
}

// What several events do to it.
extension Incident {
    mutating func set(_ impact: ComponentImpact, at moment: Timestamp) {
        if let index = impacts.firstIndex(where: { $0.component == impact.component }) {
            impacts[index] = impact
        } else {
            impacts.append(impact)
        }
        let names = impact.isOngoing ? impact.stepNames : []
        for name in names where step(name) == nil {
            var step = RestorationStep(component: name)
            step.addedAt = moment
            steps.append(step)
        }
        // What is not harmed, or not there, needs no step. Of what has recovered, work under way is brought to its end all the same.
        steps.removeAll { step in
            step.slug == impact.component && !names.contains(step.component)
                && (!impact.impact.isHarm || step.state.isStartable)
        }
    }

    mutating func change(_ component: String, _ body: (inout RestorationStep) -> Void) {
        guard let index = steps.firstIndex(where: { $0.component == component }) else { return }
        body(&steps[index])
    }

    /// Ends an impact when all its regions are back, unless somebody has said already when it ended.
    mutating func endImpact(on name: String, at moment: Timestamp) {
        let slug = RestorationStep.slug(of: name)
        guard steps(of: slug).allSatisfy({ $0.state == .restored }) else { return }
        guard let index = impacts.firstIndex(where: { $0.component == slug }) else { return }
        impacts[index].endedAt = impacts[index].endedAt ?? impacts[index].end(restored: moment)
    }

    /// What was thought to be over is not.
    mutating func resumeImpact(on name: String) {
        let slug = RestorationStep.slug(of: name)
        guard let index = impacts.firstIndex(where: { $0.component == slug }) else { return }
        impacts[index].endedAt = nil
    }
}

/// When that was so which an incident says last: what is entered late, of a moment before, changes nothing of it. Title, summary and labels are
/// not here: they name the whole incident and no moment of it, so the last word counts.
package struct NewestFacts: Hashable, Codable, Sendable {
    var severity: Timestamp?
    /// By role.
    var roles: [String: Timestamp] = [:]
    /// By audience.
    var audiences: [String: Timestamp] = [:]

    init() {}
}

extension Incident {
    mutating func note(_ change: (inout NewestFacts) -> Void) {
        var facts = newest ?? NewestFacts()
        change(&facts)
        newest = facts
    }

    /// Whether something is entered late, of a time before that of what is known. What happens now never is, also when the clock of
    /// another database server is a little behind.
    func isPast(_ known: Timestamp?, _ facts: DecisionFacts) -> Bool {
        guard let known, facts.occurredAt < facts.now else { return false }
        return facts.occurredAt < known
    }
}

/// The clocks of an incident, each nil until it was reached, and taken back when an incident goes back before it. In `Incident.times`
/// they say when phases were left, in `Incident.clocks` when it happened.
package struct IncidentTimes: Hashable, Codable, Sendable {
    /// When the impact began.
    package var startedAt: Timestamp
    package var detectedAt: Timestamp
    package var acknowledgedAt: Timestamp?
    package var assessedAt: Timestamp?
    package var mitigatedAt: Timestamp?
    package var restoredAt: Timestamp?
    package var reviewedAt: Timestamp?
    package var closedAt: Timestamp?

    package init(startedAt: Timestamp, detectedAt: Timestamp) {
        self.startedAt = startedAt
        self.detectedAt = detectedAt
    }

    /// Seconds from the start of the impact to `moment`; nil until it is known.
    private func seconds(to moment: Timestamp?) -> Double? {
        moment?.seconds(since: startedAt)
    }

    package var timeToDetect: Double? { seconds(to: detectedAt) }
    package var timeToAcknowledge: Double? { seconds(to: acknowledgedAt) }
    package var timeToMitigate: Double? { seconds(to: mitigatedAt) }
    package var timeToRestore: Double? { seconds(to: restoredAt) }

    /// The earliest clock after the start, and what it says: the impact cannot have begun later.
    var firstReached: (name: String, moment: Timestamp) {
        let reached = [
            ("detected", detectedAt), ("acknowledged", acknowledgedAt), ("assessed", assessedAt),
            ("mitigated", mitigatedAt), ("restored", restoredAt), ("reviewed", reviewedAt), ("closed", closedAt),
        ].compactMap { name, moment in moment.map { (name: name, moment: $0) } }
        return reached.min { $0.moment < $1.moment } ?? ("detected", detectedAt)
    }

    /// Notes that `phase` was left forwards.
    mutating func leave(_ phase: Phase, at moment: Timestamp) {
        switch phase {
        case .detect: break  // Acknowledging has a clock of its own, which does not wait for the phase.
        case .assess: assessedAt = moment
        case .mitigate: mitigatedAt = moment
        case .restore: restoredAt = moment
        case .review:
            // Going back to the review alone does not make it longer.
            closedAt = closedAt ?? moment
        case .closed, .dismissed, .merged: break
        }
    }

    /// Takes back what lies after `phase`, now that the incident stands there again. The review alone takes back nothing.
    mutating func goBack(to phase: Phase) {
        switch phase {
        case .detect, .assess: (assessedAt, mitigatedAt, restoredAt, reviewedAt, closedAt) = (nil, nil, nil, nil, nil)
        case .mitigate: (mitigatedAt, restoredAt, reviewedAt, closedAt) = (nil, nil, nil, nil)
        case .restore: (restoredAt, reviewedAt, closedAt) = (nil, nil, nil)
        case .review, .closed, .dismissed, .merged: break
        }
    }
}

/// The parts that people play in an incident.
package enum IncidentRole: String, CaseIterable, Codable, CodingKeyRepresentable, Sendable {
    case commander, operations, communications, scribe, liaison
}
