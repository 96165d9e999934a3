/// How many affected components cannot come back before a given one, directly or not: exactly.
///
/// Nobody knows a way to count that in linear time, so it is asked only where two steps are tied, and up to 512 are counted
/// in one pass over what lies behind them. Behind most components there are few others: then one pass counts for all of
/// those as well. What nearly everything needs is counted in passes over everything.
struct BlockedCounts {
    private let network: RestorationNetwork
    /// By node; nil where nobody asked.
    private var counts: [Int32?]
    private var isAsked: [Bool]
    /// By which look behind a node each one was found last.
    private var found: [Int32]
    /// During a pass, by node: bit `i` says that source `i` is needed by it. Empty in between.
    private var reached: [SourceBits]

    /// Behind how many components a pass of its own is worth it.
    private static let fewBehind = 128

    /// - Returns: One count for every node; 0 for those that were not asked for.
    static func of(_ asked: [Int], in network: RestorationNetwork) -> [Int32] {
        var blocked = BlockedCounts(network, asked)
        for node in network.roles.indices where blocked.isUncounted(node) {
            if let few = blocked.behind(node) { blocked.count(few) }
        }
        for node in network.roles.indices where blocked.isUncounted(node) { blocked.count(node..<network.count) }
        return blocked.counts.map { $0 ?? 0 }
    }

    private init(_ network: RestorationNetwork, _ asked: [Int]) {
        self.network = network
        counts = [Int32?](repeating: nil, count: network.count)
        isAsked = [Bool](repeating: false, count: network.count)
        found = [Int32](repeating: -1, count: network.count)
        reached = [SourceBits](repeating: .none, count: asked.isEmpty ? 0 : network.count)
        for node in asked { isAsked[node] = true }
    }

    private func isUncounted(_ node: Int) -> Bool {
        isAsked[node] && counts[node] == nil
    }

    /// Counts for the first uncounted ones among some nodes.
    ///
    /// - Parameter nodes: Ascending, so that what is needed comes before what needs it; with all that is behind each.
    private mutating func count(_ nodes: some Collection<Int>) {
        var sources: [Int] = []
        var tally = SourceTally(upTo: nodes.count)
        for node in nodes {
            var bits = SourceBits.none
            for edge in network.needs.edges(node) { bits.formUnion(reached[Int(network.needs.targets[edge])]) }
            if network.isAffected(node) { tally.add(bits) }
            if isUncounted(node), sources.count < SourceBits.width {
                bits.insert(sources.count)
                sources.append(node)
            }
            reached[node] = bits
        }
        for node in nodes { reached[node] = .none }
        for (place, source) in sources.enumerated() { counts[source] = tally.count(place) }
    }

    /// A node and all that needs it, directly or not, ascending; nil when those are not few.
    private mutating func behind(_ start: Int) -> [Int]? {
        let mark = Int32(start)
        var nodes = [start]
        nodes.reserveCapacity(Self.fewBehind + 1)
        var done = 0
        while done < nodes.count {
            for edge in network.needed.edges(nodes[done]) {
                let dependent = Int(network.needed.targets[edge])
                guard found[dependent] != mark else { continue }
                guard nodes.count <= Self.fewBehind else { return nil }
                found[dependent] = mark
                nodes.append(dependent)
            }
            done += 1
        }
        nodes.sort()
        return nodes
    }
}

/// A set of up to 512 sources.
private struct SourceBits {
    static let width = 512
    static let none = SourceBits(words: .zero)

    var words: SIMD8<UInt64>

    mutating func insert(_ place: Int) {
        words[place / 64] |= 1 << UInt64(place % 64)
    }

    mutating func formUnion(_ other: SourceBits) {
        words |= other.words
    }
}

/// Counts for all sources at once how often each was added.
///
/// Digit `i` of every count stands in element `i`. Two addends are added to a digit together and make one carry, so that on
/// average two digits are touched for each set.
private struct SourceTally {
    private var digits: [SIMD8<UInt64>]
    /// What waits for a second addend: in element `i` when bit `i` of `added` is set.
    private var waiting: [SIMD8<UInt64>]
    private var added = 0

    /// - Parameter most: How many sets are added at most.
    init(upTo most: Int) {
        digits = [SIMD8<UInt64>](repeating: .zero, count: Int.bitWidth - most.leadingZeroBitCount + 1)
        waiting = digits
    }

    mutating func add(_ sources: SourceBits) {
        var carry = sources.words
        var place = 0
        while added >> place & 1 == 1 {
            let (digit, other) = (digits[place], waiting[place])
            digits[place] = digit ^ other ^ carry
            carry = digit & other | (digit ^ other) & carry
            place += 1
        }
        waiting[place] = carry
        added += 1
    }

    func count(_ place: Int) -> Int32 {
        func bit(_ words: SIMD8<UInt64>) -> Int32 {
            Int32(truncatingIfNeeded: words[place / 64] >> UInt64(place % 64) & 1)
        }
        return digits.indices.reduce(0) { count, digit in
            let waits = added >> digit & 1 == 1
            return count + (bit(digits[digit]) + (waits ? bit(waiting[digit]) : 0)) << Int32(digit)
        }
    }
}
