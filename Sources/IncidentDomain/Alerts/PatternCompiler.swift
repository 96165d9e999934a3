/// Makes an automaton of a pattern's tree. Everything it does is bounded by the places that the tree has when its
/// repetitions are written out, which are counted before, and by what a step of the automaton may cost.
struct PatternCompiler {
    /// What is known of a part of the pattern.
    struct Fragment {
        var emptiness = PatternAutomaton.Emptiness()
        /// Its first places: those that may take the next scalar anywhere, and at the beginning of a text.
        var first = PlaceSet()
        var firstAtBegin = PlaceSet()
        /// Its last places: those after which it is over anywhere, and at the end of a text.
        var last = PlaceSet()
        var lastAtEnd = PlaceSet()
    }

    /// Words of all tables of one pattern: 64 KiB.
    private static let tableWordsMax = 8192

    private let stepCostMax: Int
    /// The number of each place's set.
    private var places: [Int] = []
    private var edges: [PatternAutomaton.Edge] = []
    private var edgeCost = 0
    private var chained: [Int] = []
    private var looping: [Int] = []

    /// - Parameter sets: The sets that the tree names by their numbers.
    static func automaton(
        of tree: PatternNode, sets: [ScalarSet], for use: LinearPattern.Use
    ) throws(PatternFault) -> PatternAutomaton {
        guard writtenPlaces(of: tree, max: use.placesMax) <= use.placesMax else { throw .tooLarge }
        var compiler = PatternCompiler(stepCostMax: use.stepCostMax)
        let ends = try compiler.fragment(of: tree)
        return try compiler.automaton(ends, sets)
    }

    private init(stepCostMax: Int) {
        self.stepCostMax = stepCostMax
    }

    /// How many places a tree has when its repetitions are written out, at least one a node; more than `max` is `max + 1`.
    private static func writtenPlaces(of node: PatternNode, max: Int) -> Int {
        var count = 0
        switch node {
        case .set, .begin, .end: return 1
        case .sequence(let nodes), .either(let nodes):
            for node in nodes where count <= max { count += writtenPlaces(of: node, max: max) }
        case .repetition(let node, let least, let most):
            count = writtenPlaces(of: node, max: max) * Swift.max(1, most ?? least)
        }
        return min(Swift.max(1, count), max + 1)
    }

    private func automaton(_ ends: Fragment, _ sets: [ScalarSet]) throws(PatternFault) -> PatternAutomaton {
        let words = Swift.max(1, (places.count + 63) / 64)
        guard PatternAutomaton.baseCost(words: words) + edgeCost <= stepCostMax else { throw .tooCostly }
        var takersOfSet = [[UInt64]](repeating: [UInt64](repeating: 0, count: words), count: sets.count)
        for (place, set) in places.enumerated() { takersOfSet[set][place / 64] |= 1 << UInt64(place % 64) }
        let (classes, takers) = try ScalarClasses.make(
            sets, takers: takersOfSet, words: words, wordsMax: Self.tableWordsMax)
        return PatternAutomaton(
            words: words, classes: classes, takers: takers, chained: Self.bits(chained, words),
            looping: Self.bits(looping, words), edges: edges, ends: ends)
    }

    private static func bits(_ places: [Int], _ words: Int) -> [UInt64] {
        var bits = [UInt64](repeating: 0, count: words)
        for place in places { bits[place / 64] |= 1 << UInt64(place % 64) }
        return bits
    }
}

// MARK: - Parts

extension PatternCompiler {
    private mutating func fragment(of node: PatternNode) throws(PatternFault) -> Fragment {
        switch node {
        case .set(let set):
            places.append(set)
            let place = PlaceSet(place: places.count - 1)
            return Fragment(first: place, firstAtBegin: place, last: place, lastAtEnd: place)
        case .begin:
            return Fragment(emptiness: PatternAutomaton.Emptiness(atBegin: true, atBoth: true))
        case .end:
            return Fragment(emptiness: PatternAutomaton.Emptiness(atEnd: true, atBoth: true))
        case .sequence(let nodes):
            var all = Fragment(emptiness: .always)
            for node in nodes { try append(try fragment(of: node), to: &all) }
            return all
        case .either(let nodes):
            var any = Fragment()
            for node in nodes {
                let one = try fragment(of: node)
                any.emptiness = any.emptiness.or(one.emptiness)
                any.first.formUnion(one.first)
                any.firstAtBegin.formUnion(one.firstAtBegin)
                any.last.formUnion(one.last)
                any.lastAtEnd.formUnion(one.lastAtEnd)
            }
            return any
        case .repetition(let node, let least, let most):
            return try repetition(of: node, least, most)
        }
    }

    private mutating func append(_ next: Fragment, to all: inout Fragment) throws(PatternFault) {
        try connect(all.last, next.first)
        if all.emptiness.anywhere { all.first.formUnion(next.first) }
        if all.emptiness.atBegin { all.firstAtBegin.formUnion(next.firstAtBegin) }
        var (last, lastAtEnd) = (next.last, next.lastAtEnd)
        if next.emptiness.anywhere { last.formUnion(all.last) }
        if next.emptiness.atEnd { lastAtEnd.formUnion(all.lastAtEnd) }
        (all.last, all.lastAtEnd) = (last, lastAtEnd)
        all.emptiness = all.emptiness.and(next.emptiness)
    }

    private mutating func repetition(
        of node: PatternNode, _ least: Int, _ most: Int?
    ) throws(PatternFault) -> Fragment {
        guard most != 0 else { return Fragment(emptiness: .always) }
        var one = try fragment(of: node)
        // What may be empty fills up what has to be there, and nothing repeated is nothing.
        let least = one.emptiness.anywhere ? 0 : least
        var all = Fragment(emptiness: .always)
        for number in 0..<Swift.max(least, 1) {
            if number > 0 { one = try fragment(of: node) }
            if least > 0 { try append(one, to: &all) }
        }
        guard let most else {
            try connect(one.last, one.first)
            if least == 0 { all = optional(one) }
            return all
        }
        guard most > least else { return all }
        // The rest is one within the other, x(x(x)?)?, where each has one that follows: as x?x?x?, each had all others.
        if least > 0 { one = try fragment(of: node) }
        var rest = optional(one)
        for _ in (least + 1)..<Swift.max(most, least + 1) {
            let next = try fragment(of: node)
            try connect(one.last, next.first)
            rest.last.formUnion(next.last)
            rest.lastAtEnd.formUnion(next.lastAtEnd)
            one = next
        }
        try append(rest, to: &all)
        return all
    }

    private func optional(_ fragment: Fragment) -> Fragment {
        var fragment = fragment
        fragment.emptiness = .always
        return fragment
    }

    private mutating func connect(_ sources: PlaceSet, _ targets: PlaceSet) throws(PatternFault) {
        guard !sources.isEmpty, !targets.isEmpty else { return }
        if let source = sources.only, let target = targets.only, source == target || source + 1 == target {
            if source == target { looping.append(source) } else { chained.append(source) }
            return
        }
        let edge = PatternAutomaton.Edge(sources: sources, targets: targets)
        edgeCost += edge.cost
        guard edgeCost <= stepCostMax else { throw .tooCostly }
        edges.append(edge)
    }
}

/// Which scalars no part of a pattern tells apart: they are one class, so that a table has a row a class.
struct ScalarClasses: Sendable {
    /// Classes of ASCII, by their scalars.
    private let ascii: [UInt16]
    /// Where runs of scalars of one class begin, in their order, and their classes.
    private let bounds: [UInt32]
    private let numbers: [UInt16]

    /// Ranges of all sets of one pattern: what is sorted to make the classes.
    private static let rangesMax = 5000

    func number(of scalar: Unicode.Scalar) -> Int {
        if scalar.value < 128 { return Int(ascii[Int(scalar.value)]) }
        return Int(numbers[place(of: scalar.value)])
    }

    private func place(of value: UInt32) -> Int {
        var (low, high) = (0, bounds.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if bounds[middle] <= value { low = middle } else { high = middle }
        }
        return low
    }

    var bytes: Int { 256 + 6 * bounds.count }

    /// Walks through all scalars by the beginnings and ends of ranges.
    ///
    /// - Parameter takers: The places that take the scalars of each set.
    /// - Returns: The classes, and for each the places that take its scalars.
    static func make(
        _ sets: [ScalarSet], takers: [[UInt64]], words: Int, wordsMax: Int
    ) throws(PatternFault) -> (ScalarClasses, [UInt64]) {
        var turns: [UInt64] = []
        var folding = CaseFolding.Work()
        for (number, set) in sets.enumerated() {
            guard let ranges = set.resolved(&folding), turns.count + 2 * ranges.count <= 2 * rangesMax else {
                throw PatternFault(reason: "uses too many different characters")
            }
            for range in ranges {
                turns.append(UInt64(range.lowerBound) << 32 | UInt64(number))
                turns.append(UInt64(range.upperBound + 1) << 32 | UInt64(number))
            }
        }
        turns.sort()
        var walk = Walk(words: words)
        var place = 0
        while place < turns.count {
            let bound = UInt32(turns[place] >> 32)
            while place < turns.count, UInt32(turns[place] >> 32) == bound {
                let set = Int(turns[place] & 0xFFFF_FFFF)
                walk.turn(set, takers[set])
                place += 1
            }
            walk.begin(at: bound)
            guard walk.rows.count <= wordsMax else {
                throw PatternFault(reason: "is too complex: it has too many different characters in too many places")
            }
        }
        return (ScalarClasses(walk), walk.rows)
    }

    private init(_ walk: Walk) {
        bounds = walk.bounds
        numbers = walk.numbers
        var (ascii, run) = ([UInt16](), 0)
        for value in 0..<128 as Range<UInt32> {
            while run + 1 < walk.bounds.count, walk.bounds[run + 1] <= value { run += 1 }
            ascii.append(walk.numbers[run])
        }
        self.ascii = ascii
    }

    private struct Walk {
        private(set) var bounds: [UInt32] = [0]
        private(set) var numbers: [UInt16] = [0]
        /// Class 0 is what no set has.
        private(set) var rows: [UInt64]
        private var current: [UInt64]
        /// Stands for the sets that hold the scalar at which the walk is.
        private var key: UInt64 = 0
        private var known: [UInt64: UInt16] = [0: 0]

        init(words: Int) {
            rows = [UInt64](repeating: 0, count: words)
            current = rows
        }

        /// A set begins or ends.
        mutating func turn(_ set: Int, _ takers: [UInt64]) {
            for word in current.indices { current[word] ^= takers[word] }
            // A number for each set that looks random (splitmix64); rows are compared where it matters.
            var mixed = (UInt64(set) &+ 1) &* 0x9E37_79B9_7F4A_7C15
            mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
            key ^= mixed ^ mixed >> 31
        }

        mutating func begin(at bound: UInt32) {
            let number = classNumber()
            if bounds[bounds.count - 1] == bound {
                numbers[numbers.count - 1] = number
            } else if numbers[numbers.count - 1] != number {
                bounds.append(bound)
                numbers.append(number)
            }
        }

        private mutating func classNumber() -> UInt16 {
            let words = current.count
            if let number = known[key], rows[(Int(number) * words)...].prefix(words).elementsEqual(current) {
                return number
            }
            let number = UInt16(rows.count / words)
            rows += current
            known[key] = number
            return number
        }
    }
}
