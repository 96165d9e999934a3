/// How the clocks of a time zone are set within some years. What stands here was read from a database of time zones by whoever
/// may read one.
package struct ZoneOffsets: Hashable, Sendable {
    /// From a moment on, the clocks are set like this.
    package struct Change: Hashable, Sendable {
        /// Seconds since 1970-01-01T00:00:00Z.
        package let at: Int
        /// Seconds that the clocks are ahead of UTC.
        package let offset: Int

        package init(at: Int, offset: Int) {
            self.at = at
            self.offset = offset
        }
    }

    /// As IANA names it: `Europe/Berlin`.
    package let name: String
    /// Before the first change.
    package let firstOffset: Int
    /// In the order of time.
    package let changes: [Change]

    package init(name: String, firstOffset: Int, changes: [Change] = []) {
        self.name = name
        self.firstOffset = firstOffset
        self.changes = changes
    }

    package static let utc = ZoneOffsets(name: "UTC", firstOffset: 0)

    /// No clock differs more from UTC, in seconds.
    private static let offsetMax = 26 * 3600

    /// What a clock there shows at a moment; milliseconds are cut off.
    package func local(at moment: Timestamp) -> LocalTime {
        LocalTime(seconds: Int((Double(moment.milliseconds) / 1000).rounded(.down)) + offset(at: moment))
    }

    /// Seconds that the clocks are ahead of UTC at a moment.
    package func offset(at moment: Timestamp) -> Int {
        let utc = Int((Double(moment.milliseconds) / 1000).rounded(.down))
        return changes[..<firstChange(after: utc)].last?.offset ?? firstOffset
    }

    /// Whether a clock there shows the same time at another moment too, as it was set back.
    package func showsTwice(_ moment: Timestamp) -> Bool {
        guard !changes.isEmpty else { return false }
        let local = local(at: moment)
        let shown = spans(near: local).filter { span in
            let utc = local.seconds - span.offset
            return utc >= span.from && utc < span.to
        }
        return shown.count > 1
    }

    /// When a clock there shows a time: the first time, if it shows it twice. Nil when it never does, because it skips it.
    package func moment(of local: LocalTime) -> Timestamp? {
        for span in spans(near: local) {
            let utc = local.seconds - span.offset
            if utc >= span.from, utc < span.to { return Timestamp(milliseconds: Int64(utc) * 1000) }
        }
        return nil
    }

    /// The same, and for a time that is skipped, what a clock that was not set would show then (RFC 5545, section 3.3.5).
    package func momentOrLater(of local: LocalTime) -> Timestamp {
        if let moment = moment(of: local) { return moment }
        let utc = local.seconds - (gap(at: local)?.before ?? firstOffset)
        return Timestamp(milliseconds: Int64(utc) * 1000)
    }

    /// From when to when clocks are set forward over a time, and what they were ahead of UTC before; nil when they show it.
    package func gap(at local: LocalTime) -> (from: LocalTime, to: LocalTime, before: Int)? {
        let near = Array(spans(near: local))
        for (before, after) in zip(near, near.dropFirst()) {
            let (start, end) = (after.from + before.offset, after.from + after.offset)
            if (start..<max(start, end)).contains(local.seconds) {
                return (LocalTime(seconds: start), LocalTime(seconds: end), before.offset)
            }
        }
        return nil
    }

    /// The spans of one offset in which a local time may lie, in the order of time.
    private func spans(near local: LocalTime) -> some Sequence<(from: Int, to: Int, offset: Int)> {
        let first = firstChange(after: local.seconds - Self.offsetMax)
        let last = firstChange(after: local.seconds + Self.offsetMax)
        return (first...last).lazy.map { index in
            (
                from: index == 0 ? Int.min : changes[index - 1].at,
                to: index == changes.count ? Int.max : changes[index].at,
                offset: index == 0 ? firstOffset : changes[index - 1].offset
            )
        }
    }

    /// The place of the first change after a moment, found by halving.
    private func firstChange(after utc: Int) -> Int {
        var (low, high) = (0, changes.count)
        while low < high {
            let middle = (low + high) / 2
            if changes[middle].at <= utc { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
