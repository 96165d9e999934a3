import IncidentDomain

/// A moment as pages show it; a script puts the browser's own clock before it.
struct RoomTime: Sendable {
    let iso: String
    let text: String

    init(_ moment: Timestamp) {
        iso = PageTime.iso(moment)
        text = "\(Speech.standard.text(moment, .minute)) UTC"
    }
}

/// Which entries of a timeline are shown, by the words of `show`.
enum RoomShown: String, CaseIterable, Sendable {
    case all, key, people, alerts

    var title: String {
        switch self {
        case .all: "everything"
        case .key: "key moments"
        case .people: "people"
        case .alerts: "alerts"
        }
    }

    /// The kinds of events that may be among them; nil for all.
    var kinds: [String]? {
        switch self {
        case .all: nil
        case .key: IncidentEvent.types.filter(Self.mayBeKey).map { $0.kind }
        case .people:
            IncidentEvent.types.map { $0.kind }.filter {
                !Self.alertKinds.contains($0) && !Self.daemonKinds.contains($0)
            }
        case .alerts: Self.alertKinds
        }
    }

    func takes(_ entry: TimelineEntry, _ marks: EntryMarks) -> Bool {
        switch self {
        case .all, .alerts: true
        case .people: entry.recorded.actor.isPerson
        case .key: marks.starred[entry.recorded.sequence] ?? entry.recorded.event.payload.isKeyMoment
        }
    }

    private static let alertKinds = [
        AlertsAttached.kind, AlertsCleared.kind, AlertsReopened.kind, AlertsMovedIn.kind, AlertsMovedOut.kind,
        ReportsCounted.kind,
    ]

    private static let daemonKinds = [PlanRevised.kind, UpdateOverdue.kind, ReviewOverdue.kind]

    /// Some kinds are key moments by what they say: one of their examples tells. Notes are, where they are starred.
    private static func mayBeKey(_ type: any TimelineEvent.Type) -> Bool {
        func holds<Event: TimelineEvent>(_ type: Event.Type) -> Bool { type.examples.contains(where: \.isKeyMoment) }
        return holds(type) || type.kind == NoteAdded.kind || type.kind == StepStarted.kind
    }
}

/// An entry of the timeline as pages show it.
struct RoomEntry: Sendable {
    let sequence: Int
    let at: RoomTime
    let actor: String
    let text: String
    let style: String
    /// Why it does not hold any more, and who said so.
    let struck: String?
    var forms: [RoomForm] = []

    init(_ entry: TimelineEntry, marks: EntryMarks) {
        let recorded = entry.recorded
        sequence = recorded.sequence
        at = RoomTime(recorded.occurredAt)
        actor = recorded.actor.name
        text = recorded.event.sentence
        struck = marks.struck[sequence].map { "Struck out by \($0.by): \($0.reason)" }
        let isKey = marks.starred[sequence] ?? recorded.event.payload.isKeyMoment
        style = struck != nil ? "entry struck" : isKey ? "entry key" : "entry"
    }
}

/// A part of a timeline, the newest first, and where it goes on.
struct RoomTimeline: Sendable {
    struct Choice: Sendable {
        let text: String
        let url: String
        let isChosen: Bool
    }

    private(set) var entries: [RoomEntry]
    let isEmpty: Bool
    let choices: [Choice]
    /// Where older ones are.
    let older: String?
    /// Where the newest are; nil on their page.
    let newest: String?

    static let limit = 50

    /// The same, with what can be done to each entry.
    func with(_ forms: RoomForms) -> RoomTimeline {
        var timeline = self
        for (place, entry) in entries.enumerated() where entry.struck == nil {
            let sequence = String(entry.sequence)
            timeline.entries[place].forms = ["strikeTimelineEntry", "redactTimelineEntry"].flatMap {
                forms.make(
                    $0, subject: "-\(sequence)", fixed: ["sequence": sequence],
                    title: $0.hasPrefix("strike") ? "Strike out" : "Redact", anchor: "timeline",
                    about: "entry \(sequence)")
            }
        }
        return timeline
    }

    /// - Parameter found: One more than `limit`, if there are more.
    init(_ found: [TimelineEntry], marks: EntryMarks, shown: RoomShown, isFirst: Bool, of number: Int) {
        let page = found.prefix(Self.limit)
        // A page that large texts cut has fewer than its limit. Of everything, the oldest entry has the number 1.
        let isCut = shown == .all && (page.last?.recorded.sequence ?? 1) > 1
        entries = page.filter { shown.takes($0, marks) }.map { RoomEntry($0, marks: marks) }
        isEmpty = entries.isEmpty
        let path = "/incidents/\(number)"
        choices = RoomShown.allCases.map {
            Choice(text: $0.title, url: "\(path)?show=\($0.rawValue)#timeline", isChosen: $0 == shown)
        }
        older =
            found.count > Self.limit || isCut
            ? "\(path)?show=\(shown.rawValue)&before=\(page.last?.recorded.sequence ?? 0)#timeline" : nil
        newest = isFirst ? nil : "\(path)?show=\(shown.rawValue)#timeline"
    }
}
