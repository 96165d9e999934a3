/// A regular expression that matches in time that grows only with the text: there is no backtracking, so no pattern and no
/// text of a stranger can hold anything up.
///
/// The syntax is what RE2, and so Prometheus, has in common with everybody: literals, `.`, classes, `\d \w \s`, groups,
/// alternatives, `* + ? {m,n}`, `^`, `$`, and `(?i)` at the beginning. It runs as an automaton whose places are the bits of a
/// few machine words (Glushkov's), so that a step costs a few operations a word and not one a place. What a step may cost at
/// most is known when the pattern is compiled, and bounded there.
package struct LinearPattern: Sendable {
    /// What a pattern is matched with.
    package enum Use: Hashable, Sendable {
        /// The value of a label, all of it: the end of a line is a character like others.
        case label
        /// A page, somewhere in it: `.` does not go beyond a line. Pages are long, so the patterns are short.
        case page

        /// Scalars of a pattern.
        package var lengthMax: Int {
            switch self {
            case .label: 1000
            case .page: 200
            }
        }

        /// Places that a pattern may have when its repetitions are written out. What is empty counts as one.
        var placesMax: Int {
            switch self {
            case .label: 4000
            case .page: 500
            }
        }

        /// Operations on machine words that one character of a text may cost: `valueMax` of them take less than 5 ms.
        var stepCostMax: Int {
            switch self {
            case .label: 2000
            case .page: 200
            }
        }
    }

    /// Scalars of a value that are looked at; a label is rarely longer than a hundred.
    package static let valueMax = 4096

    package let text: String
    private let use: Use
    private let automaton: PatternAutomaton

    /// - Throws: `PatternFault`, which says what is wrong and where.
    package init(_ text: String, for use: Use = .label) throws(PatternFault) {
        self.text = text
        self.use = use
        guard text.unicodeScalars.count <= use.lengthMax else {
            throw PatternFault(reason: "is longer than \(use.lengthMax) characters")
        }
        var parser = PatternParser(text, any: use == .page ? .anyInLine : .any)
        let tree = try parser.parse()
        automaton = try PatternCompiler.automaton(of: tree, sets: parser.sets, for: use)
    }

    /// Whether the pattern matches all of the value, as far as it is looked at.
    package func matches(_ value: String) -> Bool {
        match(value, operationsMax: .max).isMatch ?? false
    }

    /// The same, with the operations on machine words that it took. Nil when it would take more than there may be.
    package func match(_ value: String, operationsMax: Int) -> (isMatch: Bool?, operations: Int) {
        automaton.run(over: value.unicodeScalars.prefix(Self.valueMax), isSearch: false, operationsMax)
    }

    /// Whether the pattern matches something in the text. What is not UTF-8 is no character that a pattern can name.
    package func isFound(in text: some Collection<UInt8>) -> Bool {
        automaton.run(over: String(decoding: text, as: UTF8.self).unicodeScalars[...], isSearch: true, .max).isMatch
            ?? false
    }

    /// Operations on machine words that one character costs at most.
    package var stepCost: Int { automaton.stepCost }

    /// What its tables take.
    package var bytes: Int { automaton.bytes }
}

extension LinearPattern: Hashable {
    // What was compiled follows from the text.
    package static func == (left: LinearPattern, right: LinearPattern) -> Bool {
        left.text == right.text && left.use == right.use
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(text)
    }
}

/// Why a pattern is none.
package struct PatternFault: Error, Hashable, Sendable {
    /// Reads as a sentence after the pattern: `has a group without its end`.
    package let reason: String

    static let tooLarge = PatternFault(reason: "is too large once its repetitions are expanded")
    static let tooCostly = PatternFault(
        reason: "takes too long to match: it has too many optional or repeated parts")
}

/// A compiled pattern. A place is one character of the pattern that a text has to have; there is a bit for each.
final class PatternAutomaton: Sendable {
    /// From every place of one set to every place of another.
    struct Edge: Sendable {
        var sources: PlaceSet
        var targets: PlaceSet

        var cost: Int { 2 + sources.words.count + targets.words.count }
    }

    /// An edge within one word on each side: most of them.
    private struct ShortEdge {
        let source: Int
        let target: Int
        let sources: UInt64
        let targets: UInt64
    }

    /// Any other edge.
    private struct FlatEdge {
        /// First words of both sets, and how many each has; those of the sources begin at `place` in `edgeWords`.
        let source: Int
        let sources: Int
        let target: Int
        let targets: Int
        let place: Int
    }

    /// By which ends of the text a pattern matches an empty text.
    struct Emptiness: Sendable {
        var anywhere = false
        var atBegin = false
        var atEnd = false
        var atBoth = false

        static let always = Emptiness(anywhere: true, atBegin: true, atEnd: true, atBoth: true)

        func and(_ other: Emptiness) -> Emptiness {
            Emptiness(
                anywhere: anywhere && other.anywhere, atBegin: atBegin && other.atBegin, atEnd: atEnd && other.atEnd,
                atBoth: atBoth && other.atBoth)
        }

        func or(_ other: Emptiness) -> Emptiness {
            Emptiness(
                anywhere: anywhere || other.anywhere, atBegin: atBegin || other.atBegin, atEnd: atEnd || other.atEnd,
                atBoth: atBoth || other.atBoth)
        }
    }

    private let words: Int
    private let classes: ScalarClasses
    /// For each class the places that take its scalars.
    private let takers: [UInt64]
    /// Places after which the next one follows, and places that follow themselves: most of all edges.
    private let chained: [UInt64]
    private let looping: [UInt64]
    private let shortEdges: [ShortEdge]
    private let edges: [FlatEdge]
    /// The words of these edges' sets, one after the other: arrays within arrays would be counted at every step.
    private let edgeWords: [UInt64]
    /// Where a text may begin: everywhere in it, and at its very beginning.
    private let first: [UInt64]
    private let firstAtBegin: [UInt64]
    /// Where a match may end: everywhere in a text, and at its very end.
    private let last: [UInt64]
    private let lastAtEnd: [UInt64]
    private let emptiness: Emptiness
    let stepCost: Int

    /// What a step costs beside the edges: finding the class, and the words.
    static func baseCost(words: Int) -> Int { 8 + 3 * words }

    init(
        words: Int, classes: ScalarClasses, takers: [UInt64], chained: [UInt64], looping: [UInt64], edges: [Edge],
        ends: PatternCompiler.Fragment
    ) {
        self.words = words
        self.classes = classes
        self.takers = takers
        self.chained = chained
        self.looping = looping
        var (flat, flatWords): ([FlatEdge], [UInt64]) = ([], [])
        var short: [ShortEdge] = []
        for edge in edges {
            if edge.sources.words.count == 1, edge.targets.words.count == 1 {
                short.append(
                    ShortEdge(
                        source: edge.sources.start, target: edge.targets.start, sources: edge.sources.words[0],
                        targets: edge.targets.words[0]))
                continue
            }
            flat.append(
                FlatEdge(
                    source: edge.sources.start, sources: edge.sources.words.count, target: edge.targets.start,
                    targets: edge.targets.words.count, place: flatWords.count))
            flatWords += edge.sources.words
            flatWords += edge.targets.words
        }
        (shortEdges, self.edges, edgeWords) = (short, flat, flatWords)
        first = ends.first.padded(to: words)
        firstAtBegin = ends.firstAtBegin.padded(to: words)
        last = ends.last.padded(to: words)
        lastAtEnd = ends.lastAtEnd.padded(to: words)
        emptiness = ends.emptiness
        stepCost = edges.reduce(Self.baseCost(words: words)) { $0 + $1.cost }
    }

    var bytes: Int {
        8 * (takers.count + 6 * words + edgeWords.count + 5 * edges.count + 4 * shortEdges.count) + classes.bytes
    }

    /// Whether a text matches, all of it or something in it. Nil when more operations would be needed than there may be.
    func run(
        over scalars: Substring.UnicodeScalarView, isSearch: Bool, _ operationsMax: Int
    ) -> (isMatch: Bool?, operations: Int) {
        if scalars.isEmpty { return (emptiness.atBoth, 1) }
        if isSearch, emptiness.anywhere || emptiness.atBegin || emptiness.atEnd { return (true, 1) }
        let stepsMax = max(0, operationsMax) / stepCost
        let (isMatch, steps) =
            words == 1 ? runInOneWord(scalars, isSearch, stepsMax) : runInWords(scalars, isSearch, stepsMax)
        return (isMatch, steps * stepCost)
    }

    /// Most patterns have up to 64 places.
    private func runInOneWord(
        _ scalars: Substring.UnicodeScalarView, _ isSearch: Bool, _ stepsMax: Int
    ) -> (isMatch: Bool?, steps: Int) {
        let (chained, looping, last) = (chained[0], looping[0], last[0])
        let later = isSearch ? first[0] : 0
        var (expected, taken, steps) = (firstAtBegin[0], 0 as UInt64, 0)
        for scalar in scalars {
            guard steps < stepsMax else { return (nil, steps) }
            steps += 1
            taken = expected & takers[classes.number(of: scalar)]
            if isSearch, taken & last != 0 { return (true, steps) }
            expected = later
            if taken != 0 {
                expected |= (taken & chained) << 1 | taken & looping
                for edge in shortEdges where taken & edge.sources != 0 { expected |= edge.targets }
            } else if later == 0 {
                return (false, steps)
            }
        }
        return (taken & lastAtEnd[0] != 0, steps)
    }

    private func runInWords(
        _ scalars: Substring.UnicodeScalarView, _ isSearch: Bool, _ stepsMax: Int
    ) -> (isMatch: Bool?, steps: Int) {
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 2 * words) { buffer in
            let expected = UnsafeMutableBufferPointer(rebasing: buffer[..<words])
            let taken = UnsafeMutableBufferPointer(rebasing: buffer[words...])
            _ = expected.initialize(fromContentsOf: firstAtBegin)
            taken.initialize(repeating: 0)
            var steps = 0
            for scalar in scalars {
                guard steps < stepsMax else { return (nil, steps) }
                steps += 1
                let isAlive = takers.withUnsafeBufferPointer { takers in
                    Self.take(expected, takers.baseAddress! + words * classes.number(of: scalar), into: taken)
                }
                if isSearch, meets(taken, last) { return (true, steps) }
                guard isAlive || isSearch else { return (false, steps) }
                goOn(from: taken, to: expected)
                if isSearch { first.withUnsafeBufferPointer { for word in 0..<words { expected[word] |= $0[word] } } }
            }
            return (meets(taken, lastAtEnd), steps)
        }
    }

    private static func take(
        _ expected: UnsafeMutableBufferPointer<UInt64>, _ takers: UnsafePointer<UInt64>,
        into taken: UnsafeMutableBufferPointer<UInt64>
    ) -> Bool {
        var any: UInt64 = 0
        for word in 0..<expected.count {
            let bits = expected[word] & takers[word]
            taken[word] = bits
            any |= bits
        }
        return any != 0
    }

    /// From the places that took a scalar to those that may take the next one.
    private func goOn(from taken: UnsafeMutableBufferPointer<UInt64>, to expected: UnsafeMutableBufferPointer<UInt64>) {
        chained.withUnsafeBufferPointer { chained in
            looping.withUnsafeBufferPointer { looping in
                var carried: UInt64 = 0
                for word in 0..<taken.count {
                    let moving = taken[word] & chained[word]
                    expected[word] = moving << 1 | carried | taken[word] & looping[word]
                    carried = moving >> 63
                }
            }
        }
        shortEdges.withUnsafeBufferPointer { edges in
            for edge in edges {
                // All ones when a place was met; a branch would be guessed wrongly half of the time.
                let isMet = UInt64(bitPattern: taken[edge.source] & edge.sources == 0 ? 0 : -1)
                expected[edge.target] |= edge.targets & isMet
            }
        }
        edgeWords.withUnsafeBufferPointer { edgeWords in
            edges.withUnsafeBufferPointer { edges in
                for edge in edges {
                    var isMet: UInt64 = 0
                    for word in 0..<edge.sources { isMet |= taken[edge.source + word] & edgeWords[edge.place + word] }
                    guard isMet != 0 else { continue }
                    let place = edge.place + edge.sources
                    for word in 0..<edge.targets { expected[edge.target + word] |= edgeWords[place + word] }
                }
            }
        }
    }

    private func meets(_ places: UnsafeMutableBufferPointer<UInt64>, _ wanted: [UInt64]) -> Bool {
        wanted.withUnsafeBufferPointer { wanted in
            for word in 0..<wanted.count where places[word] & wanted[word] != 0 { return true }
            return false
        }
    }
}

/// Places as bits, in the words from `start` on.
struct PlaceSet: Hashable, Sendable {
    private(set) var start = 0
    private(set) var words: [UInt64] = []

    init() {}

    init(place: Int) {
        start = place / 64
        words = [1 << UInt64(place % 64)]
    }

    var isEmpty: Bool { words.isEmpty }

    /// The place, if it is one alone.
    var only: Int? {
        guard words.count == 1, words[0].nonzeroBitCount == 1 else { return nil }
        return start * 64 + words[0].trailingZeroBitCount
    }

    mutating func formUnion(_ other: PlaceSet) {
        guard !other.isEmpty else { return }
        guard !isEmpty else {
            self = other
            return
        }
        if other.start < start {
            words.insert(contentsOf: repeatElement(0, count: start - other.start), at: 0)
            start = other.start
        }
        let missing = other.start + other.words.count - start - words.count
        if missing > 0 { words.append(contentsOf: repeatElement(0, count: missing)) }
        for word in other.words.indices { words[other.start - start + word] |= other.words[word] }
    }

    func padded(to count: Int) -> [UInt64] {
        var all = [UInt64](repeating: 0, count: count)
        for word in words.indices { all[start + word] = words[word] }
        return all
    }
}
