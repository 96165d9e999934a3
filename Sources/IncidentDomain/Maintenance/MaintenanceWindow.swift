/// Planned work on components, once or again and again.
package struct MaintenanceWindow: Hashable, Sendable {
    /// How it comes to its end.
    package enum Ending: String, CaseIterable, Sendable {
        /// When its time is over.
        case automatic
        /// When somebody says so. If nobody does, it overruns.
        case byHand = "by_hand"
    }

    package var title: String
    package var description: String?
    /// At least one.
    package var components: [String]
    /// Where; empty means everywhere that the components run.
    package var regions: [String]
    /// When it begins (the first time), by a clock in its time zone.
    package var start: LocalTime
    /// As IANA names it.
    package var timeZone: String
    /// How long it takes; seconds that go by, also while clocks are set.
    package var durationSeconds: Int
    package var rule: RecurrenceRule?
    package var ending: Ending

    package static let durationSeconds = 60...30 * 86_400
    /// So long ahead the times of a window are worked out and kept; the next one is kept in any case.
    package static let horizonSeconds: Double = 90 * 86_400
    /// Nobody looks further ahead for the next one.
    package static let searchSeconds: Double = 50 * 365 * 86_400
    /// How far ahead, and how long ago, a window may begin.
    package static let startAheadSeconds: Double = 5 * 366 * 86_400
    package static let startAgoSeconds: Double = 366 * 86_400

    package init(
        title: String, description: String? = nil, components: [String], regions: [String] = [], start: LocalTime,
        timeZone: String, durationSeconds: Int, rule: RecurrenceRule? = nil, ending: Ending = .automatic
    ) {
        self.title = title
        self.description = description
        self.components = components
        self.regions = regions
        self.start = start
        self.timeZone = timeZone
        self.durationSeconds = durationSeconds
        self.rule = rule
        self.ending = ending
    }

    /// The times at which it begins, in their order, up to a moment.
    package func times(in zone: ZoneOffsets, through end: Timestamp) -> AnySequence<Recurrence.Time> {
        if let rule { return AnySequence(Recurrence(rule, from: start, in: zone, through: end)) }
        let moment = zone.momentOrLater(of: start)
        return AnySequence(moment <= end ? [Recurrence.Time(local: start, moment: moment)] : [])
    }

    /// When one that begins at a moment should be over.
    package func end(from start: Timestamp) -> Timestamp {
        start.adding(seconds: Double(durationSeconds))
    }
}

// MARK: - What is planned ahead

/// Which times of a window are to be kept, as of a moment.
package struct MaintenancePlan: Hashable, Sendable {
    /// Those that are not over and begin within the horizon, and at least the next one.
    package var times: [Recurrence.Time]
    /// When this has to be worked out again.
    package var nextLookAt: Timestamp
    /// Whether others come after these.
    package var isMoreToCome: Bool

    /// Time zones change their rules now and then, so everything that is ahead is worked out anew as often.
    private static let lookSeconds: Double = 86_400

    package init(of window: MaintenanceWindow, in zone: ZoneOffsets, now: Timestamp) {
        let horizon = now.adding(seconds: MaintenanceWindow.horizonSeconds)
        var times: [Recurrence.Time] = []
        var isMoreToCome = false
        for time in window.times(in: zone, through: now.adding(seconds: MaintenanceWindow.searchSeconds))
        where window.end(from: time.moment) > now {
            isMoreToCome = time.moment > horizon && times.contains { $0.moment > now }
            if isMoreToCome { break }
            times.append(time)
        }
        self.times = times
        self.isMoreToCome = isMoreToCome
        let tomorrow = now.adding(seconds: Self.lookSeconds)
        // When the last one begins, the one after it becomes the next.
        nextLookAt =
            times.last.map { isMoreToCome ? max(now.adding(seconds: 1), min(tomorrow, $0.moment)) : tomorrow }
            ?? tomorrow
    }
}

// MARK: - What is wrong with a window

extension MaintenanceWindow {
    /// What is wrong with a beginning that somebody names, as far as that can be said without its time zone. It comes before
    /// all other looks, since what is far away takes long to work out.
    package func startFault(now: Timestamp) -> (field: String, detail: String)? {
        let ahead = Double(start.seconds) - Double(now.milliseconds) / 1000
        if ahead > Self.startAheadSeconds { return ("local_start", "is more than 5 years ahead") }
        guard ahead < -Self.startAgoSeconds else { return nil }
        return ("local_start", "is more than a year ago; send the next time at which it begins")
    }

    /// What is wrong with the times of a window, and the field that it concerns; nil when nothing is.
    package func fault(in zone: ZoneOffsets, now: Timestamp) -> (field: String, detail: String)? {
        if let rule, let fault = startFault(rule, in: zone) { return fault }
        let times = times(in: zone, through: now.adding(seconds: Self.searchSeconds))
        guard times.contains(where: { end(from: $0.moment) > now }) else {
            return ("local_start", "is over already; send a window that ends in the future")
        }
        return overlap(times)
    }

    /// A series begins with its start: RFC 5545 leaves open what else would happen.
    private func startFault(_ rule: RecurrenceRule, in zone: ZoneOffsets) -> (field: String, detail: String)? {
        if let gap = zone.gap(at: start) {
            return (
                "local_start",
                "does not exist in \(timeZone): the clocks are set from \(gap.from) to \(gap.to). Send another time"
            )
        }
        let search = (zone.momentOrLater(of: start)).adding(seconds: Self.searchSeconds)
        var unbound = rule
        (unbound.count, unbound.until) = (nil, nil)
        var times = Recurrence(unbound, from: start, in: zone, through: search)
        guard let first = times.next() else { return ("rrule", "names no day that there is") }
        guard first.local == start else {
            return ("local_start", "is not a time of the rrule; the first one after it is \(first.local)")
        }
        if let until = rule.until, until < first.moment { return ("rrule", "has an UNTIL before local_start") }
        return nil
    }

    private static let overlapLooksMax = 400

    private func overlap(_ times: some Sequence<Recurrence.Time>) -> (field: String, detail: String)? {
        var before: Recurrence.Time?
        for time in times.prefix(Self.overlapLooksMax) {
            if let before, end(from: before.moment) > time.moment {
                return (
                    "duration_seconds",
                    "is too long: the one of \(before.local) would not be over when that of \(time.local) begins"
                )
            }
            before = time
        }
        return nil
    }
}
