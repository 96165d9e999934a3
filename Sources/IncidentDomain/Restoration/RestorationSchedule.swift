/// When each step begins and ends if nobody waits for hands: the longest path through what remains, every wave beginning
/// when the one before it is stable.
struct RestorationSchedule: Sendable {
    /// Milliseconds from now; only of what is not done. `RestorationNetwork.unknown` behind a step that nobody can
    /// estimate.
    private(set) var begins: [Int]
    private(set) var ends: [Int]
    /// Which open step in front of each node, seen along dependencies, comes back last; nil when there is none.
    private(set) var holders: [Int32?]
    /// The step in an earlier wave that comes back last; nil when they are all stable.
    private(set) var barriers: [Int32?]
    /// The step that ends last of all; nil when nothing is left to do.
    private(set) var last: Int32?

    /// - Parameter durations: What is left to do for each node: the medians or the 90th percentiles of the network.
    init(_ network: RestorationNetwork, durations: [Int]) {
        let count = network.count
        begins = [Int](repeating: 0, count: count)
        ends = begins
        holders = [Int32?](repeating: nil, count: count)
        barriers = holders
        // When a node holds up nothing any more, and who is the last to hold it up: also something behind it, when it was
        // begun by force and would be restored before what it needs.
        var freed = [Int](repeating: -1, count: count)
        var freedBy = holders
        for range in network.tierRanges {
            let barrier = last
            let opening = barrier.map { ends[Int($0)] } ?? 0
            for node in range {
                var hold = -1
                var holder: Int32?
                for edge in network.needs.edges(node) {
                    let dependency = Int(network.needs.targets[edge])
                    if freed[dependency] > hold { (hold, holder) = (freed[dependency], freedBy[dependency]) }
                }
                (holders[node], barriers[node]) = (holder, barrier)
                switch network.roles[node] {
                case .between, .restored: (freed[node], freedBy[node]) = (hold, holder)
                case .waived: break
                case .waiting, .running:
                    let begin = network.roles[node] == .running ? 0 : max(opening, hold)
                    begins[node] = begin
                    ends[node] = min(begin + durations[node], RestorationNetwork.unknown)
                    (freed[node], freedBy[node]) = ends[node] >= hold ? (ends[node], Int32(node)) : (hold, holder)
                    if last.map({ ends[node] > ends[Int($0)] }) ?? true { last = Int32(node) }
                }
            }
        }
    }

    /// Whether a step could be started: nothing that it needs is open, and every earlier wave is stable.
    func isFree(_ node: Int) -> Bool {
        holders[node] == nil && barriers[node] == nil
    }

    /// From now to the end of the last step, in milliseconds; 0 when nothing is left, nil when nobody can know.
    var remaining: Int? {
        let end = last.map { ends[Int($0)] } ?? 0
        return end < RestorationNetwork.unknown ? end : nil
    }

    /// The steps on the longest path, in order.
    func longestPath(_ network: RestorationNetwork) -> [Int] {
        var path: [Int] = []
        var cursor = last.map(Int.init)
        while let node = cursor {
            path.append(node)
            cursor = network.roles[node] == .running ? nil : before(node)
        }
        return path.reversed()
    }

    /// What has to end before a waiting step begins: the last of what it needs, or else of the earlier waves.
    private func before(_ node: Int) -> Int? {
        guard let holder = holders[node] else { return barriers[node].map(Int.init) }
        guard let barrier = barriers[node], ends[Int(barrier)] >= ends[Int(holder)] else { return Int(holder) }
        return Int(barrier)
    }
}
