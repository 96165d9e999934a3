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
