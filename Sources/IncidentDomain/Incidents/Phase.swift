/// Where an incident stands on its way from the first signal to the finished review.
package enum Phase: String, CaseIterable, Codable, CodingKeyRepresentable, Sendable {
    /// Is something wrong?
    case detect
    /// What, how bad, why?
    case assess
    /// How do we stop the harm?
    case mitigate
    /// What comes back, in which order?
    case restore
    /// What did we learn?
    case review
    /// Done. It can be reopened with a reason, and what is written down afterwards goes on.
    case closed
    /// It was a false alarm.
    case dismissed
    /// It goes on as another incident.
    case merged

    /// The phase that follows when every requirement is met; nil at the end of the way.
    package var next: Phase? {
        switch self {
        case .detect: .assess
        case .assess: .mitigate
        case .mitigate: .restore
        case .restore: .review
        case .review: .closed
        case .closed, .dismissed, .merged: nil
        }
    }

    /// The phases that `revert` may go back to.
    package var earlier: [Phase] {
        switch self {
        case .detect, .assess, .dismissed, .merged: []
        case .mitigate: [.assess]
        case .restore: [.mitigate]
        case .review: [.mitigate, .restore]
        case .closed: [.mitigate, .review]
        }
    }

    /// Whether work goes on: not closed, dismissed or merged.
    package var isOpen: Bool {
        switch self {
        case .detect, .assess, .mitigate, .restore, .review: true
        case .closed, .dismissed, .merged: false
        }
    }

    /// What goes on in it, as people call that: `Assessment`.
    package var title: String {
        switch self {
        case .detect: "Detection"
        case .assess: "Assessment"
        case .mitigate: "Mitigation"
        case .restore: "Restoration"
        case .review: "Review"
        case .closed: "Closed"
        case .dismissed: "Dismissed"
        case .merged: "Merged"
        }
    }

    /// The same in a sentence: at its beginning, and within it.
    var titlePhrase: Phrase { .template(title, []) }
    var noun: Phrase { .template(title.lowercased(), []) }

    /// Every phase in which things are still written down, in order.
    package static let writable: [Phase] = open + [.closed]

    /// Every phase in which work goes on, in order.
    package static let open: [Phase] = [.detect, .assess, .mitigate, .restore, .review]
}
