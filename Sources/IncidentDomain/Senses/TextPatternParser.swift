/// What a pattern consists of.
indirect enum TextPatternNode {
    case empty, start, end
    case byte(ByteSet)
    case sequence([TextPatternNode])
    case choice(TextPatternNode, TextPatternNode)
    /// `?`, `*` or `+`.
    case repeated(TextPatternNode, isOptional: Bool, isEndless: Bool)

    func emit(into program: inout [TextPattern.Step]) {
        switch self {
        case .empty: break
        case .start: program.append(.start)
        case .end: program.append(.end)
        case .byte(let set): program.append(.byte(set))
        case .sequence(let nodes): for node in nodes { node.emit(into: &program) }
        case .choice(let one, let other):
            let fork = program.count
            program.append(.match)
            one.emit(into: &program)
            let jump = program.count
            program.append(.match)
            program[fork] = .fork(fork + 1, program.count)
            other.emit(into: &program)
            program[jump] = .jump(program.count)
        case .repeated(let node, let isOptional, let isEndless):
            let fork = program.count
            if isOptional { program.append(.match) }
            let body = program.count
            node.emit(into: &program)
            if isEndless { program.append(.fork(body, program.count + 1)) }
            if isOptional { program[fork] = .fork(body, program.count) }
        }
    }
}

/// Reads a pattern by recursive descent.
struct TextPatternParser {
    private let bytes: [UInt8]
    private var place = 0
    private var ignoresCase = false

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    mutating func parse() throws(TextPattern.Mistake) -> TextPatternNode {
        if bytes.starts(with: Array("(?i)".utf8)) {
            ignoresCase = true
            place = 4
        }
        let node = try choice()
        guard place == bytes.count else { throw mistake("has a ) that nothing opens") }
        return node
    }

    private mutating func choice() throws(TextPattern.Mistake) -> TextPatternNode {
        var node = try sequence()
        while next == UInt8(ascii: "|") {
            place += 1
            node = .choice(node, try sequence())
        }
        return node
    }

    private mutating func sequence() throws(TextPattern.Mistake) -> TextPatternNode {
        var nodes: [TextPatternNode] = []
        while let byte = next, byte != UInt8(ascii: "|"), byte != UInt8(ascii: ")") {
            nodes.append(try repeated(try atom()))
        }
        return nodes.isEmpty ? .empty : .sequence(nodes)
    }

    private mutating func repeated(_ atom: TextPatternNode) throws(TextPattern.Mistake) -> TextPatternNode {
        let isOptional: Bool
        let isEndless: Bool
        switch next {
        case UInt8(ascii: "?"): (isOptional, isEndless) = (true, false)
        case UInt8(ascii: "*"): (isOptional, isEndless) = (true, true)
        case UInt8(ascii: "+"): (isOptional, isEndless) = (false, true)
        default: return atom
        }
        place += 1
        if let byte = next, "?*+".utf8.contains(byte) { throw mistake("repeats a repetition") }
        return .repeated(atom, isOptional: isOptional, isEndless: isEndless)
    }

    private mutating func atom() throws(TextPattern.Mistake) -> TextPatternNode {
        let byte = bytes[place]
        place += 1
        switch byte {
        case UInt8(ascii: "."): return .byte(ByteSet([UInt8(ascii: "\n")]).inverted)
        case UInt8(ascii: "^"): return .start
        case UInt8(ascii: "$"): return .end
        case UInt8(ascii: "["): return .byte(try members())
        case UInt8(ascii: "\\"): return .byte(try escaped())
        case UInt8(ascii: "("):
            if next == UInt8(ascii: "?") { throw mistake("has (?, which is only known as (?i) at the beginning") }
            let node = try choice()
            guard next == UInt8(ascii: ")") else { throw mistake("has a ( that nothing closes") }
            place += 1
            return node
        case UInt8(ascii: "?"), UInt8(ascii: "*"), UInt8(ascii: "+"): throw mistake("repeats nothing")
        case UInt8(ascii: "{"): throw mistake("has {; write \\{ for the character, counts are not known")
        default: return .byte(literal(byte))
        }
    }

    /// What stands after a backslash.
    private mutating func escaped() throws(TextPattern.Mistake) -> ByteSet {
        guard let byte = next else { throw mistake("ends with a backslash") }
        place += 1
        let digits = ByteSet(UInt8(ascii: "0")...UInt8(ascii: "9"))
        var word = digits
        word.formUnion(ByteSet(UInt8(ascii: "a")...UInt8(ascii: "z")))
        word.formUnion(ByteSet(UInt8(ascii: "A")...UInt8(ascii: "Z")))
        word.insert(UInt8(ascii: "_"))
        let space = ByteSet(Array(" \t\r\n".utf8) + [11, 12])
        switch byte {
        case UInt8(ascii: "d"): return digits
        case UInt8(ascii: "D"): return digits.inverted
        case UInt8(ascii: "w"): return word
        case UInt8(ascii: "W"): return word.inverted
        case UInt8(ascii: "s"): return space
        case UInt8(ascii: "S"): return space.inverted
        case UInt8(ascii: "n"): return ByteSet([UInt8(ascii: "\n")])
        case UInt8(ascii: "r"): return ByteSet([UInt8(ascii: "\r")])
        case UInt8(ascii: "t"): return ByteSet([UInt8(ascii: "\t")])
        default:
            guard !word.contains(byte), byte < 0x80 else {
                throw mistake("has \\\(Character(Unicode.Scalar(byte))), which is not known")
            }
            return ByteSet([byte])
        }
    }

    /// What stands in brackets; the opening one has been read.
    private mutating func members() throws(TextPattern.Mistake) -> ByteSet {
        let isInverted = next == UInt8(ascii: "^")
        if isInverted { place += 1 }
        var set = ByteSet()
        var isFirst = true
        while let byte = next, isFirst || byte != UInt8(ascii: "]") {
            isFirst = false
            place += 1
            guard byte < 0x80 else { throw mistake("has a letter beyond ASCII in brackets") }
            if byte == UInt8(ascii: "\\") {
                set.formUnion(try escaped())
            } else if next == UInt8(ascii: "-"), place + 1 < bytes.count, bytes[place + 1] != UInt8(ascii: "]") {
                let last = bytes[place + 1]
                guard byte <= last, last < 0x80 else { throw mistake("has a range in brackets that goes backwards") }
                place += 2
                for member in byte...last { set.formUnion(literal(member)) }
            } else {
                set.formUnion(literal(byte))
            }
        }
        guard next != nil else { throw mistake("has a [ that nothing closes") }
        place += 1
        return isInverted ? set.inverted : set
    }

    private func literal(_ byte: UInt8) -> ByteSet {
        var set = ByteSet([byte])
        let isLetter = (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z")
        if ignoresCase, isLetter { set.insert(byte ^ 0x20) }
        return set
    }

    private var next: UInt8? {
        place < bytes.count ? bytes[place] : nil
    }

    private func mistake(_ detail: String) -> TextPattern.Mistake {
        TextPattern.Mistake(detail: detail)
    }
}
