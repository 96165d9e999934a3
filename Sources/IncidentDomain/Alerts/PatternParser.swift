/// A regular expression as a tree.
indirect enum PatternNode: Hashable, Sendable {
    case set(ScalarSet)
    case begin
    case end
    case sequence([PatternNode])
    case either([PatternNode])
    /// `most` nil: without end.
    case repetition(PatternNode, least: Int, most: Int?)
}

/// A class of scalars.
struct ScalarSet: Hashable, Sendable {
    var ranges: [ClosedRange<UInt32>]
    var isInverted = false
    var ignoresCase = false

    static let digits = ScalarSet(ranges: [48...57])
    static let word = ScalarSet(ranges: [48...57, 65...90, 95...95, 97...122])
    static let space = ScalarSet(ranges: [9...10, 12...13, 32...32])
    /// What `.` stands for.
    static let any = ScalarSet(ranges: [0...0x10_FFFF])
    /// The same where the end of a line is none of them.
    static let anyInLine = ScalarSet(ranges: [0...9, 11...0x10_FFFF])

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        var isFound = has(scalar.value)
        if !isFound, ignoresCase {
            let properties = scalar.properties
            isFound =
                properties.lowercaseMapping.unicodeScalars.contains { has($0.value) }
                || properties.uppercaseMapping.unicodeScalars.contains { has($0.value) }
        }
        return isFound != isInverted
    }

    private func has(_ value: UInt32) -> Bool {
        ranges.contains { $0.contains(value) }
    }

    /// The ranges of all that is not in it.
    var complement: [ClosedRange<UInt32>] {
        var next: UInt32 = 0
        var left: [ClosedRange<UInt32>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if range.lowerBound > next { left.append(next...(range.lowerBound - 1)) }
            next = max(next, range.upperBound + 1)
        }
        if next <= 0x10_FFFF { left.append(next...0x10_FFFF) }
        return left
    }
}

/// Reads a regular expression.
struct PatternParser {
    private let scalars: [Unicode.Scalar]
    private let any: ScalarSet
    private var place = 0
    private var depth = 0
    private var ignoresCase = false

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
        guard place == scalars.count else { throw fault("has a ) without its (") }
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
            throw fault("repeats a repetition")
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
        guard (most ?? least) >= least else { throw fault("has a repetition whose end is below its beginning") }
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
        case "[": return .set(try characterClass())
        case ".": return .set(any)
        case "^": return .begin
        case "$": return .end
        case "\\":
            switch try escape() {
            case .end?: return .end
            case .begin?: return .begin
            case .set(var set)?:
                set.ignoresCase = ignoresCase
                return .set(set)
            case .sequence?, .either?, .repetition?, nil: throw fault("has an escape that is not known here")
            }
        case "*", "+", "?": throw fault("repeats nothing")
        default: return .set(ScalarSet(ranges: [scalar.value...scalar.value], ignoresCase: ignoresCase))
        }
    }

    private mutating func group() throws(PatternFault) -> PatternNode {
        guard depth < Self.depthMax else { throw fault("nests more than \(Self.depthMax) groups") }
        if skip("?") {
            // A name makes no difference, since nothing is taken out.
            if skip("P") {}
            if skip("<") {
                while place < scalars.count, scalars[place] != ">" { place += 1 }
                guard skip(">") else { throw fault("has a group's name without its end") }
            } else if !skip(":") {
                throw fault("has a kind of group that is not known here")
            }
        }
        depth += 1
        let node = try alternatives()
        depth -= 1
        guard skip(")") else { throw fault("has a ( without its )") }
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
                throw fault("has a range of characters whose end is before its beginning")
            }
            set.ranges.append(low...high)
        }
        guard skip("]") else { throw fault("has a [ without its ]") }
        return set
    }

    /// One character of a class; nil when it was a class itself, as `\d`, and is in the set now.
    private mutating func classMember(_ set: inout ScalarSet) throws(PatternFault) -> UInt32? {
        let scalar = scalars[place]
        place += 1
        if scalar == "[", place < scalars.count, scalars[place] == ":" {
            throw fault("has a named class; write its characters")
        }
        guard scalar == "\\" else { return scalar.value }
        guard case .set(let escaped)? = try escape() else { throw fault("has an escape that no class can hold") }
        if escaped.ranges.count == 1, let range = escaped.ranges.first, range.count == 1 { return range.lowerBound }
        set.ranges += escaped.ranges
        return nil
    }

    private mutating func escape() throws(PatternFault) -> PatternNode? {
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
