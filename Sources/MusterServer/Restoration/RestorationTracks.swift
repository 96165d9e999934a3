/// The lines within the gap below one row: which of them go aside, and at which height, so that none covers another and few
/// cross.
struct RestorationTracks {
    /// One net within the gap: comes in at the top in one place, goes out at the bottom in several.
    struct Crossing {
        let net: Int
        let top: Double
        let bottoms: [Double]

        var interval: ClosedRange<Double> {
            min(top, bottoms.min() ?? top)...max(top, bottoms.max() ?? top)
        }
        var isStraight: Bool { bottoms.allSatisfy { $0 == top } }
    }

    /// The track of each net that goes aside, counted from the top.
    private(set) var track: [Int: Int] = [:]
    /// How many tracks there are.
    private(set) var count = 0

    /// Lines of different nets do not run closer together than this.
    private static let gap = 6.0

    init(_ crossings: [Crossing]) {
        var order = crossings.filter { !$0.isStraight }
        // Exchanging neighbours is enough for as few as there are; each exchange takes away crossings, so it ends.
        var isChanged = true
        while isChanged {
            isChanged = false
            for index in order.indices.dropLast() {
                let (upper, lower) = (order[index], order[index + 1])
                guard Self.cost(lower, above: upper) < Self.cost(upper, above: lower) else { continue }
                order.swapAt(index, index + 1)
                isChanged = true
            }
        }
        for (index, crossing) in order.enumerated() {
            let near = order[..<index].filter { Self.overlap($0, crossing) }.compactMap { track[$0.net] }.max()
            let own = near.map { $0 + 1 } ?? 0
            track[crossing.net] = own
            count = max(count, own + 1)
        }
    }

    /// How often two cross when one runs above the other.
    private static func cost(_ upper: Crossing, above lower: Crossing) -> Int {
        upper.bottoms.count { lower.interval.contains($0) } + (upper.interval.contains(lower.top) ? 1 : 0)
    }

    private static func overlap(_ one: Crossing, _ other: Crossing) -> Bool {
        one.interval.lowerBound - gap < other.interval.upperBound
            && other.interval.lowerBound - gap < one.interval.upperBound
    }
}
