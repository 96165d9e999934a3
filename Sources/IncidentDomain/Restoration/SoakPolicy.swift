/// How long a component must stay healthy before it counts as restored, by the tier that it counts as.
package struct SoakPolicy: Hashable, Sendable {
    /// A few tiers, and how long each soaks: found sooner one by one than by hashing.
    private let tiers: [Int]
    private let seconds: [Int]

    package init(secondsByTier: [Int: Int] = [:]) {
        let sorted = secondsByTier.sorted { $0.key < $1.key }
        tiers = sorted.map(\.key)
        seconds = sorted.map(\.value)
    }

    /// The component's own soak time, else that of its tier, else none.
    package func seconds(for component: Component?, effectiveTier: Int) -> Int {
        seconds(own: component?.soakSeconds, effectiveTier: effectiveTier)
    }

    /// The same, where the component's own soak time is all that is at hand.
    func seconds(own: Int?, effectiveTier: Int) -> Int {
        own ?? tiers.firstIndex(of: effectiveTier).map { seconds[$0] } ?? 0
    }
}
