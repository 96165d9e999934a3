/// How many reports of one symptom on one component are normal, and whether there are more now.
///
/// The mean and the variance of the count of a minute, both moving with an hour's memory. The variance is never taken for
/// less than that of a Poisson process of this mean: a few quiet hours do not make a single report an event. While a surge
/// lasts, nothing is learnt, or a long outage would become normal.
package struct ReportBaseline: Hashable, Sendable {
    /// Reports in a minute.
    package private(set) var mean: Double
    package private(set) var variance: Double
    package private(set) var isSurging: Bool
    /// Passes in a row that looked like the other state than the one that holds.
    package private(set) var contrary: Int
    /// Minutes that the surge has lasted.
    package private(set) var surgingMinutes: Int

    package init(
        mean: Double = 0, variance: Double = 0, isSurging: Bool = false, contrary: Int = 0, surgingMinutes: Int = 0
    ) {
        self.mean = max(0, mean)
        self.variance = max(0, variance)
        self.isSurging = isSurging
        self.contrary = contrary
        self.surgingMinutes = surgingMinutes
    }

    /// The weight of a new minute.
    static let weight = 1.0 / 60
    /// Standard deviations above the mean at which a surge may begin, and below which it may end.
    package static let beginsAt = 3.0
    package static let endsBelow = 1.5
    /// Fewer reports within the window are no surge.
    package static let reportsMin = 5
    /// Passes in a row that it takes.
    package static let passesToBegin = 2
    package static let passesToEnd = 5
    /// How far a pass looks back.
    package static let windowMinutes = 5
    /// What has lasted so long is how things are now: the baseline learns again.
    package static let surgeMinutesMax = 720
    /// Where nothing was ever reported, less than this would make `endsBelow` unreachable.
    static let varianceMin = 0.04

    /// The standard deviation of the count of a minute.
    package var deviation: Double { max(variance, mean, Self.varianceMin).squareRoot() }

    /// How many deviations a rate is above the mean.
    package func excess(of perMinute: Double) -> Double { (perMinute - mean) / deviation }

    /// A minute is over.
    package mutating func learn(minute reports: Int) {
        if isSurging {
            surgingMinutes += 1
            guard surgingMinutes > Self.surgeMinutesMax else { return }
        }
        let difference = Double(reports) - mean
        mean += Self.weight * difference
        variance = (1 - Self.weight) * (variance + Self.weight * difference * difference)
    }

    /// Looks at the window that ends now.
    ///
    /// - Returns: Whether a surge began or ended with this pass.
    @discardableResult
    package mutating func look(reports: Int, inMinutes minutes: Double) -> Bool {
        let excess = excess(of: Double(reports) / max(minutes, 1))
        let isContrary =
            isSurging ? excess < Self.endsBelow : excess >= Self.beginsAt && reports >= Self.reportsMin
        contrary = isContrary ? contrary + 1 : 0
        guard contrary >= (isSurging ? Self.passesToEnd : Self.passesToBegin) else { return false }
        isSurging.toggle()
        contrary = 0
        surgingMinutes = 0
        return true
    }

    /// Nothing is under way: no surge, and no pass that looked like one.
    package var isCalm: Bool { !isSurging && contrary == 0 }
}
