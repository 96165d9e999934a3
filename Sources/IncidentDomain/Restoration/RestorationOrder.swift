/// In which order the steps of each wave are best taken up by people who cannot do everything at once: the waves one after the
/// other, and within one as follows.
///
/// Dependencies come first. Of what they leave open, the commander's order decides, then whether restoring others needs it,
/// then the longest path that still begins with the step, then how many affected components it blocks, then the slug.
struct RestorationOrder {
    private let network: RestorationNetwork
    private let tails: [Int]
    private let ranks: [Int32]

    /// The nodes of each wave, in order.
    static func waves(_ network: RestorationNetwork) -> [[Int]] {
        let ranges = network.tierRanges
        let order = RestorationOrder(network, ranges)
        var claims = ranges.map(order.claims)
        order.decideTies(&claims)
        return zip(ranges, claims).map { range, claims in order.dependenciesFirst(range, claims.map { Int($0.node) }) }
    }

    private init(_ network: RestorationNetwork, _ ranges: [Range<Int>]) {
        self.network = network
        var tails = [Int](repeating: 0, count: network.count)
        // The longest tail behind a node that waits for it, and with it the least rank in its own wave.
        var behind = tails
        var ranks = network.manualRanks
        var laterWaves = 0
        for range in ranges.reversed() {
            var longest = laterWaves
            for node in range.reversed() {
                var after = 0
                for edge in network.needed.edges(node) {
                    let dependent = Int(network.needed.targets[edge])
                    after = max(after, behind[dependent])
                    if dependent < range.upperBound { ranks[node] = min(ranks[node], ranks[dependent]) }
                }
                let remaining = network.times[node].remaining
                let duration = remaining < RestorationNetwork.unknown ? remaining : 0
                tails[node] = duration + max(after, network.waves == .enforce ? laterWaves : 0)
                switch network.roles[node] {
                case .waiting:
                    behind[node] = tails[node]
                    longest = max(longest, tails[node])
                // What runs already waits for nobody, but what is behind it does.
                case .restored, .running: behind[node] = after
                case .waived: break
                }
            }
            laterWaves = longest
        }
        (self.tails, self.ranks) = (tails, ranks)
    }

    /// The nodes of a wave by everything that decides but dependencies.
    private func claims(_ range: Range<Int>) -> [Claim] {
        range.map { node in
            Claim(
                tail: tails[node], rank: ranks[node], isTool: !network.isTool.isEmpty && network.isTool[node],
                slugRank: network.slugRanks[node], node: Int32(node))
        }.sorted()
    }

    /// Counts what is blocked only where nothing else decides, since that is the one thing that is not linear.
    private func decideTies(_ waves: inout [[Claim]]) {
        let ties = waves.map { wave in Self.runs(wave).map { (range: $0, nodes: wave[$0].map { Int($0.node) }) } }
        let counts = BlockedCounts.of(ties.joined().flatMap(\.nodes), in: network)
        for (index, ties) in ties.enumerated() {
            for tie in ties {
                for place in tie.range { waves[index][place].blocked = counts[Int(waves[index][place].node)] }
                waves[index][tie.range].sort()
            }
        }
    }

    /// Where two or more that follow each other are tied.
    private static func runs(_ wave: [Claim]) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        var start = 0
        for end in wave.indices.dropFirst() where !wave[start].isTied(with: wave[end]) {
            if end - start > 1 { runs.append(start..<end) }
            start = end
        }
        if wave.count - start > 1 { runs.append(start..<wave.count) }
        return runs
    }

    /// As near to the wanted order as dependencies within the wave let it be.
    private func dependenciesFirst(_ range: Range<Int>, _ wanted: [Int]) -> [Int] {
        var places = [Int32](repeating: 0, count: range.count)
        for (place, node) in wanted.enumerated() { places[node - range.lowerBound] = Int32(place) }
        guard !isPossible(range, places) else { return wanted }
        var missing = range.map { node in
            network.needs.edges(node).count { network.needs.targets[$0] >= range.lowerBound }
        }
        var order: [Int] = []
        order.reserveCapacity(wanted.count)
        var free = MinimumHeap()
        func release(_ node: Int) {
            free.push(places[node - range.lowerBound])
        }
        for node in range where missing[node - range.lowerBound] == 0 { release(node) }
        while let place = free.popMinimum() {
            let node = wanted[Int(place)]
            order.append(node)
            for edge in network.needed.edges(node) {
                let dependent = Int(network.needed.targets[edge])
                guard dependent < range.upperBound else { break }  // They ascend.
                missing[dependent - range.lowerBound] -= 1
                if missing[dependent - range.lowerBound] == 0 { release(dependent) }
            }
        }
        return order
    }

    /// Whether every place comes after those of what is needed. It nearly always does, because the longest path gets
    /// shorter with every step on it.
    private func isPossible(_ range: Range<Int>, _ places: [Int32]) -> Bool {
        var latest = places
        for node in range {
            for edge in network.needs.edges(node) {
                let dependency = Int(network.needs.targets[edge]) - range.lowerBound
                guard dependency >= 0 else { continue }
                latest[node - range.lowerBound] = max(latest[node - range.lowerBound], latest[dependency])
            }
            let place = places[node - range.lowerBound]
            if latest[node - range.lowerBound] > place { return false }
        }
        return true
    }
}

/// What decides which of two steps comes first when both could be started.
private struct Claim: Comparable {
    let tail: Int
    let rank: Int32
    let isTool: Bool
    let slugRank: Int32
    let node: Int32
    /// How many components it blocks; only counted where rank and tail are tied.
    var blocked: Int32 = 0

    func isTied(with other: Claim) -> Bool {
        rank == other.rank && tail == other.tail && isTool == other.isTool
    }

    static func < (left: Claim, right: Claim) -> Bool {
        if left.rank != right.rank { return left.rank < right.rank }
        if left.isTool != right.isTool { return left.isTool }
        if left.tail != right.tail { return left.tail > right.tail }
        if left.blocked != right.blocked { return left.blocked > right.blocked }
        if left.slugRank != right.slugRank { return left.slugRank < right.slugRank }
        return left.node < right.node
    }
}

/// A binary heap that gives the least number first.
struct MinimumHeap {
    private var items: [Int32] = []

    mutating func push(_ item: Int32) {
        var place = items.count
        items.append(item)
        while place > 0, items[(place - 1) / 2] > item {
            items[place] = items[(place - 1) / 2]
            place = (place - 1) / 2
        }
        items[place] = item
    }

    mutating func popMinimum() -> Int32? {
        guard let least = items.first, let item = items.popLast() else { return nil }
        guard !items.isEmpty else { return least }
        var place = 0
        while 2 * place + 1 < items.count {
            var child = 2 * place + 1
            if child + 1 < items.count, items[child + 1] < items[child] { child += 1 }
            guard items[child] < item else { break }
            items[place] = items[child]
            place = child
        }
        items[place] = item
        return least
    }
}

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
            tally.add(bits)
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
