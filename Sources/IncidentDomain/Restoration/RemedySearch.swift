/// Which step somebody has to act on so that what is waited for comes nearer: found for all of them in one pass, since each
/// waits for the same thing as what it needs does.
struct RemedySearch: Sendable {
    /// For each wave, from 0, the step to act on; nil when the wave is stable.
    private(set) var waveOpeners: [Int?]
    /// By node.
    private var openers: [Opener]
    private let firstUnstable: Int?

    private enum Opener {
        case nobody
        case step(Int32)
        /// Whatever makes the first wave stable that is not.
        case wave
    }

    /// - Parameter open: The steps of each wave that are not done, in order.
    init(_ network: RestorationNetwork, _ schedule: RestorationSchedule, _ open: [[Int]]) {
        openers = [Opener](repeating: .nobody, count: network.count)
        waveOpeners = [Int?](repeating: nil, count: open.count)
        firstUnstable = open.firstIndex { !$0.isEmpty }
        for node in 0..<network.count {
            var behind = Opener.nobody
            // A step that nothing holds up has nothing to look for behind it.
            if schedule.holders[node] != nil {
                for edge in network.needs.edges(node) {
                    behind = Self.better(behind, openers[Int(network.needs.targets[edge])], network.soakEnds)
                }
            }
            switch (network.roles[node], behind) {
            case (.between, _), (.restored, _): openers[node] = behind
            case (.waived, _): break
            case (.running, _): openers[node] = .step(Int32(node))
            case (.waiting, .step), (.waiting, .wave): openers[node] = behind
            case (.waiting, .nobody): openers[node] = schedule.barriers[node] == nil ? .step(Int32(node)) : .wave
            }
        }
        for (index, wave) in open.enumerated() {
            var best = Opener.nobody
            for node in wave {
                best = Self.better(best, resolved(openers[node]), network.soakEnds)
                if case .step(let found) = best, network.soakEnds[Int(found)] == nil { break }
            }
            if case .step(let found) = best { waveOpeners[index] = Int(found) }
        }
    }

    /// The step to act on so that an open one comes back: itself, or what it waits for.
    func opener(of node: Int) -> Int {
        if case .step(let found) = resolved(openers[node]) { Int(found) } else { node }
    }

    private func resolved(_ opener: Opener) -> Opener {
        guard case .wave = opener, let firstUnstable, let step = waveOpeners[firstUnstable] else { return opener }
        return .step(Int32(step))
    }

    /// What somebody can do comes before what only time does; of soaks, the last one to end counts.
    private static func better(_ left: Opener, _ right: Opener, _ soakEnds: [Timestamp?]) -> Opener {
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
