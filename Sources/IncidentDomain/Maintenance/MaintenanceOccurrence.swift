/// One time of a window: what is planned, and what became of it.
package struct MaintenanceOccurrence: Hashable, Sendable {
    package enum State: String, CaseIterable, Sendable {
        case scheduled
        case running
        /// It should be over, and nobody has said that it is.
        case overrun
        case done
        case cancelled

        package var isOver: Bool {
            switch self {
            case .done, .cancelled: true
            case .scheduled, .running, .overrun: false
            }
        }
    }

    /// When it begins by the window's rule: this names it, also when it is moved.
    package let local: LocalTime
    package var startsAt: Timestamp
    package var endsAt: Timestamp
    package var state = State.scheduled
    package var beganAt: Timestamp?
    package var endedAt: Timestamp?
    /// How many seconds ahead it was announced last; nil when it was not yet.
    package var announcedSeconds: Int?
    /// How often its end was moved.
    package var extensions = 0
    /// Whether it no longer is as the window's rule says.
    package var isChanged = false
    /// The incident that its overrun opened.
    package var incident: Int?

    package init(local: LocalTime, startsAt: Timestamp, endsAt: Timestamp) {
        self.local = local
        self.startsAt = startsAt
        self.endsAt = endsAt
    }
}

/// What people are told of an occurrence.
package enum MaintenanceNews: Hashable, Sendable {
    /// It begins in so many seconds, at the most.
    case ahead(seconds: Int)
    case started
    case extended
    case ended
    case cancelled
    case overran
}

// MARK: - What happens by itself

extension MaintenanceOccurrence {
    /// How long ahead it is announced, in seconds: three days, a day, an hour.
    package static let announcements = [259_200, 86_400, 3_600]

    /// When something happens next by itself; nil when nothing does.
    ///
    /// - Parameter grace: How many seconds after its end one that is ended by hand may go on.
    package func nextMoment(_ ending: MaintenanceWindow.Ending, grace: Double) -> Timestamp? {
        switch state {
        case .scheduled:
            // The next one that was not made. Of several that are due, the nearest counts, and `pass` makes that one.
            let due = Self.announcements.filter { $0 < announcedSeconds ?? .max }.max()
            return due.map { startsAt.adding(seconds: -Double($0)) } ?? startsAt
        case .running: return ending == .automatic ? endsAt : endsAt.adding(seconds: grace)
        case .overrun, .done, .cancelled: return nil
        }
    }

    /// Takes the next step that is due, if one is.
    ///
    /// - Returns: What has to be told; nil when nothing is due.
    package mutating func pass(
        at now: Timestamp, _ ending: MaintenanceWindow.Ending, grace: Double
    ) -> MaintenanceNews? {
        guard let due = nextMoment(ending, grace: grace), due <= now else { return nil }
        switch state {
        case .scheduled:
            guard startsAt <= now else {
                let left = startsAt.seconds(since: now)
                announcedSeconds = Self.announcements.filter { Double($0) >= left }.min()
                return announcedSeconds.map { .ahead(seconds: $0) }
            }
            (state, beganAt) = (.running, startsAt)
            // Nobody was there while it ran: that it began is no news any more.
            return pass(at: now, ending, grace: grace) ?? .started
        case .running:
            guard ending == .automatic else {
                state = .overrun
                return .overran
            }
            (state, endedAt) = (.done, endsAt)
            return .ended
        case .overrun, .done, .cancelled: return nil
        }
    }
}

// MARK: - What people do

/// A rule's no.
package struct MaintenanceRefusal: Error, Hashable, Sendable {
    package let detail: String

    package init(_ detail: String) {
        self.detail = detail
    }
}

/// What people do with an occurrence.
package enum MaintenanceCommand: Hashable, Sendable {
    case begin
    case end
    /// To a moment.
    case extend(until: Timestamp)
    /// By so many seconds, from its end or, if that has passed, from now.
    case extendBy(seconds: Int)
    case cancel
}

extension MaintenanceOccurrence {
    /// Carries out a command.
    ///
    /// - Returns: What has to be told; nil when what was asked already holds.
    package mutating func carryOut(
        _ command: MaintenanceCommand, at now: Timestamp
    ) throws(MaintenanceRefusal) -> MaintenanceNews? {
        switch command {
        case .begin: try begin(at: now)
        case .end: try end(at: now)
        case .extend(let end): try extend(until: end, at: now)
        case .extendBy(let seconds): try extend(until: max(endsAt, now).adding(seconds: Double(seconds)), at: now)
        case .cancel: try cancel(at: now)
        }
    }

    /// Begins now, and takes as long as it was planned to.
    private mutating func begin(at now: Timestamp) throws(MaintenanceRefusal) -> MaintenanceNews? {
        switch state {
        case .running, .overrun: return nil
        case .done, .cancelled: throw refusal("cannot begin", "scheduled")
        case .scheduled: break
        }
        let length = endsAt.seconds(since: startsAt)
        (startsAt, endsAt, beganAt) = (now, now.adding(seconds: length), now)
        (state, isChanged) = (.running, true)
        return .started
    }

    private mutating func end(at now: Timestamp) throws(MaintenanceRefusal) -> MaintenanceNews? {
        switch state {
        case .done: return nil
        case .scheduled, .cancelled: throw refusal("cannot end", "running or overrun")
        case .running, .overrun: break
        }
        (state, endedAt) = (.done, now)
        return .ended
    }

    private mutating func extend(until end: Timestamp, at now: Timestamp) throws(MaintenanceRefusal) -> MaintenanceNews?
    {
        guard !state.isOver else { throw refusal("cannot be extended", "scheduled, running or overrun") }
        guard end != endsAt else { return nil }
        guard end > endsAt else {
            throw MaintenanceRefusal("The occurrence \(local) ends \(endsAt); it can only be extended to a later time.")
        }
        guard end > now else {
            throw MaintenanceRefusal("It is \(now); the occurrence \(local) can only be extended to a later time.")
        }
        guard end.seconds(since: startsAt) <= Double(MaintenanceWindow.durationSeconds.upperBound) else {
            throw MaintenanceRefusal("The occurrence \(local) would take more than 30 days in all.")
        }
        (endsAt, isChanged) = (end, true)
        extensions += 1
        if state == .overrun { state = .running }
        return .extended
    }

    private mutating func cancel(at now: Timestamp) throws(MaintenanceRefusal) -> MaintenanceNews? {
        switch state {
        case .cancelled: return nil
        case .done, .overrun: throw refusal("cannot be cancelled", "scheduled or running")
        case .running: endedAt = now
        case .scheduled: break
        }
        (state, isChanged) = (.cancelled, true)
        return .cancelled
    }

    private func refusal(_ what: String, _ wanted: String) -> MaintenanceRefusal {
        MaintenanceRefusal("The occurrence \(local) is \(state.rawValue) and \(what); it should be \(wanted).")
    }
}
