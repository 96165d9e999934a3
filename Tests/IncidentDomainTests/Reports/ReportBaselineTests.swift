import FoundationEssentials
import Glibc
import Testing

@testable import IncidentDomain

/// What is normal, and when it is not.
struct ReportBaselineTests {
    @Test(arguments: [0.05, 0.5, 2, 10, 60], [UInt64](1...5))
    func `ten thousand minutes at a constant rate have no surge`(rate: Double, seed: UInt64) {
        var counts = PoissonCounts(seed: seed, normal: rate)
        var changes = 0
        for _ in 0..<20_000 where counts.pass(perMinute: rate) { changes += 1 }
        // Where one report in 20 minutes is normal, chance brings five within five minutes once in some years.
        #expect(changes == 0, "seed \(seed)")
    }

    @Test(arguments: [10.0, 40, 120], [UInt64](1...20))
    func `five times as many are found within three minutes`(rate: Double, seed: UInt64) {
        var counts = PoissonCounts(seed: seed, normal: rate)
        for _ in 0..<400 { _ = counts.pass(perMinute: rate) }
        var passes = 0
        while !counts.baseline.isSurging, passes < 100 {
            _ = counts.pass(perMinute: rate * 5)
            passes += 1
        }
        #expect(passes <= 6, "seed \(seed)")
    }

    @Test func `a burst where nothing was normal is found at the second look`() {
        var baseline = ReportBaseline()
        let changes = [4, 5, 6].map { baseline.look(reports: $0, inMinutes: 5) }
        #expect(changes == [false, false, true] && baseline.isSurging)
    }

    @Test func `one odd look is none`() {
        var baseline = ReportBaseline(mean: 1, variance: 1)
        for _ in 0..<10 {
            baseline.look(reports: 40, inMinutes: 5)
            #expect(!baseline.isCalm && !baseline.isSurging)
            baseline.look(reports: 5, inMinutes: 5)
            #expect(baseline.isCalm)
        }
    }

    @Test(arguments: [UInt64](1...10))
    func `a day's slow wave is none`(seed: UInt64) {
        var counts = PoissonCounts(seed: seed, normal: 20)
        var changes = 0
        for pass in 0..<(2880 * 4) {
            let rate = 20 + 15 * sin(Double(pass) / 2880 * 2 * .pi)
            if counts.pass(perMinute: rate) { changes += 1 }
        }
        #expect(changes == 0, "seed \(seed)")
    }

    @Test func `an outage is not learnt, and its end is seen`() {
        var counts = PoissonCounts(seed: 7, normal: 4)
        while !counts.baseline.isSurging { _ = counts.pass(perMinute: 60) }
        let mean = counts.baseline.mean
        for _ in 0..<600 { _ = counts.pass(perMinute: 60) }
        #expect(counts.baseline.isSurging && counts.baseline.mean == mean && mean < 10)
        var passes = 0
        while counts.baseline.isSurging { if counts.pass(perMinute: 4) || passes > 100 { break } else { passes += 1 } }
        #expect(passes < 20)
        _ = counts.pass(perMinute: 4)
        _ = counts.pass(perMinute: 4)
        #expect(counts.baseline.mean != mean)
    }

    @Test func `what lasts for half a day is how things are now`() {
        var counts = PoissonCounts(seed: 8, normal: 4)
        var passes = 0
        repeat {
            _ = counts.pass(perMinute: 40)
            passes += 1
        } while passes < 10 || counts.baseline.isSurging && passes < 4_000
        #expect(!counts.baseline.isSurging && passes > ReportBaseline.surgeMinutesMax * 2)
    }
}

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
