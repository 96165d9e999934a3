/// A regular expression as a tree.
indirect enum PatternNode: Sendable {
    /// A scalar of a set, by the set's number.
    case set(Int)
    case begin
    case end
    case sequence([PatternNode])
    case either([PatternNode])
    /// `most` nil: without end.
    case repetition(PatternNode, least: Int, most: Int?)
}

/// A class of scalars, as it is written.
struct ScalarSet: Hashable, Sendable {
    var ranges: [ClosedRange<UInt32>]
    var isInverted = false
    var ignoresCase = false

    private static let scalarMax: UInt32 = 0x10_FFFF

    static let digits = ScalarSet(ranges: [48...57])
    static let word = ScalarSet(ranges: [48...57, 65...90, 95...95, 97...122])
    static let space = ScalarSet(ranges: [9...10, 12...13, 32...32])
    /// What `.` stands for.
    static let any = ScalarSet(ranges: [0...scalarMax])
    /// The same where the end of a line is none of them.
    static let anyInLine = ScalarSet(ranges: [0...9, 11...scalarMax])

    /// The ranges of all that is in it: in their order, none touching another. Nil when it takes too much work.
    func resolved(_ work: inout CaseFolding.Work) -> [ClosedRange<UInt32>]? {
        var merged = Self.merged(ranges)
        if ignoresCase {
            guard let folded = CaseFolding.table.folded(merged, &work) else { return nil }
            merged = folded.isEmpty ? merged : Self.merged(merged + folded)
        }
        return isInverted ? Self.complement(of: merged) : merged
    }

    /// The ranges of all that is not in it.
    var complement: [ClosedRange<UInt32>] {
        Self.complement(of: Self.merged(ranges))
    }

    private static func merged(_ ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
        guard ranges.count > 1 else { return ranges }
        var merged: [ClosedRange<UInt32>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = merged.last, range.lowerBound <= last.upperBound + 1 {
                merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        return merged
    }

    private static func complement(of merged: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
        var next: UInt32 = 0
        var left: [ClosedRange<UInt32>] = []
        for range in merged {
            if range.lowerBound > next { left.append(next...(range.lowerBound - 1)) }
            next = range.upperBound + 1
        }
        if next <= scalarMax { left.append(next...scalarMax) }
        return left
    }
}

/// Which scalars are one when upper and lower case make no difference.
struct CaseFolding: Sendable {
    /// How much one pattern may have folded.
    struct Work {
        var left = 100_000
    }

    /// Scalars that have a case, in their order, each with the others that are the same.
    private let scalars: [UInt32]
    private let equals: [[UInt32]]

    /// Where scalars with a case are; all others are themselves only.
    private static let blocks: [ClosedRange<UInt32>] = [
        0x41...0x5A, 0x61...0x7A, 0xB5...0x587, 0x10A0...0x10FF, 0x13A0...0x13FF, 0x1C80...0x1CBF, 0x1D79...0x1D8E,
        0x1E00...0x1FFF, 0x2126...0x2188, 0x24B6...0x24E9, 0x2C00...0x2DFF, 0xA640...0xA7FF, 0xAB53...0xABBF,
        0xFF21...0xFF5A, 0x10400...0x104FF, 0x10570...0x105BF, 0x10C80...0x10CF2, 0x10D50...0x10D85, 0x118A0...0x118DF,
        0x16E40...0x16EDF, 0x1E900...0x1E943,
    ]

    static let table = CaseFolding()

    private init() {
        var groups: [UInt32: [UInt32]] = [:]
        for value in Self.blocks.joined() {
            guard let scalar = Unicode.Scalar(value) else { continue }
            groups[Self.folded(scalar), default: []].append(value)
        }
        let cased = groups.values.filter { $0.count > 1 }.flatMap { group in group.map { (scalar: $0, group) } }
            .sorted { $0.scalar < $1.scalar }
        scalars = cased.map(\.scalar)
        equals = cased.map { scalar, group in group.filter { $0 != scalar } }
    }

    /// The scalar that stands for all that are the same but for their case. What becomes two is itself, and so is the
    /// dotless i, which is another letter.
    static func folded(_ scalar: Unicode.Scalar) -> UInt32 {
        guard scalar.value != 0x131 else { return scalar.value }
        func single(_ text: String, _ scalar: Unicode.Scalar) -> Unicode.Scalar {
            let scalars = text.unicodeScalars
            return scalars.count == 1 ? scalars.first ?? scalar : scalar
        }
        let upper = single(scalar.properties.uppercaseMapping, scalar)
        return single(upper.properties.lowercaseMapping, upper).value
    }

    /// What is the same as something in the ranges and not in them. Nil when that is too much work.
    func folded(_ ranges: [ClosedRange<UInt32>], _ work: inout Work) -> [ClosedRange<UInt32>]? {
        var found: [ClosedRange<UInt32>] = []
        for range in ranges {
            var place = firstPlace(from: range.lowerBound)
            work.left -= 1
            while place < scalars.count, scalars[place] <= range.upperBound {
                for value in equals[place] where !range.contains(value) { found.append(value...value) }
                work.left -= 1
                place += 1
            }
            guard work.left >= 0 else { return nil }
        }
        return found
    }

    private func firstPlace(from value: UInt32) -> Int {
        var (low, high) = (0, scalars.count)
        while low < high {
            let middle = (low + high) / 2
            if scalars[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// Reads a regular expression.
struct PatternParser {
    private let scalars: [Unicode.Scalar]
    private let any: ScalarSet
    private var place = 0
    private var depth = 0
    private var ignoresCase = false
    /// The sets of the tree. Each stands once, however often it is written.
    private(set) var sets: [ScalarSet] = []
    private var numbers: [ScalarSet: Int] = [:]

    private static let depthMax = 50
    private static let repetitionsMax = 200

    /// - Parameter any: What `.` stands for.
    init(_ text: String, any: ScalarSet) {
        scalars = Array(text.unicodeScalars)
        self.any = any
    }

    mutating func parse() throws(PatternFault) -> PatternNode {
        if scalars.starts(with: "(?i)".unicodeScalars) {
            ignoresCase = true
            place = 4
        }
        let node = try alternatives()
        guard place == scalars.count else { throw fault("has a ) without a matching (") }
        return node
    }

    private mutating func alternatives() throws(PatternFault) -> PatternNode {
        var found = [try sequence()]
        while skip("|") { found.append(try sequence()) }
        return found.count == 1 ? found[0] : .either(found)
    }

    private mutating func sequence() throws(PatternFault) -> PatternNode {
        var nodes: [PatternNode] = []
        while place < scalars.count, scalars[place] != "|", scalars[place] != ")" {
            nodes.append(try repeated(try atom()))
        }
        return .sequence(nodes)
    }

    private mutating func repeated(_ atom: PatternNode) throws(PatternFault) -> PatternNode {
        var node = atom
        if skip("*") {
            node = .repetition(atom, least: 0, most: nil)
        } else if skip("+") {
            node = .repetition(atom, least: 1, most: nil)
        } else if skip("?") {
            node = .repetition(atom, least: 0, most: 1)
        } else if let counts = try writtenCounts() {
            node = .repetition(atom, least: counts.least, most: counts.most)
        } else {
            return node
        }
        // Which way is tried first makes no difference to whether all of it matches.
        _ = skip("?")
        if place < scalars.count, "*+?".unicodeScalars.contains(scalars[place]) {
            throw fault("repeats a repetition, as in a**")
        }
        return node
    }

    /// `{2}`, `{2,}` or `{2,5}`; anything else in braces is itself.
    private mutating func writtenCounts() throws(PatternFault) -> (least: Int, most: Int?)? {
        let start = place
        guard skip("{"), let least = number() else {
            place = start
            return nil
        }
        var most: Int? = least
        if skip(",") { most = number() }
        guard skip("}") else {
            place = start
            return nil
        }
        guard least <= Self.repetitionsMax, (most ?? least) <= Self.repetitionsMax else {
            throw fault("repeats more than \(Self.repetitionsMax) times")
        }
        guard (most ?? least) >= least else { throw fault("has a repetition range that ends below its start") }
        return (least, most)
    }

    private mutating func number() -> Int? {
        let start = place
        while place < scalars.count, ("0"..."9").contains(scalars[place]), place - start < 6 { place += 1 }
        return Int(String(String.UnicodeScalarView(scalars[start..<place])))
    }

    private mutating func atom() throws(PatternFault) -> PatternNode {
        let scalar = scalars[place]
        place += 1
        switch scalar {
        case "(": return try group()
        case "[": return node(try characterClass())
        case ".": return node(any)
        case "^": return .begin
        case "$": return .end
        case "\\":
            switch try escape() {
            case .end?: return .end
            case .begin?: return .begin
            case .set(var set)?:
                set.ignoresCase = ignoresCase
                return node(set)
            case nil: throw fault("has an escape that is not supported")
            }
        case "*", "+", "?": throw fault("has a repetition with nothing before it")
        default: return node(ScalarSet(ranges: [scalar.value...scalar.value], ignoresCase: ignoresCase))
        }
    }

    private mutating func node(_ set: ScalarSet) -> PatternNode {
        if let number = numbers[set] { return .set(number) }
        numbers[set] = sets.count
        sets.append(set)
        return .set(sets.count - 1)
    }

    private mutating func group() throws(PatternFault) -> PatternNode {
        guard depth < Self.depthMax else { throw fault("nests more than \(Self.depthMax) groups") }
        if skip("?") {
            // A name makes no difference, since nothing is taken out.
            if skip("P") {}
            if skip("<") {
                while place < scalars.count, scalars[place] != ">" { place += 1 }
                guard skip(">") else { throw fault("has a group name without a closing >") }
            } else if !skip(":") {
                throw fault("has a kind of group that is not supported")
            }
        }
        depth += 1
        let node = try alternatives()
        depth -= 1
        guard skip(")") else { throw fault("has a ( without a matching )") }
        return node
    }

    private mutating func characterClass() throws(PatternFault) -> ScalarSet {
        var set = ScalarSet(ranges: [], ignoresCase: ignoresCase)
        set.isInverted = skip("^")
        var isFirst = true
        while place < scalars.count, isFirst || scalars[place] != "]" {
            isFirst = false
            guard let low = try classMember(&set) else { continue }
            guard place + 1 < scalars.count, scalars[place] == "-", scalars[place + 1] != "]" else {
                set.ranges.append(low...low)
                continue
            }
            place += 1
            guard let high = try classMember(&set), high >= low else {
                throw fault("has a character range that ends before its start")
            }
            set.ranges.append(low...high)
        }
        guard skip("]") else { throw fault("has a [ without a matching ]") }
        return set
    }

    /// One character of a class; nil when it was a class itself, as `\d`, and is in the set now.
    private mutating func classMember(_ set: inout ScalarSet) throws(PatternFault) -> UInt32? {
        let scalar = scalars[place]
        place += 1
        if scalar == "[", place < scalars.count, scalars[place] == ":" {
            throw fault("has a named class such as [:alpha:]; list its characters instead")
        }
        guard scalar == "\\" else { return scalar.value }
        guard case .set(let escaped)? = try escape() else {
            throw fault("has an escape that is not allowed in a character class")
        }
        if escaped.ranges.count == 1, let range = escaped.ranges.first, range.count == 1 { return range.lowerBound }
        set.ranges += escaped.ranges
        return nil
    }

    /// What an escape stands for.
    private enum Escaped {
        case set(ScalarSet)
        case begin, end
    }

    private mutating func escape() throws(PatternFault) -> Escaped? {
        guard place < scalars.count else { throw fault("ends with \\") }
        let scalar = scalars[place]
        place += 1
        switch scalar {
        case "d": return .set(.digits)
        case "w": return .set(.word)
        case "s": return .set(.space)
        case "D": return .set(ScalarSet(ranges: ScalarSet.digits.complement))
        case "W": return .set(ScalarSet(ranges: ScalarSet.word.complement))
        case "S": return .set(ScalarSet(ranges: ScalarSet.space.complement))
        case "t": return .set(ScalarSet(ranges: [9...9]))
        case "n": return .set(ScalarSet(ranges: [10...10]))
        case "r": return .set(ScalarSet(ranges: [13...13]))
        case "A": return .begin
        case "z": return .end
        case "0"..."9", "a"..."z", "A"..."Z": return nil
        default: return .set(ScalarSet(ranges: [scalar.value...scalar.value]))
        }
    }

    private mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
        guard place < scalars.count, scalars[place] == scalar else { return false }
        place += 1
        return true
    }

    private func fault(_ reason: String) -> PatternFault {
        PatternFault(reason: "\(reason), at character \(place)")
    }
}
