/// How long a component must stay healthy before it counts as restored, by the tier that it counts as.
package struct SoakPolicy: Hashable, Sendable {
    private let secondsByTier: [Int: Int]

    package init(secondsByTier: [Int: Int] = [:]) {
        self.secondsByTier = secondsByTier
    }

    /// The component's own soak time, else that of its tier, else none.
    package func seconds(for component: Component?, effectiveTier: Int) -> Int {
        component?.soakSeconds ?? secondsByTier[effectiveTier] ?? 0
    }
}
