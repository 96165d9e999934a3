/// Looks for the components whose failure would explain what alerts fire on.
///
/// A component explains what cannot work without it, and itself. If it really failed, all of that should be hit, and nothing
/// else: so candidates are ranked by how well the two sets overlap. What is hit and does not need it counts against it in
/// full, what needs it and shows nothing by half, because alerts come late more often than they lie. By the number of
/// explained components alone, one stray alert would always lead to what everything needs: `docs/assessing.md` has the
/// figures.
struct RootSearch {
    /// Something that may be the root.
    struct Candidate {
        let number: Int
        /// Which symptoms need it, or are it.
        let explained: NeedSweep.Bits
        /// Which of them no root before it explains.
        let fresh: NeedSweep.Bits
        let freshCount: Int
        /// How many symptoms no root before it explains.
        let open: Int
        /// How many healthy components need it, itself included.
        let healthy: Int
        let isSymptom: Bool
        /// Hops from the nearest symptom.
        let distance: Int

        /// 0 to 1: 1 when what it would break is what is hit.
        var match: Double { Double(2 * freshCount) / Double(weight) }

        fileprivate var weight: Int { 2 * open + healthy }
    }

    /// More roots than this are no help to anybody.
    static let rootsMax = 5
    static let alternativesMax = 3

    let catalog: NumberedCatalog
    /// Ascending numbers, the most that one sweep takes: then the first, which are the most needed.
    let symptoms: [Int]
    private let explained: [NeedSweep.Bits]
    private let healthy: [Int]
    private let distances: [Int]

    init(_ catalog: NumberedCatalog, symptoms: [Int], isHealthy: (Int) -> Bool) {
        self.catalog = catalog
        self.symptoms = Array(symptoms.prefix(NeedSweep.width))
        explained = NeedSweep.sweep(self.symptoms[...], catalog)
        healthy = symptoms.isEmpty ? [] : NeedSweep.counts((0..<catalog.count).filter(isHealthy), catalog)
        distances = Self.distances(self.symptoms, catalog)
    }

    /// Independent roots, the best first: each is the best explanation of what those before it do not explain. With each
    /// the next best ones that are at least half as good.
    func roots() -> [(root: Candidate, alternatives: [Candidate])] {
        var roots: [(root: Candidate, alternatives: [Candidate])] = []
        var open = NeedSweep.Bits.zero
        for lane in symptoms.indices { open[lane / 64] |= 1 << UInt64(lane % 64) }
        while roots.count < Self.rootsMax {
            let ranked = best(open)
            guard let first = ranked.first else { break }
            let others = ranked.dropFirst().filter { $0.match * 2 >= first.match }
            roots.append((first, Array(others)))
            open &= ~first.explained
        }
        return roots
    }

    /// The best candidates for some symptoms, in order.
    private func best(_ open: NeedSweep.Bits) -> [Candidate] {
        let total = open.ones
        var found: [Candidate] = []
        for number in explained.indices {
            let bits = explained[number] & open
            guard bits != .zero else { continue }
            let candidate = Candidate(
                number: number, explained: explained[number], fresh: bits, freshCount: bits.ones, open: total,
                healthy: healthy[number], isSymptom: distances[number] == 0, distance: distances[number])
            let place = found.firstIndex { precedes(candidate, $0) } ?? found.count
            guard place <= Self.alternativesMax else { continue }
            found.insert(candidate, at: place)
            if found.count > Self.alternativesMax + 1 { found.removeLast() }
        }
        return found
    }

    /// A total order: by the match, which is compared without rounding; then who explains more, who is hit itself, who is
    /// nearer, and the slug.
    private func precedes(_ one: Candidate, _ other: Candidate) -> Bool {
        let left = one.freshCount * other.weight
        let right = other.freshCount * one.weight
        if left != right { return left > right }
        if one.freshCount != other.freshCount { return one.freshCount > other.freshCount }
        if one.isSymptom != other.isSymptom { return one.isSymptom }
        if one.distance != other.distance { return one.distance < other.distance }
        return catalog.slug(one.number) < catalog.slug(other.number)
    }

    /// The fewest hops down from any symptom; the largest number where no symptom leads.
    private static func distances(_ symptoms: [Int], _ catalog: NumberedCatalog) -> [Int] {
        var distances = [Int](repeating: .max, count: catalog.count)
        for number in symptoms { distances[number] = 0 }
        for number in stride(from: catalog.count - 1, through: 0, by: -1) where distances[number] != 0 {
            let nearest = catalog.needed[number].lazy.map { distances[Int($0)] }.min() ?? .max
            distances[number] = nearest == .max ? .max : nearest + 1
        }
        return distances
    }

    /// Everything healthy that needs a component, without itself, by slug.
    func healthyDependents(of number: Int, isHealthy: (Int) -> Bool) -> [String] {
        var seen: Set<Int32> = []
        var pending = Array(catalog.needed[number])
        while let next = pending.popLast() {
            guard seen.insert(next).inserted else { continue }
            pending += catalog.needed[Int(next)]
        }
        return seen.filter { isHealthy(Int($0)) }.map { catalog.slug(Int($0)) }.sorted()
    }
}

/// Who cannot work without whom, directly or not, for many components in one pass over the graph: bit `i` of a component
/// says that marked component `i` needs it, or is it.
enum NeedSweep {
    typealias Bits = SIMD8<UInt64>
    /// How many can be marked in one pass.
    static let width = 512

    /// - Parameter marked: Numbers of components, no more than `width`.
    /// - Returns: For each component which of the marked ones need it.
    static func sweep(_ marked: ArraySlice<Int>, _ catalog: NumberedCatalog) -> [Bits] {
        var reached = [Bits](repeating: .zero, count: catalog.count)
        for (lane, number) in marked.enumerated() { reached[number][lane / 64] |= 1 << UInt64(lane % 64) }
        let needed = catalog.needed
        for number in stride(from: catalog.count - 1, through: 0, by: -1) {
            var bits = reached[number]
            for edge in needed.edges(number) { bits |= reached[Int(needed.targets[edge])] }
            reached[number] = bits
        }
        return reached
    }

    /// For each component how many of the marked ones need it, itself included. Counting this exactly takes a pass for
    /// every 512 of them; no linear way is known.
    static func counts(_ marked: [Int], _ catalog: NumberedCatalog) -> [Int] {
        var counts = [Int](repeating: 0, count: catalog.count)
        for start in stride(from: 0, to: marked.count, by: width) {
            let reached = sweep(marked[start..<min(start + width, marked.count)], catalog)
            for number in counts.indices where reached[number] != .zero { counts[number] += reached[number].ones }
        }
        return counts
    }
}

extension NeedSweep.Bits {
    /// How many bits are set.
    var ones: Int { Int(nonzeroBitCount.wrappedSum()) }

    func has(_ lane: Int) -> Bool {
        self[lane / 64] >> UInt64(lane % 64) & 1 == 1
    }
}
