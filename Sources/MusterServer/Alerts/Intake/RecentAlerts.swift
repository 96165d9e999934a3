/// Which alerts were stored as open not long ago. Only a hint of which statement to try first: the database knows.
struct RecentAlerts: Sendable {
    /// Names in two generations: when the younger one is full, the elder is forgotten.
    private var young: Set<Int> = []
    private var old: Set<Int> = []
    private let generationMax: Int

    /// - Parameter max: How many are remembered; a name takes about 20 bytes.
    init(max: Int = 200_000) {
        generationMax = max / 2
    }

    /// Takes the firings that are probably repetitions out of a round, in its order.
    func divide(_ round: [AlertStore.Arrival]) -> (again: [AlertStore.Arrival], others: [AlertStore.Arrival]) {
        guard !young.isEmpty || !old.isEmpty else { return ([], round) }
        var (again, others): ([AlertStore.Arrival], [AlertStore.Arrival]) = ([], [])
        for arrival in round {
            if arrival.alert.status == .firing, contains(arrival.name) {
                again.append(arrival)
            } else {
                others.append(arrival)
            }
        }
        return (again, others)
    }

    /// Remembers what became of a round.
    mutating func note(_ round: [AlertStore.Arrival]) {
        for arrival in round {
            switch arrival.alert.status {
            case .firing:
                guard young.insert(arrival.name).inserted, young.count == generationMax else { continue }
                old = young
                young = []
            case .resolved:
                young.remove(arrival.name)
                old.remove(arrival.name)
            case .acknowledged: continue
            }
        }
    }

    private func contains(_ name: Int) -> Bool {
        young.contains(name) || old.contains(name)
    }
}
