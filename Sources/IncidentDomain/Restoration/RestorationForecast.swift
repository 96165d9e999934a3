/// When a restoration ends, as a distribution: the whole network is carried out some two thousand times with random times a
/// step, and a factor that all steps of one restoration share, because what makes one late makes the others late too.
///
/// Every component has its own stream of random numbers, which follows from its slug alone. So the same question has the same
/// answer, and a step more or less leaves the luck of the others as it is.
package struct RestorationForecast: Hashable, Sendable {
    /// Seconds from now that are not exceeded in half of the cases.
    package let p50Seconds: Double
    package let p80Seconds: Double
    package let p90Seconds: Double

    /// From the ends of all draws.
    fileprivate init?(_ ends: [Float]) {
        guard !ends.isEmpty else { return nil }
        let sorted = ends.sorted()
        func quantile(_ part: Double) -> Double {
            // To the millisecond, as timestamps are.
            (Double(sorted[min(sorted.count - 1, Int(part * Double(sorted.count)))]) * 1000).rounded() / 1000
        }
        (p50Seconds, p80Seconds, p90Seconds) = (quantile(0.5), quantile(0.8), quantile(0.9))
    }

    /// A time that is certain.
    init(seconds: Double) {
        (p50Seconds, p80Seconds, p90Seconds) = (seconds, seconds, seconds)
    }
}

/// What past forecasts teach about the next one: how far whole restorations were from what was expected of them.
package struct ForecastCalibration: Hashable, Codable, Sendable {
    /// How many past forecasts were compared.
    package let samples: Int
    /// What restorations took, as a factor of what was expected, in the middle.
    package let bias: Double
    /// The spread of the logarithm of that factor, beside what the steps' own times spread.
    package let spread: Double

    /// Of as few as these nothing is learnt.
    package static let leastSamples = 5
    /// What is assumed while nothing was measured: one restoration in three is a fifth slower or faster as a whole.
    package static let none = ForecastCalibration(samples: 0, bias: 1, spread: 0.2)

    private init(samples: Int, bias: Double, spread: Double) {
        (self.samples, self.bias, self.spread) = (samples, bias, spread)
    }

    /// - Parameters:
    ///   - mean: Of the logarithm of what each restoration took, divided by what was expected when it began (the median, bias
    ///     taken out).
    ///   - variance: Of the same, less what the steps' own times explain; may be below 0.
    package init(samples: Int, mean: Double, variance: Double) {
        guard samples >= Self.leastSamples, mean.isFinite, variance.isFinite else {
            self = .none
            return
        }
        // Some outages that went very wrong do not make the next one hopeless, and some that went well no certainty.
        self.init(
            samples: samples, bias: LogNormal(median: 1, sigma: 1).time(at: min(max(mean, -0.7), 0.7)),
            spread: min(max(max(0, variance).squareRoot(), 0.1), 0.8))
    }
}

/// A node that has to be back for something: all of it, or only so far that what needs it may go on.
struct RequiredNode: Hashable, Sendable {
    let node: Int
    /// The part of the work that is left for it, 0 to 1; nil for all of it, its soak too.
    let part: Double?
}

/// What a forecast is asked for: when some nodes are all back, or when so many of some parts are.
struct ForecastTarget {
    struct Part {
        var nodes: [RequiredNode]
        /// What stands in other incidents.
        var elsewhere: [OtherRestorations.Step] = []
        /// How long that still takes at least, in milliseconds.
        var least = 0
        /// Whether anything of it is affected, though what is there may be enough.
        var isTouched = true

        func isBack(_ network: RestorationNetwork) -> Bool {
            elsewhere.isEmpty && !nodes.contains { network.isOpen($0.node) }
        }
    }

    let parts: [Part]
    let enough: Int

    /// - Parameter nodes: All of these.
    init(_ nodes: some Sequence<Int>) {
        self.init([Part(nodes: nodes.map { RequiredNode(node: $0, part: nil) })], enough: 1)
    }

    init(_ parts: [Part], enough: Int) {
        (self.parts, self.enough) = (parts, enough)
    }

    /// The parts that are to be drawn, with the nodes that remain and whose end is known. What nobody can estimate, and what waits
    /// for it, has no end: it is left out, and so is a whole part with such a node where enough others have none. Empty when enough
    /// parts are back.
    fileprivate func remaining(_ network: RestorationNetwork, _ isKnown: (Int) -> Bool) -> [Part] {
        guard parts.count(where: { $0.isBack(network) }) < enough else { return [] }
        var open = parts
        for place in open.indices {
            open[place].nodes.removeAll { !network.isOpen($0.node) }
            if open[place].least == RestorationNetwork.unknown { open[place].least = 0 }
        }
        let sure = zip(parts, open).filter { part, open in
            part.least < RestorationNetwork.unknown && open.nodes.allSatisfy { isKnown($0.node) }
        }.map(\.1)
        guard sure.count < enough else { return sure }
        for place in open.indices { open[place].nodes.removeAll { !isKnown($0.node) } }
        return open
    }
}

/// Carries out a network many times.
struct RestorationDraws {
    /// How many times; a power of two.
    let count: Int
    private let network: RestorationNetwork
    private let calibration: ForecastCalibration
    private let streams: [UInt64]
    private let schedule: RestorationSchedule
    /// The nodes in the order in which they are scheduled.
    private let sequence: [Int]

    /// As often as the budget of times a step allows, within these.
    static let counts = 64...2048
    /// 2,048 draws of 300 steps.
    private static let timesMax = 2048 * 300
    private static let width = 8

    init(_ map: RestorationMap, _ calibration: ForecastCalibration) {
        (network, schedule, self.calibration) = (map.network, map.schedule, calibration)
        var count = Self.counts.upperBound
        while count > Self.counts.lowerBound, count * network.count > Self.timesMax { count /= 2 }
        self.count = count
        streams = (0..<network.count).map { RandomStream.seed(map.step($0).component) }
        sequence =
            network.hands == nil ? Array(0..<network.count) : RestorationSchedule.unlimited(network).sequence(network)
    }

    /// The forecast for each target: when the last node of its parts is back, or of enough of them. Nil for a target of which
    /// nothing is open and known.
    func forecasts(of targets: [ForecastTarget]) -> [RestorationForecast?] {
        let known = knownNodes()
        let wanted = targets.map { target in
            let parts = target.remaining(network) { known[$0] }
            let isUnknown = parts.allSatisfy { $0.nodes.isEmpty && $0.least == 0 }
            return (parts: isUnknown ? [] : parts, enough: target.enough)
        }
        var ends = wanted.map { target in
            var ends: [Float] = []
            if !target.parts.isEmpty { ends.reserveCapacity(count) }
            return ends
        }
        let shared = RandomStream(RandomStream.seed("every step of a restoration"), count)
        let common = LogNormal(median: 1, sigma: calibration.spread)
        var begins = [SIMD8<Float>](repeating: .zero, count: network.count)
        var works = begins
        var ended = begins
        var freed = begins
        for first in stride(from: 0, to: count, by: Self.width) {
            var factor = SIMD8<Float>(repeating: Float(calibration.bias))
            for lane in 0..<Self.width {
                factor[lane] *= Float(common.time(at: shared.normal(first + lane)))
            }
            pass(first, factor, &begins, &works, &ended, &freed)
            for (place, target) in wanted.enumerated() where !target.parts.isEmpty {
                var latest: [SIMD8<Float>] = []
                for part in target.parts {
                    var last = SIMD8<Float>(repeating: Float(part.least) / 1000)
                    for required in part.nodes {
                        let node = required.node
                        let end = required.part.map { begins[node] + Float($0) * works[node] } ?? ended[node]
                        last = pointwiseMax(last, end)
                    }
                    Self.insert(last, into: &latest, atMost: target.parts.count - target.enough + 1)
                }
                for lane in 0..<Self.width { ends[place].append(latest[0][lane]) }
            }
        }
        return ends.map(RestorationForecast.init)
    }

    private func knownNodes() -> [Bool] {
        (0..<network.count).map { schedule.ends[$0] < RestorationNetwork.unknown }
    }

    /// Eight draws at once: as `RestorationSchedule`, in seconds. The hands take the steps in the order of the plan in every draw.
    private func pass(
        _ first: Int, _ factor: SIMD8<Float>, _ begins: inout [SIMD8<Float>], _ works: inout [SIMD8<Float>],
        _ ended: inout [SIMD8<Float>], _ freed: inout [SIMD8<Float>]
    ) {
        let never = SIMD8<Float>(repeating: -1)
        var waves: [(tier: Int32, end: SIMD8<Float>)] = []
        // For each owner, when its hands are free again, the first one first (`HandQueues`).
        var busy = [[SIMD8<Float>]](repeating: [], count: network.hands?.capacities.count ?? 0)
        if let hands = network.hands {
            for node in sequence where network.roles[node] == .running {
                works[node] = work(node, first, factor)
                let capacity = hands.capacities[hands.owners[node]]
                if capacity < .max { Self.insert(works[node], into: &busy[hands.owners[node]], atMost: capacity) }
            }
        }
        for node in sequence {
            var hold = never
            for edge in network.needs.edges(node) {
                let dependency = Int(network.needs.targets[edge])
                switch network.opening(edge) {
                case .restored: hold = pointwiseMax(hold, freed[dependency])
                case .open: break
                case .part(let part):
                    hold = pointwiseMax(hold, begins[dependency] + Float(part) * works[dependency])
                }
            }
            switch network.roles[node] {
            case .restored: freed[node] = hold
            case .waived: freed[node] = never
            case .waiting, .running:
                let owner = network.hands?.owners[node]
                let capacity = owner.flatMap { network.hands?.capacities[$0] } ?? .max
                var begin = SIMD8<Float>.zero
                if network.roles[node] == .waiting {
                    begin = pointwiseMax(begin, hold)
                    for other in network.elsewhere.isEmpty ? [] : network.elsewhere[node] ?? [] {
                        begin = pointwiseMax(begin, SIMD8(repeating: Float(other.remaining) / 1000))
                    }
                    for wave in waves where wave.tier < network.tiers[node] { begin = pointwiseMax(begin, wave.end) }
                    if let owner, busy[owner].count >= capacity {
                        begin = pointwiseMax(begin, busy[owner][0])
                    }
                }
                begins[node] = begin
                works[node] = work(node, first, factor)
                ended[node] = begin + works[node] + Float(network.times[node].soak) / 1000
                freed[node] = pointwiseMax(ended[node], hold)
                if let owner, capacity < .max, network.roles[node] == .waiting {
                    Self.insert(begin + works[node], into: &busy[owner], atMost: capacity)
                }
                guard network.waves == .enforce else { continue }
                if waves.last?.tier != network.tiers[node] { waves.append((network.tiers[node], .zero)) }
                waves[waves.count - 1].end = pointwiseMax(waves[waves.count - 1].end, ended[node])
            }
        }
    }

    /// Keeps the largest numbers of each lane, ascending.
    private static func insert(_ new: SIMD8<Float>, into largest: inout [SIMD8<Float>], atMost count: Int) {
        var rest = new
        for place in largest.indices {
            let lower = pointwiseMin(largest[place], rest)
            rest = pointwiseMax(largest[place], rest)
            largest[place] = lower
        }
        largest.append(rest)
        if largest.count > count { largest.removeFirst() }
    }

    /// What is left of the work on a step, without its soak.
    private func work(_ node: Int, _ first: Int, _ factor: SIMD8<Float>) -> SIMD8<Float> {
        let time = network.times[node]
        guard let work = time.work else {
            let fixed = time.remaining < RestorationNetwork.unknown ? time.remaining - time.soak : 0
            return SIMD8(repeating: Float(fixed) / 1000)
        }
        let stream = RandomStream(streams[node], count)
        var seconds = SIMD8<Float>.zero
        for lane in 0..<Self.width {
            seconds[lane] =
                time.elapsed > 0
                ? Float(work.time(stream.part(first + lane), elapsed: time.elapsed) - time.elapsed)
                : Float(work.time(at: stream.normal(first + lane)))
        }
        return time.isTold ? seconds : seconds * factor
    }
}

/// Numbers that look random and are spread evenly: of `count` draws each has another one of `count` equal parts of the
/// distribution, in an order that follows from the seed.
struct RandomStream {
    private let seed: UInt64
    private let count: Int
    private let stride: Int

    /// - Parameter count: A power of two, at most `RestorationDraws.counts.upperBound`.
    init(_ seed: UInt64, _ count: Int) {
        (self.seed, self.count) = (seed, count)
        stride = RestorationDraws.counts.upperBound / count
    }

    /// The same for the same text in every run (FNV-1a, then mixed).
    static func seed(_ text: String) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        hash = (hash ^ hash >> 30) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ hash >> 27) &* 0x94D0_49BB_1331_11EB
        return hash ^ hash >> 31
    }

    /// Every step of it can be undone, so no two draws have the same place.
    private func place(_ draw: Int) -> Int {
        let mask = count - 1
        var place = (draw ^ Int(truncatingIfNeeded: seed)) & mask
        place = place &* Int(truncatingIfNeeded: seed >> 11 | 1) & mask
        place ^= place >> 3
        place = place &* Int(truncatingIfNeeded: seed >> 22 | 1) & mask
        place ^= place >> 4
        place = (place &+ Int(truncatingIfNeeded: seed >> 33)) & mask
        place ^= place >> 5
        return place &* Int(truncatingIfNeeded: seed >> 44 | 1) & mask
    }

    /// The part of the distribution below a draw, between 0 and 1.
    func part(_ draw: Int) -> Double {
        (Double(place(draw)) + 0.5) / Double(count)
    }

    /// The same as a value of the standard normal distribution.
    func normal(_ draw: Int) -> Double {
        Self.normals[place(draw) * stride + stride / 2]
    }

    /// The middle of each of 2,048 equal parts; nearly, where there are fewer.
    private static let normals = (0..<RestorationDraws.counts.upperBound).map { place in
        Normal.quantile((Double(place) + 0.5) / Double(RestorationDraws.counts.upperBound))
    }
}
