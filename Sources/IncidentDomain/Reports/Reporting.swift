extension Incident {
    /// How long to wait before reports are counted again while a surge goes on.
    package static let reportsCountedEvery: Double = 15 * 60

    /// Users' reports are counted when a surge joins or ends, once more before the review, and now and then in between: the
    /// timeline is not a place for a figure of every minute.
    ///
    /// - Parameter changedAt: When a surge of this incident last began or ended.
    func countReports(_ series: ReportSeries, changedAt: Timestamp, _ facts: DecisionFacts) -> [any TimelineEvent] {
        guard phase.isOpen, series.total > 0 else { return [] }
        guard let last = reports else { return [ReportsCounted(series)] }
        if last.countedAt < changedAt { return [ReportsCounted(series)] }
        guard series.total != last.total || series.peakPerMinute != last.peakPerMinute else { return [] }
        if phase == .review {
            // What people read there should be the last word, but is one only once.
            guard let restored = clocks.restoredAt, last.countedAt < restored else { return [] }
            return [ReportsCounted(series)]
        }
        guard facts.now >= last.countedAt.adding(seconds: Self.reportsCountedEvery) else { return [] }
        return [ReportsCounted(series)]
    }
}
