import Yams

/// Why a text is not the YAML that was asked for.
struct YAMLSyntaxError: Error, Hashable, Sendable {
    /// What is wrong, in words for the sender.
    let reason: String
    /// Counted from 1; nil when it is about the text as a whole.
    let line: Int?
}

/// One YAML document from somebody else, as the same values that JSON has, with the line of each.
///
/// Scalars follow the core schema of YAML 1.2: `no` and `on` are texts, and so is everything in quotes. Refused are
/// anchors and aliases, with which a short text can stand for a huge document, tags, keys that are no scalars, keys that
/// stand twice, and more than one document.
struct YAMLDocument {
    /// The largest text that is read: YAML takes many times its size in memory while it is read.
    static let bytesMax = 16 << 20
    /// Values and names of one text: 20,000 components with 100,000 dependencies have less, and take 0.6 s and 100 MB.
    static let valuesMax = 1_000_000
    private static let depthMax = 64

    let value: JSONValue
    private let root: Node?

    init(_ bytes: [UInt8]) throws(YAMLSyntaxError) {
        guard Self.valuesMost(in: bytes) <= Self.valuesMax else {
            throw YAMLSyntaxError(
                reason: "it has more than \(Self.valuesMax) names and values; send it as JSON", line: nil)
        }
        let indicators = try AliasIndicators(hiddenIn: bytes)
        do {
            root = try Parser(yaml: indicators.text, resolver: .basic, encoding: .utf8).singleRoot()
        } catch let error as YamlError {
            throw Self.syntaxError(error, indicators)
        } catch {
            throw YAMLSyntaxError(reason: "it cannot be read", line: nil)
        }
        value = try root.map { node throws(YAMLSyntaxError) in try Self.value(node, Self.depthMax) } ?? .null
    }

    /// The lines where the values of JSON pointers stand, or where they would have to stand. Each mapping on the way is walked
    /// through once, however many pointers lead into it.
    func lines(of pointers: [String]) -> [Int?] {
        guard let root else { return pointers.map { _ in nil } }
        var lines = [Int?](repeating: nil, count: pointers.count)
        let wanted = pointers.enumerated().map { index, pointer in
            Wanted(index: index, names: Self.names(of: pointer)[...])
        }
        Self.find(wanted, in: root, line: root.mark?.line, &lines)
        return lines
    }

    private struct Wanted {
        let index: Int
        var names: ArraySlice<String>
    }

    private static func names(of pointer: String) -> [String] {
        pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
            .map { String($0).replacing("~1", with: "/").replacing("~0", with: "~") }
    }

    private static func find(_ wanted: [Wanted], in node: Node, line: Int?, _ lines: inout [Int?]) {
        // What is not found below is here.
        for one in wanted { lines[one.index] = line }
        var within: [String: [Wanted]] = [:]
        for var one in wanted {
            guard let name = one.names.popFirst() else { continue }
            within[name, default: []].append(one)
        }
        guard !within.isEmpty else { return }
        switch node {
        case .mapping(let mapping):
            for (key, value) in mapping {
                guard let name = text(key), let wanted = within[name] else { continue }
                find(wanted, in: value, line: key.mark?.line ?? line, &lines)
            }
        case .sequence(let sequence):
            for (name, wanted) in within {
                guard let index = Int(name), sequence.indices.contains(index) else { continue }
                find(wanted, in: sequence[index], line: sequence[index].mark?.line, &lines)
            }
        case .scalar, .alias: break
        }
    }
}

// MARK: - Values

extension YAMLDocument {
    /// How many names and values a text has at most, by the characters that stand before each: what reading it takes is
    /// known before it is read.
    private static func valuesMost(in bytes: [UInt8]) -> Int {
        var count = 1
        for (place, byte) in bytes.enumerated() {
            switch byte {
            case UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "{"): count += 1
            case UInt8(ascii: ":"):
                // As in 12:30 or a URL it ends no name.
                if !isWithinWord(bytes, after: place) { count += 2 }
            case UInt8(ascii: "-"), UInt8(ascii: "?"):
                if place + 1 == bytes.count || bytes[place + 1] <= 0x20 { count += 1 }
            default: break
            }
        }
        return count
    }

    private static func isWithinWord(_ bytes: [UInt8], after place: Int) -> Bool {
        guard place + 1 < bytes.count else { return false }
        switch bytes[place + 1] {
        case UInt8(ascii: "/"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            // After a name in quotes a value may follow at once.
            return place == 0 || (bytes[place - 1] != UInt8(ascii: "\"") && bytes[place - 1] != UInt8(ascii: "'"))
        default: return false
        }
    }

    private static func value(_ node: Node, _ depthLeft: Int) throws(YAMLSyntaxError) -> JSONValue {
        guard depthLeft > 0 else { throw failure("it is nested more than \(depthMax) levels deep", node) }
        switch node {
        case .scalar(let scalar): return try self.value(scalar, node)
        case .sequence(let sequence):
            try refuseTag(sequence.tag, node)
            var elements: [JSONValue] = []
            elements.reserveCapacity(sequence.count)
            for element in sequence { elements.append(try value(element, depthLeft - 1)) }
            return .array(elements)
        case .mapping(let mapping):
            try refuseTag(mapping.tag, node)
            var members: [JSONObject.Member] = []
            members.reserveCapacity(mapping.count)
            for (key, element) in mapping {
                members.append(JSONObject.Member(name: try name(key), value: try value(element, depthLeft - 1)))
            }
            return .object(JSONObject(members))
        case .alias: throw failure(aliasReason, node)
        }
    }

    private static func value(_ scalar: Node.Scalar, _ node: Node) throws(YAMLSyntaxError) -> JSONValue {
        let isPlain = scalar.style == .plain || scalar.style == .any
        guard !isPlain || !AliasIndicators.begins(scalar.string) else { throw failure(aliasReason, node) }
        let text = AliasIndicators.restored(scalar.string)
        // Said, or put there by Yams for what stands in quotes and for keys.
        if scalar.tag.description == Tag.Name.str.rawValue { return .string(text) }
        try refuseTag(scalar.tag, node)
        return isPlain ? plainValue(text) : .string(text)
    }

    private static func name(_ key: Node) throws(YAMLSyntaxError) -> String {
        guard case .scalar(let scalar) = key else { throw failure("a key should be a text", key) }
        _ = try value(scalar, key)
        return AliasIndicators.restored(scalar.string)
    }

    private static func text(_ key: Node) -> String? {
        guard case .scalar(let scalar) = key else { return nil }
        return AliasIndicators.restored(scalar.string)
    }

    /// What a text without quotes means in the core schema of YAML 1.2 (10.3.2).
    private static func plainValue(_ text: String) -> JSONValue {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        default: break
        }
        guard let first = text.utf8.first, first < 0x3A, first >= 0x2B else { return .string(text) }
        if let number = Int(text) { return .integer(number) }
        if text.hasPrefix("0x"), let number = Int(text.dropFirst(2), radix: 16) { return .integer(number) }
        if text.hasPrefix("0o"), let number = Int(text.dropFirst(2), radix: 8) { return .integer(number) }
        // Swift also takes hexadecimal fractions and words.
        let isDecimal = text.utf8.allSatisfy { decimalBytes.contains($0) }
        if isDecimal, let number = Double(text), number.isFinite { return .number(JSONNumber(number)) }
        return .string(text)
    }

    private static let decimalBytes = Set("0123456789+-.eE".utf8)

    private static func refuseTag(_ tag: Tag, _ node: Node) throws(YAMLSyntaxError) {
        let name = tag.description
        guard name.isEmpty || name == Tag.Name.implicit.rawValue else {
            throw failure("tags (\(name)) are not taken", node)
        }
    }

    private static func failure(_ reason: String, _ node: Node) -> YAMLSyntaxError {
        YAMLSyntaxError(reason: reason, line: node.mark?.line)
    }
}

// MARK: - What is wrong

extension YAMLDocument {
    private static let aliasReason = "anchors and aliases (& and *) are not taken; a text that begins so needs quotes"

    private static func syntaxError(_ error: YamlError, _ indicators: AliasIndicators) -> YAMLSyntaxError {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            // What follows an anchor is no longer where it may stand once the anchor is read as a text.
            let hint = indicators.areNear(line: mark.line) ? " (\(aliasReason))" : ""
            return YAMLSyntaxError(reason: problem + hint, line: mark.line)
        case .duplicatedKeysInMapping(let keys, let context):
            let names = keys.prefix(5).map { AliasIndicators.restored($0) }.joined(separator: ", ")
            return YAMLSyntaxError(reason: "the key \(names) stands twice", line: context.mark.line)
        case .reader(let problem, let offset, _, let yaml):
            let line = offset.map { yaml.prefix($0).count { $0.isNewline } + 1 }
            return YAMLSyntaxError(reason: problem, line: line)
        case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
            return YAMLSyntaxError(reason: "it cannot be read", line: nil)
        }
    }
}

/// Takes the indicators of anchors and aliases out of a text before it is parsed, so that no alias can exist that would
/// have to be followed: even comparing two keys would follow it, and a few lines of them stand for billions of nodes.
/// Characters that nobody uses take their places, and texts get their own back afterwards.
private struct AliasIndicators {
    let text: String
    private static let anchor: Unicode.Scalar = "\u{10FFFC}"
    private static let alias: Unicode.Scalar = "\u{10FFFD}"
    /// With what the UTF-8 of both begins, as that of few other characters does.
    private static let firstByte: UInt8 = 0xF4

    init(hiddenIn bytes: [UInt8]) throws(YAMLSyntaxError) {
        let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let bytes = bytes.dropFirst(bytes.starts(with: byteOrderMark) ? byteOrderMark.count : 0)
        guard let whole = String(validating: bytes, as: UTF8.self) else {
            throw YAMLSyntaxError(reason: "it is not UTF-8", line: nil)
        }
        guard !bytes.contains(Self.firstByte) || !whole.unicodeScalars.contains(where: { $0 >= Self.anchor }) else {
            throw YAMLSyntaxError(reason: "the characters U+10FFFC to U+10FFFF are not taken", line: nil)
        }
        text = Self.hidden(bytes).map { String(decoding: $0, as: UTF8.self) } ?? whole
    }

    /// Nil when there is nothing to hide.
    private static func hidden(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
        let (anchorByte, aliasByte) = (UInt8(ascii: "&"), UInt8(ascii: "*"))
        guard bytes.contains(where: { $0 == anchorByte || $0 == aliasByte }) else { return nil }
        let (anchorBytes, aliasBytes) = (Array(String(anchor).utf8), Array(String(alias).utf8))
        var hidden: [UInt8] = []
        hidden.reserveCapacity(bytes.count + 1000)
        for byte in bytes {
            switch byte {
            case anchorByte: hidden += anchorBytes
            case aliasByte: hidden += aliasBytes
            default: hidden.append(byte)
            }
        }
        return hidden
    }

    /// Whether there is one in a line or the one before it.
    func areNear(line: Int) -> Bool {
        text.utf8.split(separator: UInt8(ascii: "\n"), maxSplits: line, omittingEmptySubsequences: false)
            .prefix(line).suffix(2).contains { $0.contains(Self.firstByte) }
    }

    static func begins(_ text: String) -> Bool {
        text.unicodeScalars.first.map { $0 >= anchor } ?? false
    }

    static func restored(_ text: String) -> String {
        guard text.utf8.contains(firstByte) else { return text }
        let scalars = text.unicodeScalars.map { scalar -> Unicode.Scalar in
            if scalar == anchor { return "&" }
            return scalar == alias ? "*" : scalar
        }
        return String(String.UnicodeScalarView(scalars))
    }
}

/// Appends YAML as people write it: one field a line, quotes only where something else would be read.
struct YAMLWriter {
    /// What was written so far.
    private(set) var bytes: [UInt8] = []

    init(capacity: Int = 4096) {
        bytes.reserveCapacity(capacity)
    }

    /// Writes a line that needs no quotes.
    mutating func line(_ text: String) {
        bytes.append(contentsOf: text.utf8)
        bytes.append(UInt8(ascii: "\n"))
    }

    /// A text as a scalar, in a flow or in a block.
    static func scalar(_ text: String) -> String {
        isPlain(text) ? text : quoted(text)
    }

    /// Texts, or `name: text` pairs, within brackets.
    static func flow(_ items: some Sequence<String>, _ open: String, _ close: String) -> String {
        open + items.joined(separator: ", ") + close
    }

    /// What older readers of YAML take for truth values and nothing, ours or not.
    private static let words: Set<String> = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"]

    private static func isPlain(_ text: String) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, let last = bytes.last, bytes.count <= 200, isLetter(first),
            last != UInt8(ascii: " ")
        else { return false }
        return bytes.allSatisfy { isLetter($0) || isDigit($0) || plainMarks.contains($0) }
            && !words.contains(text.lowercased())
    }

    private static let plainMarks = Set(" -_./()".utf8)

    private static func isLetter(_ byte: UInt8) -> Bool {
        (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z")
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case let scalar where isPrintable(scalar): quoted.unicodeScalars.append(scalar)
            case let scalar:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
            }
        }
        return quoted + "\""
    }

    /// Whether a character may stand in a YAML text and is not folded there as the end of a line.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20...0x7E, 0xA0...0x2027, 0x202A...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD, 0x10000...0x10FFFB: true
        default: false
        }
    }
}
