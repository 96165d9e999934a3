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
