/// When each step begins and ends: the longest path through what remains. Where waves are enforced, each also waits for the ones
/// before it; where hands are few, each also waits for a hand of its owner.
struct RestorationSchedule: Sendable {
    /// Milliseconds from now; only of what is not done. `RestorationNetwork.unknown` behind a step that nobody can
    /// estimate.
    private(set) var begins: [Int]
    private(set) var ends: [Int]
    /// Which open step in front of each node, seen along dependencies, holds it up longest; nil when there is none.
    private(set) var holders: [Int32?]
    /// When that one lets it go.
    private var holds: [Int]
    /// The step in an earlier wave that comes back last; nil when they are all stable, or waves do not gate.
    private(set) var barriers: [Int32?]
    /// The step whose hand each one waits for; nil when it waits for none.
    private(set) var handHolders: [Int32?]
    private var handWaits: [Int: Int] = [:]
    /// Whether each step waits for another incident; empty when none does.
    private let waitsElsewhere: Set<Int>
    /// The step that ends last of those whose end is known; nil when there is none.
    private(set) var last: Int32?

    /// As if nobody waited for hands.
    static func unlimited(_ network: RestorationNetwork) -> RestorationSchedule {
        RestorationSchedule(network, Array(0..<network.count), hands: nil)
    }

    /// With as many hands as the network has.
    init(_ network: RestorationNetwork) {
        let unlimited = Self.unlimited(network)
        guard let hands = network.hands else {
            self = unlimited
            return
        }
        self.init(network, unlimited.sequence(network), hands: hands)
    }

    /// - Parameters:
    ///   - sequence: All nodes: what is needed before what needs it, and the order in which each owner's hands take them.
    ///   - hands: Nil when nobody waits for any.
    private init(_ network: RestorationNetwork, _ sequence: [Int], hands: HandsPool?) {
        let count = network.count
        begins = [Int](repeating: 0, count: count)
        ends = begins
        holders = [Int32?](repeating: nil, count: count)
        holds = [Int](repeating: -1, count: count)
        barriers = holders
        handHolders = holders
        waitsElsewhere = Set(network.elsewhere.keys)
        // When a node holds up nothing any more, and who is the last to hold it up: also something behind it, when it was
        // begun by force and would be restored before what it needs.
        var freed = holds
        var freedBy = holders
        var queues = hands.map { HandQueues($0) }
        // What is worked on has its hand already, whatever it still waits for.
        for node in sequence where network.roles[node] == .running {
            let time = network.times[node]
            queues?.take(node, until: min(time.remaining - time.soak, RestorationNetwork.unknown))
        }
        var latest = WaveEnds(network)
        for node in sequence {
            var hold = -1
            var holder: Int32?
            for edge in network.needs.edges(node) {
                let dependency = Int(network.needs.targets[edge])
                var end = freed[dependency]
                var by = freedBy[dependency]
                switch network.opening(edge) {
                case .restored: break
                case .open: end = -1
                case .part(let part):
                    // Of a soak nothing is left to wait for.
                    let time = network.times[dependency]
                    guard end >= 0, ends[dependency] < RestorationNetwork.unknown else { break }
                    end = begins[dependency] + Int(part * Double(time.remaining - time.soak))
                    by = Int32(dependency)
                }
                if end > hold { (hold, holder) = (end, by) }
            }
            let barrier = latest.before(node, network)
            (holders[node], holds[node], barriers[node]) = (holder, hold, barrier)
            switch network.roles[node] {
            case .restored: (freed[node], freedBy[node]) = (hold, holder)
            case .waived: break
            case .waiting, .running:
                var begin = 0
                if network.roles[node] == .waiting {
                    let other = network.elsewhere.isEmpty ? 0 : network.elsewhere[node]?.map(\.remaining).max() ?? 0
                    begin = max(barrier.map { ends[Int($0)] } ?? 0, hold, other)
                    if let free = queues?.free(node), free.at > begin {
                        handWaits[node] = free.at - begin
                        (begin, handHolders[node]) = (free.at, free.by)
                    }
                }
                let time = network.times[node]
                begins[node] = begin
                ends[node] = min(begin + time.remaining, RestorationNetwork.unknown)
                if network.roles[node] == .waiting {
                    queues?.take(node, until: min(begin + time.remaining - time.soak, RestorationNetwork.unknown))
                }
                (freed[node], freedBy[node]) = ends[node] >= hold ? (ends[node], Int32(node)) : (hold, holder)
                latest.note(node, ends[node], network)
                let isKnown = ends[node] < RestorationNetwork.unknown
                if isKnown, last.map({ ends[node] > ends[Int($0)] }) ?? true { last = Int32(node) }
            }
        }
    }

    /// In which order hands take the steps: by when each could begin if there were enough of them, then as they stand in the
    /// plan. It does not depend on how many hands there are, so that one more never makes anything later.
    func sequence(_ network: RestorationNetwork) -> [Int] {
        let plan = RestorationOrder.waves(network).flatMap(\.self)
        var keys = [Int](repeating: 0, count: network.count)
        for node in 0..<network.count {
            // What nobody can estimate comes last: it would keep its hand for ever.
            let isUnknown =
                network.roles[node] == .waiting && network.times[node].remaining == RestorationNetwork.unknown
            let own = network.roles[node] == .waiting ? begins[node] : max(0, holds[node])
            keys[node] = isUnknown ? RestorationNetwork.unknown : own
            // Never before what it needs.
            for edge in network.needs.edges(node) {
                keys[node] = max(keys[node], keys[Int(network.needs.targets[edge])])
            }
        }
        // Sorting is stable, and in the plan what is needed comes first.
        return plan.sorted { keys[$0] < keys[$1] }
    }

    /// Whether a step could be started: nothing that it needs holds it up, here or in another incident, and, where that counts, every earlier wave is
    /// stable.
    func isFree(_ node: Int) -> Bool {
        holders[node] == nil && barriers[node] == nil && !waitsElsewhere.contains(node)
    }

    /// From now to the end of the last step whose end is known, in milliseconds; nil when there is none.
    var remaining: Int? { last.map { ends[Int($0)] } }

    /// How long a step waits for a hand though all that it needs is there, in milliseconds.
    func handWait(_ node: Int) -> Int { handWaits[node] ?? 0 }

    /// The steps on the longest path to an end, in order.
    func longestPath(to end: Int?, _ network: RestorationNetwork) -> [Int] {
        var path: [Int] = []
        var cursor = end
        while let node = cursor {
            path.append(node)
            cursor = network.roles[node] == .running ? nil : before(node)
        }
        return path.reversed()
    }

    /// What has to end before a waiting step begins: whose hand it waits for, or the last of what it needs, or else of the
    /// earlier waves.
    private func before(_ node: Int) -> Int? {
        if let hand = handHolders[node] { return Int(hand) }
        guard let holder = holders[node] else { return barriers[node].map(Int.init) }
        guard let barrier = barriers[node], ends[Int(barrier)] >= holds[node] else { return Int(holder) }
        return Int(barrier)
    }
}

/// The last end in each wave, while steps are scheduled.
private struct WaveEnds {
    private var waves: [(tier: Int32, last: Int32?, end: Int)] = []
    private let isEnforced: Bool

    init(_ network: RestorationNetwork) {
        isEnforced = network.waves == .enforce
        for tier in isEnforced ? network.tiers : [] where waves.last?.tier != tier { waves.append((tier, nil, -1)) }
    }

    /// The step that ends last of those in earlier waves.
    func before(_ node: Int, _ network: RestorationNetwork) -> Int32? {
        guard isEnforced else { return nil }
        var found: (last: Int32?, end: Int) = (nil, -1)
        for wave in waves where wave.tier < network.tiers[node] && wave.end > found.end {
            found = (wave.last, wave.end)
        }
        return found.last
    }

    mutating func note(_ node: Int, _ end: Int, _ network: RestorationNetwork) {
        guard isEnforced, let place = waves.firstIndex(where: { $0.tier == network.tiers[node] }) else { return }
        if end > waves[place].end { (waves[place].last, waves[place].end) = (Int32(node), end) }
    }
}

/// How many steps each owner can work on at a time.
struct HandsPool: Sendable {
    /// By node, a number of its owner.
    let owners: [Int]
    /// By that number; `Int.max` for as many as are needed.
    let capacities: [Int]

    /// Nil when nobody waits for hands.
    ///
    /// - Parameters:
    ///   - owners: By node; those that nobody owns share nothing with others, but are one owner.
    ///   - hands: By owner; `default` is for those that it does not name.
    init?(_ owners: [String?], _ hands: [String: Int]) {
        guard !hands.isEmpty else { return nil }
        var numbers: [String: Int] = [:]
        var capacities: [Int] = []
        self.owners = owners.map { owner in
            let owner = owner ?? ""
            if let number = numbers[owner] { return number }
            numbers[owner] = capacities.count
            capacities.append(hands[owner] ?? hands[RestorationHands.otherOwners] ?? .max)
            return capacities.count - 1
        }
        // As many hands as steps are as many as are needed.
        var counts = [Int](repeating: 0, count: capacities.count)
        for owner in self.owners { counts[owner] += 1 }
        self.capacities = zip(capacities, counts).map { $0 >= $1 ? .max : $0 }
    }
}

/// When the hands of each owner are free again, while steps are scheduled.
///
/// The steps of an owner are taken up in one order: each begins when fewer of those before it are worked on than there are
/// hands. So one hand more never makes a step later, as it may where each hand takes what is ready next.
private struct HandQueues {
    private let pool: HandsPool
    /// For each owner, the steps that its hands are busy with last, no more than hands: the first one is done first.
    private var busy: [[(until: Int, by: Int32)]]

    init(_ pool: HandsPool) {
        self.pool = pool
        busy = pool.capacities.map { _ in [] }
    }

    /// When there is a hand for the next step, and who had it; nil when there is one now.
    func free(_ node: Int) -> (at: Int, by: Int32)? {
        let owner = pool.owners[node]
        guard busy[owner].count >= pool.capacities[owner], let first = busy[owner].first else { return nil }
        return (first.until, first.by)
    }

    mutating func take(_ node: Int, until end: Int) {
        let owner = pool.owners[node]
        guard pool.capacities[owner] < .max else { return }
        let place = busy[owner].firstIndex { $0.until > end } ?? busy[owner].count
        busy[owner].insert((end, Int32(node)), at: place)
        if busy[owner].count > pool.capacities[owner] { busy[owner].removeFirst() }
    }
}
