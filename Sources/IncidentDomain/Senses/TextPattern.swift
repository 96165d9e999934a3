/// A regular expression that is looked for in a text in a time that grows with the text alone, whatever the pattern: all
/// ways to match are followed at once, none is tried and taken back (Thompson, 1968).
///
/// There are literals, `.`, `[a-z]`, `[^a-z]`, `\d \w \s \D \W \S`, `* + ?`, `|`, groups, `^` and `$` (the ends of the text),
/// and `(?i)` at the beginning. It works on bytes: `.` is one byte of a letter that has several.
package struct TextPattern: Sendable {
    /// What is wrong with a pattern, as the rest of a sentence.
    package struct Mistake: Error, Hashable, Sendable {
        package let detail: String
    }

    package static let lengthMax = 200

    private let program: [Step]

    /// - Throws: `Mistake`.
    package init(_ text: String) throws(Mistake) {
        guard text.unicodeScalars.count <= Self.lengthMax else {
            throw Mistake(detail: "has more than \(Self.lengthMax) characters")
        }
        var parser = TextPatternParser(text)
        let node = try parser.parse()
        var program: [Step] = []
        node.emit(into: &program)
        program.append(.match)
        self.program = program
    }

    /// Whether it stands somewhere in the text.
    package func isFound(in text: some Collection<UInt8>) -> Bool {
        var threads = Threads(count: program.count)
        var next = threads
        var offset = 0
        let length = text.count
        if follow(0, at: offset, of: length, into: &threads) { return true }
        for byte in text {
            next.clear()
            offset += 1
            for thread in threads.list {
                guard case .byte(let set) = program[thread], set.contains(byte) else { continue }
                if follow(thread + 1, at: offset, of: length, into: &next) { return true }
            }
            // It may begin anywhere.
            if follow(0, at: offset, of: length, into: &next) { return true }
            swap(&threads, &next)
        }
        return false
    }

    /// Adds all steps that are reached without a byte; true when the end of the pattern is one of them.
    private func follow(_ start: Int, at offset: Int, of length: Int, into threads: inout Threads) -> Bool {
        var pending = [start]
        while let step = pending.popLast() {
            guard threads.add(step) else { continue }
            switch program[step] {
            case .match: return true
            case .byte: break
            case .jump(let target): pending.append(target)
            case .fork(let one, let other): pending += [other, one]
            case .start: if offset == 0 { pending.append(step + 1) }
            case .end: if offset == length { pending.append(step + 1) }
            }
        }
        return false
    }

    /// One step of the program that a pattern becomes.
    enum Step: Hashable, Sendable {
        case byte(ByteSet)
        case jump(Int)
        case fork(Int, Int)
        case start, end, match
    }

    /// The steps at which a match may stand now, each once.
    private struct Threads {
        private(set) var list: [Int] = []
        private var isThere: [Bool]

        init(count: Int) {
            isThere = [Bool](repeating: false, count: count)
        }

        mutating func add(_ step: Int) -> Bool {
            guard !isThere[step] else { return false }
            isThere[step] = true
            list.append(step)
            return true
        }

        mutating func clear() {
            for step in list { isThere[step] = false }
            list.removeAll(keepingCapacity: true)
        }
    }
}

/// Some of the 256 bytes.
struct ByteSet: Hashable, Sendable {
    private var words: [UInt64] = [0, 0, 0, 0]

    init(_ bytes: some Sequence<UInt8> = []) {
        for byte in bytes { insert(byte) }
    }

    mutating func insert(_ byte: UInt8) {
        words[Int(byte >> 6)] |= 1 << UInt64(byte & 63)
    }

    func contains(_ byte: UInt8) -> Bool {
        words[Int(byte >> 6)] & (1 << UInt64(byte & 63)) != 0
    }

    mutating func formUnion(_ other: ByteSet) {
        for index in words.indices { words[index] |= other.words[index] }
    }

    var inverted: ByteSet {
        var set = self
        for index in set.words.indices { set.words[index] = ~set.words[index] }
        return set
    }
}
