import FoundationEssentials
import IncidentDomain

/// A notification that is to be sent now.
struct DueNotification: Sendable {
    let id: Int
    /// Attempts ever, and those of this round: a replay begins a new one.
    let attempts: Int
    let tries: Int
    /// The notice as it is stored: it is read when it is sent, so that what waits takes little memory.
    let body: [UInt8]
    /// What the channel calls the message of this incident.
    let thread: String?

    /// What receivers know repeats by.
    var publicID: String { NotificationID.text(id) }
}

/// `ntf_42`.
enum NotificationID {
    static func text(_ id: Int) -> String { "ntf_\(id)" }

    static func number(_ text: String) -> Int? {
        guard text.hasPrefix("ntf_"), let number = Int(text.dropFirst(4)), number > 0 else { return nil }
        return number
    }
}

/// A lane that this daemon sends: the oldest notifications of one incident at one endpoint, in their order.
struct ClaimedLane: Sendable {
    let endpoint: UUID
    let lane: String
    let claim: UUID
    /// When the endpoint was changed last: what was kept of an older one is read anew.
    let endpointChangedAt: Timestamp
    /// Whether the endpoint counted as failing.
    let isFailing: Bool
    /// The database's time when it was claimed, and ours.
    let claimedAt: Timestamp
    let began: ContinuousClock.Instant
    let due: [DueNotification]

    /// The time by the database's clock.
    var now: Timestamp {
        claimedAt.adding(seconds: began.duration(to: .now).inSeconds)
    }

    var key: LaneKey { LaneKey(endpoint: endpoint, lane: lane) }
}

/// Which lane.
struct LaneKey: Hashable, Sendable {
    let endpoint: UUID
    let lane: String
}

/// What one attempt came to.
struct AttemptResult: Sendable {
    let notification: Int
    let endpoint: UUID
    let lane: String
    let attempt: Int
    let at: Timestamp
    let durationMilliseconds: Int
    /// Nil when there was no answer.
    let status: Int?
    let verdict: OutboundVerdict
    let answer: String?
    /// Whether this notification is given up if it is to be tried again.
    let isLast: Bool
    /// Whether the endpoint counted as failing before.
    let wasFailing: Bool
}

/// How a daemon leaves a lane: at once free for what is next, or not before a moment.
struct LaneRelease: Sendable {
    let endpoint: UUID
    let lane: String
    let claim: UUID
    /// Seconds from now until the next attempt; nil when the last notification was dealt with.
    let retrySeconds: Double?
}

extension AttemptResult {
    /// Errors of the network and of receivers, by which an endpoint counts as failing; not that no message could be made.
    var isFailure: Bool {
        switch verdict {
        case .delivered: false
        case .retry, .disabled: true
        case .failed, .anew: status != nil
        }
    }

    var isDelivered: Bool {
        guard case .delivered = verdict else { return false }
        return true
    }

    /// Whether the notification is dealt with.
    var isEnd: Bool {
        switch verdict {
        case .delivered, .failed, .anew: true
        case .retry: isLast
        // It may be replayed when the endpoint was put right.
        case .disabled: true
        }
    }

    var reference: String? {
        guard case .delivered(let reference?) = verdict else { return nil }
        return reference
    }

    var pauseSeconds: Double? {
        guard case .retry(_, let seconds?) = verdict else { return nil }
        return seconds
    }

    var outcome: String {
        switch verdict {
        case .delivered: "delivered"
        case .retry: isLast ? "failed" : "retry"
        case .failed, .anew: "failed"
        case .disabled: "disabled"
        }
    }

    var detail: String? {
        switch verdict {
        case .delivered: nil
        case .retry(let reason, _): isLast ? "\(reason); the last attempt" : reason
        case .failed(let reason), .anew(let reason), .disabled(let reason): reason
        }
    }
}
