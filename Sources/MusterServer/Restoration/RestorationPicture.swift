import IncidentDomain

/// What a picture of a restoration shows, and nothing of how: waves of boxes, what each needs, and what stands in the head.
struct RestorationPicture: Hashable, Sendable {
    /// What a reader sees who reads only the top.
    struct Heading: Hashable, Sendable {
        var incident: Int
        var title: String
        /// When the incident last changed: what is shown is as of then.
        var asOf: Timestamp
        /// When everything is expected to be back; nil when nobody can say, or when it is over.
        var expected: Expected?
        /// Components without an expected time, because of which there is none for the whole.
        var unestimated: [String] = []
    }

    struct Expected: Hashable, Sendable {
        var median: Timestamp
        /// Later in one case of ten.
        var p90: Timestamp?
    }

    struct Wave: Hashable, Sendable {
        /// Counts from 1.
        var number: Int
        /// The effective tier of what is in it.
        var tier: Int
        var stable: Bool
        /// In the order of the plan.
        var boxes: [Box]
    }

    /// One component.
    struct Box: Hashable, Sendable {
        var component: String
        /// What the catalog calls it, if it says more than the slug.
        var name: String?
        var tier: Int
        var effectiveTier: Int
        var status: RestorationStatus
        /// Percent of the traffic that is back.
        var rampPercent: Int?
        /// Of `restoring` since when, of `verifying` until when, of `restored` when.
        var moment: Timestamp?
        var failures: Int
        /// The affected components that it waits for directly.
        var needs: [String]
        /// The affected components without which it works degraded.
        var softNeeds: [String]
        /// When the plan expects it back.
        var expectedEnd: Timestamp?
    }

    var heading: Heading
    var waves: [Wave]
    /// The components on the longest remaining path, in order.
    var criticalPath: [String]
}

extension RestorationPicture {
    var boxes: [Box] { waves.flatMap(\.boxes) }
    /// How many are restored or waived.
    var done: Int { boxes.count { $0.status.isDone } }

    /// The states that occur, the most urgent first, each with how many are in it.
    static func counts(_ boxes: [Box]) -> [(status: RestorationStatus, count: Int)] {
        let counts = boxes.reduce(into: [RestorationStatus: Int]()) { $0[$1.status, default: 0] += 1 }
        return RestorationStatus.byUrgency.compactMap { status in counts[status].map { (status, $0) } }
    }
}

extension RestorationStatus {
    /// As a person at work asks for them: what is broken again, what can be begun, what runs, what waits, what is over.
    static let byUrgency: [RestorationStatus] = [
        .regressed, .ready, .restoring, .verifying, .waiting, .restored, .waived,
    ]

    var isDone: Bool {
        switch self {
        case .restored, .waived: true
        case .waiting, .ready, .restoring, .verifying, .regressed: false
        }
    }

    /// Whether something can stand before its start.
    var isHeld: Bool {
        switch self {
        case .waiting, .regressed: true
        case .ready, .restoring, .verifying, .restored, .waived: false
        }
    }
}
