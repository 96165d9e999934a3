/// How much one incident may hold, so that nobody can make it too large to read, to change or to show. Who asks for more is
/// refused, and told the limit. What the daemon reports (alerts, ends of soaks, plans) is never refused, and neither is what
/// leads an incident to its end. docs/limits.md has them all.
package enum IncidentLimits {
    package static let labels = 64
    package static let impacts = 10_000
    /// Of one component: what was said of its impact, and what restoring and merges said.
    package static let impactStatements = 500
    /// Of all impacts together.
    package static let regions = 20_000
    package static let hypotheses = 100
    package static let mitigations = 200
    package static let tasks = 300
    package static let actions = 200
    package static let notes = 5_000
    package static let facts = 2_000
    /// How long before the start notes and facts may be: ten years.
    static let leadUpSeconds = 3653.0 * 86_400
    /// Pages that its alerts name.
    package static let links = 20
    /// Notes that a merge brings along, and their bytes.
    package static let notesBrought = 1_000
    package static let notesBroughtBytes = 4 << 20
    /// Entries that are struck out; notes that are starred later.
    package static let marks = 1_000
    /// Drafts among them.
    package static let updates = 1_000
    /// Updates that are not published yet.
    package static let drafts = 20
    /// Of one update: changes of its draft, and corrections.
    package static let updateRevisions = 20
    /// Of a review.
    package static let signatures = 100
    package static let reviewComments = 500
    package static let reviewers = 20
    /// Files, and their bytes together.
    package static let attachments = 50
    package static let attachmentsEver = 500
    package static let attachmentBytes = 50 << 20
    /// Sections that people wrote.
    package static let reviewSections = 100
    /// Bytes of those sections as they stand.
    package static let reviewBytes = 1 << 20
    /// Bytes of all revisions that the timeline keeps.
    package static let reviewStoredBytes = 32 << 20
    /// Timeline entries from which on nobody can add to it but what leads to the end.
    package static let entries = 50_000
    /// Bytes in the timeline from which on it is the same.
    package static let timelineBytes = 64 << 20
}

extension Incident {
    /// Refuses one more where there are as many as there may be.
    func requireRoom(
        for things: String, having count: Int, atMost limit: Int, instead advice: String
    ) throws(IncidentRefusal) {
        guard count >= limit else { return }
        throw .badValue(
            field: "",
            detail: "INC-\(number) has \(count.grouped) \(things); the limit is \(limit.grouped). Instead: \(advice).")
    }

    /// Whether the timeline still takes what a command would write there.
    func checkRoom(for command: IncidentCommand, _ facts: DecisionFacts) throws(IncidentRefusal) {
        guard command.isWriting else { return }
        let advice = "close it, or continue in another incident"
        try requireRoom(
            for: "timeline entries", having: version, atMost: IncidentLimits.entries, instead: advice)
        try requireRoom(
            for: "bytes in its timeline", having: facts.timelineBytes, atMost: IncidentLimits.timelineBytes,
            instead: advice)
    }

    /// Refuses impacts beyond what an incident may have; `impacts` is how they would be.
    static func checkSize(of impacts: [ComponentImpact], field: String) throws(IncidentRefusal) {
        guard impacts.count <= IncidentLimits.impacts else {
            throw .badValue(
                field: field,
                detail: "An incident can have at most \(IncidentLimits.impacts.grouped) impacts; this would make "
                    + "\(impacts.count.grouped). Remove some, or record the component that the others depend on.")
        }
        let regions = impacts.reduce(0) { $0 + $1.regions.count }
        guard regions <= IncidentLimits.regions else {
            throw .badValue(
                field: field,
                detail:
                    "The impacts of an incident can name at most \(IncidentLimits.regions.grouped) regions in total; this "
                    + "would make \(regions.grouped). Leave regions out where all are affected.")
        }
    }
}

extension IncidentCommand {
    /// Whether somebody asks to write something down, and not to lead the incident on.
    var isWriting: Bool {
        switch self {
        case .amend, .correctTimes, .stateCause, .assignRole, .removeRole, .setImpact, .removeImpact, .setAudience,
            .removeAudience,
            .addNote, .addFact,
            .acknowledgeNoting, .addMitigation,
            .changeMitigation, .addTask, .changeTask, .orderSteps, .setHands, .learnNeeds, .postUpdate, .draftUpdate,
            .changeUpdate,
            .setEta, .withdrawEta, .correctStep,
            .reviseReview, .signReview, .remarkOnReview, .attach, .setPublicReview, .addAction, .changeAction, .strike,
            .correctEntryTime,
            .star:
            true
        case .open, .acknowledge, .advance, .revert, .dismiss, .merge, .absorb, .reopen, .unmerge, .separate,
            .startStep, .rampStep, .verifyStep,
            .waiveStep, .failStep, .undoStep, .detach, .draftReview, .approveReview, .approvePublicReview,
            .attachAlerts,
            .clearAlerts,
            .reopenRecovered,
            .takeInAlerts, .reopenAlerts,
            .giveAwayAlerts, .countReports, .deadlinePassed, .reviewPlan, .redact:
            false
        }
    }
}
