/// How many steps each owner can work on at a time, as the commander says.
package enum RestorationHands {
    /// The name under which stands what holds for owners that are not named.
    package static let otherOwners = "default"
    /// How many owners can be named, and how many hands one can have.
    package static let ownersMax = 100
    package static let handsMax = 100

    /// As "storage 1, others 4".
    static func phrase(_ hands: [String: Int]) -> Phrase {
        let named = hands.filter { $0.key != otherOwners }.sorted { $0.key < $1.key }
            .map { Phrase("\($0.key.onOneLine) \($0.value)") }
        let others: Phrase? = hands[otherOwners].map { "others \($0)" }
        return (named + [others].compactMap(\.self)).joined(separator: ", ")
    }
}

extension Incident {
    /// The first by name that owns nothing of what is affected, with what can be said instead.
    package func unknownOwner(in hands: [String: Int], _ graph: DependencyGraph) -> (owner: String, detail: String)? {
        let owners = Set(steps.compactMap { graph.components[$0.slug]?.owner })
        let unknown = hands.keys.filter { $0 != RestorationHands.otherOwners && !owners.contains($0) }.min()
        return unknown.map { unknown in
            let known = owners.sorted().map { "\($0.onOneLine), " }.joined()
            return (
                unknown,
                "No affected component has the owner \(unknown.onOneLine); there are: \(known)and "
                    + "\(RestorationHands.otherOwners) for all others."
            )
        }
    }
}

/// The owner whose hands hold up the restoration longest.
package struct HandsBottleneck: Hashable, Sendable {
    /// Nil for what nobody owns.
    package let owner: String?
    /// What all its steps wait for a hand together.
    package let waitSeconds: Int
}

extension RestorationPlan {
    /// Nil when nobody waits for hands.
    package var bottleneck: HandsBottleneck? {
        var waits: [String?: Int] = [:]
        for node in 0..<map.network.count where map.schedule.ends[node] < RestorationNetwork.unknown {
            let wait = map.schedule.handWait(node)
            if wait > 0 { waits[map.owner(node), default: 0] += wait }
        }
        let longest = waits.max { ($0.value, $1.key ?? "") < ($1.value, $0.key ?? "") }
        return longest.map { HandsBottleneck(owner: $0.key, waitSeconds: $0.value / 1000) }
    }
}
