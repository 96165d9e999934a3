/// Which step somebody has to act on so that what is waited for comes nearer: found for all of them in one pass, since each
/// waits for the same thing as what it needs does.
struct RemedySearch: Sendable {
    /// For each wave, from 0, the step to act on; nil when the wave is stable.
    private(set) var waveHelpers: [Int?]
    /// By node.
    private var helpers: [Helper]
    private let firstUnstable: Int?

    private enum Helper {
        case nobody
        case step(Int32)
        /// Whatever makes the first wave stable that is not.
        case wave
    }

    /// - Parameter open: The steps of each wave that are not done, in order.
    init(_ network: RestorationNetwork, _ schedule: RestorationSchedule, _ open: [[Int]]) {
        helpers = [Helper](repeating: .nobody, count: network.count)
        waveHelpers = [Int?](repeating: nil, count: open.count)
        firstUnstable = open.firstIndex { !$0.isEmpty }
        for node in 0..<network.count {
            var behind = Helper.nobody
            // A step that nothing holds up has nothing to look for behind it.
            if schedule.holders[node] != nil {
                for edge in network.needs.edges(node) {
                    behind = Self.better(behind, helpers[Int(network.needs.targets[edge])], network.soakEnds)
                }
            }
            switch (network.roles[node], behind) {
            case (.between, _), (.restored, _): helpers[node] = behind
            case (.waived, _): break
            case (.running, _): helpers[node] = .step(Int32(node))
            case (.waiting, .step), (.waiting, .wave): helpers[node] = behind
            case (.waiting, .nobody): helpers[node] = schedule.barriers[node] == nil ? .step(Int32(node)) : .wave
            }
        }
        for (index, wave) in open.enumerated() {
            var best = Helper.nobody
            for node in wave {
                best = Self.better(best, resolved(helpers[node]), network.soakEnds)
                if case .step(let found) = best, network.soakEnds[Int(found)] == nil { break }
            }
            if case .step(let found) = best { waveHelpers[index] = Int(found) }
        }
    }

    /// The step to act on so that an open one comes back: itself, or what it waits for.
    func helper(of node: Int) -> Int {
        if case .step(let found) = resolved(helpers[node]) { Int(found) } else { node }
    }

    private func resolved(_ helper: Helper) -> Helper {
        guard case .wave = helper, let firstUnstable, let step = waveHelpers[firstUnstable] else { return helper }
        return .step(Int32(step))
    }

    /// What somebody can do comes before what only time does; of soaks, the last one to end counts.
    private static func better(_ left: Helper, _ right: Helper, _ soakEnds: [Timestamp?]) -> Helper {
        switch (left, right) {
        case (.nobody, _): right
        case (_, .nobody), (.wave, _): left
        case (.step(let step), .wave): soakEnds[Int(step)] == nil ? left : right
        case (.step(let first), .step(let second)):
            if let one = soakEnds[Int(first)] {
                soakEnds[Int(second)].map { $0 > one } ?? true ? right : left
            } else {
                left
            }
        }
    }
}
