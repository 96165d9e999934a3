import Testing

@testable import IncidentDomain

/// Distributions of times, and whether they hold.
struct RestorationForecastTests {
    /// So many components of ten minutes, one after the other or all at once.
    private func outage(_ count: Int, isChain: Bool) throws -> Given {
        let names = (0..<count).map { "c\(1000 + $0)" }
        var given = try Given(
            graph: DependencyGraph(
                names.enumerated().map { place, name in
                    Component(
                        slug: name, name: name, tier: 1, expectedRestoreSeconds: 600,
                        dependsOn: isChain && place > 0 ? [Dependency(component: names[place - 1], kind: .hard)] : [])
                }))
        given.affect(names)
        return given
    }

    private func near(_ value: Double, _ wanted: Double, _ part: Double = 0.08) -> Bool {
        abs(value / wanted - 1) < part
    }

    @Test func `the normal distribution has its known values`() {
        for (part, value) in [(0.5, 0.0), (0.841_344_746, 1), (0.9, 1.281_551_566), (0.001, -3.090_232_306)] {
            #expect(abs(Normal.quantile(part) - value) < 1e-6)
            #expect(abs(1 - Normal.above(value) - part) < 1e-6)
        }
        #expect(abs(Normal.quantile(0.5, above: 2) - 2.277) < 0.002)
        #expect(abs(Normal.quantile(0.5, above: 4.999) - Normal.quantile(0.5, above: 5.001)) < 0.01)
    }

    @Test func `a step that has taken long takes longer than that`() throws {
        let work = try #require(LogNormal(median: 600, p90: 1200))
        #expect(near(work.time(at: 0), 600, 1e-9) && near(work.time(at: Normal.z90), 1200, 1e-9))
        var before = 0.0
        for elapsed in stride(from: 0.0, through: 1e6, by: 997) {
            let median = work.time(0.5, elapsed: elapsed)
            #expect(median > elapsed && median >= before && work.time(0.9, elapsed: elapsed) > median)
            before = median
        }
        #expect(LogNormal(median: 0, p90: 0) == nil)
    }

    @Test func `ten at once end as the slowest of them, and a chain of ten as their sum`() throws {
        let parallel = try #require(try outage(10, isChain: false).plan().forecast())
        // Simulated elsewhere, without a common factor: 23 and 35 minutes.
        #expect(near(parallel.p50Seconds / 60, 23, 0.1) && near(parallel.p90Seconds / 60, 35, 0.15), "\(parallel)")
        let chain = try #require(try outage(10, isChain: true).plan().forecast())
        // As before 114 and 144; what all steps share makes it wider.
        #expect(near(chain.p50Seconds / 60, 114) && (144...175).contains(chain.p90Seconds / 60), "\(chain)")
        #expect(chain.p50Seconds < chain.p80Seconds && chain.p80Seconds < chain.p90Seconds)
    }

    @Test func `the same question has the same answer, and another step leaves the luck of the others`() throws {
        let plan = try outage(20, isChain: true).plan()
        #expect(plan.forecast() == plan.forecast())
        let (less, more) = (try outage(5, isChain: false), try outage(6, isChain: false))
        let (one, other) = (try #require(less.plan().forecast()), try #require(more.plan().forecast()))
        #expect(one.p50Seconds <= other.p50Seconds && one.p90Seconds <= other.p90Seconds)
    }

    @Test func `every draw of a stream is another part of the distribution`() {
        for count in [64, 256, 2048] {
            for seed in ["db", "feed", "a-long-name-of-a-component"] {
                let stream = RandomStream(RandomStream.seed(seed), count)
                #expect(Set((0..<count).map(stream.part)).count == count)
                let normals = (0..<count).map(stream.normal)
                #expect(abs(normals.reduce(0, +) / Double(count)) < 0.05)
            }
        }
    }

    @Test func `two streams have nothing to do with each other`() {
        var worst = 0.0
        let names = (0..<60).map { "component-\($0)" }
        let streams = names.map { name in
            let stream = RandomStream(RandomStream.seed(name), 2048)
            return (0..<2048).map(stream.normal)
        }
        for one in streams.indices {
            for other in streams.indices where other > one {
                let product = zip(streams[one], streams[other]).reduce(0) { $0 + $1.0 * $1.1 }
                worst = max(worst, abs(product) / 2048)
            }
        }
        // Of 1,770 independent pairs the worst is at about 0.08.
        #expect(worst < 0.2, "\(worst)")
    }

    /// 2,000 outages whose steps take what they are said to, and which are late or early as a whole.
    @Test func `nine outages of ten end before the 90 percent say, five before the 50`() throws {
        var random = SeededGenerator()
        var (within50, within80, within90, count) = (0, 0, 0, 0)
        func normal() -> Double { Normal.quantile(Double.random(in: 0.000_001..<0.999_999, using: &random)) }
        for _ in 0..<2000 {
            var outage = RandomOutage(upTo: 12, states: [.waiting], &random)
            outage.waves = random.pick([.advise, .enforce])
            for place in outage.components.indices {
                for edge in outage.components[place].dependsOn.indices {
                    outage.components[place].dependsOn[edge].at = nil
                }
            }
            guard let forecast = try outage.plan().forecast(), forecast.p50Seconds > 0 else { continue }
            var real = outage
            let factor = LogNormal(median: 1, sigma: ForecastCalibration.none.spread).time(at: normal())
            let map = RestorationMap(
                try outage.incident(), outage.graph,
                EstimateBasis(soak: outage.soak, measured: outage.measured, waves: outage.waves), now: outage.now,
                order: outage.order)
            // What each step really takes, as if the catalog had known.
            for place in real.components.indices {
                guard let node = map.node(real.components[place].slug) else { continue }
                let time = map.network.times[node]
                let seconds = (time.work.map { $0.time(at: normal()) * factor } ?? 0) + Double(time.soak) / 1000
                real.components[place].soakSeconds = 0
                real.components[place].expectedRestoreSeconds = Int(seconds.rounded())
            }
            var plain = RandomOutage(real, measured: .none)
            plain.steps.removeAll { $0.component == "lost" }
            guard outage.steps.allSatisfy({ $0.component != "lost" }), let end = try plain.plan().pathSeconds else {
                continue
            }
            count += 1
            within50 += end <= forecast.p50Seconds ? 1 : 0
            within80 += end <= forecast.p80Seconds ? 1 : 0
            within90 += end <= forecast.p90Seconds ? 1 : 0
        }
        let parts = [within50, within80, within90].map { Double($0) / Double(count) }
        #expect(count > 1000)
        #expect((0.44...0.56).contains(parts[0]), "\(parts); \(random.seedText)")
        #expect((0.74...0.86).contains(parts[1]), "\(parts); \(random.seedText)")
        #expect((0.85...0.95).contains(parts[2]), "\(parts); \(random.seedText)")
    }

    @Test func `what past forecasts teach moves the next one, within bounds`() throws {
        let slow = ForecastCalibration(samples: 20, mean: 0.4, variance: 0.09)
        #expect(near(slow.bias, 1.4918, 0.001) && near(slow.spread, 0.3, 0.001))
        #expect(ForecastCalibration(samples: 4, mean: 0.4, variance: 0.09) == .none)
        #expect(ForecastCalibration(samples: 5, mean: 9, variance: -1).bias < 2.1)
        #expect(ForecastCalibration(samples: 5, mean: 9, variance: -1).spread == 0.1)
        #expect(ForecastCalibration(samples: 5, mean: .nan, variance: 1) == .none)
        let given = try outage(10, isChain: true)
        let plan = RestorationPlan.make(
            for: given.incident, in: given.graph, soak: given.soak, measured: .none, calibration: slow, now: given.now)
        let (learnt, plain) = (try #require(plan.forecast()), try #require(given.plan().forecast()))
        #expect(near(learnt.p50Seconds / plain.p50Seconds, 1.49, 0.03))
        #expect(learnt.p90Seconds / learnt.p50Seconds > plain.p90Seconds / plain.p50Seconds)
    }

    @Test func `thousands of steps are drawn less often`() throws {
        let given = try outage(5000, isChain: true)
        let forecast = try #require(given.plan().forecast())
        #expect(forecast.p50Seconds > 5000 * 600 && forecast.p90Seconds > forecast.p50Seconds)
    }
}
