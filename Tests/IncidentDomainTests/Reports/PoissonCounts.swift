import FoundationEssentials
import Glibc

@testable import IncidentDomain

/// Users who report independently of each other, and the passes that look at their reports every half minute.
struct PoissonCounts {
    var generator: SeededGenerator
    var baseline: ReportBaseline
    /// The reports of each half minute.
    private(set) var halves: [Int] = []

    init(seed: UInt64, normal rate: Double) {
        generator = SeededGenerator(seed: seed)
        baseline = ReportBaseline(mean: rate, variance: rate)
        for _ in 0..<10 { halves.append(draw(rate / 2)) }
    }

    /// Goes on for half a minute; tells whether a surge began or ended.
    mutating func pass(perMinute rate: Double) -> Bool {
        halves.append(draw(rate / 2))
        // A minute is learnt when the window has left it.
        if halves.count.isMultiple(of: 2), halves.count > 12 {
            baseline.learn(minute: halves.suffix(12).prefix(2).reduce(0, +))
        }
        return baseline.look(reports: halves.suffix(10).reduce(0, +), inMinutes: 5)
    }

    /// Knuth's way, in pieces that a Double can hold.
    private mutating func draw(_ mean: Double) -> Int {
        var count = 0
        var left = mean
        while left > 0 {
            let part = min(left, 30)
            left -= part
            let limit = exp(-part)
            var product = Double.random(in: 0..<1, using: &generator)
            while product > limit {
                count += 1
                product *= Double.random(in: 0..<1, using: &generator)
            }
        }
        return count
    }
}
