/// A regular expression that matches in time that grows only with the text: there is no backtracking, so no pattern and no
/// text of a stranger can hold anything up.
///
/// The syntax is what RE2, and so Prometheus, has in common with everybody: literals, `.`, classes, `\d \w \s`, groups,
/// alternatives, `* + ? {m,n}`, `^`, `$`, and `(?i)` at the beginning. It runs as Thompson's automaton.
package struct LinearPattern: Hashable, Sendable {
    /// One step of the automaton.
    enum Step: Hashable, Sendable {
        case take(ScalarSet)
        case fork(Int, Int)
        case jump(Int)
        case begin
        case end
        case accept
    }

    /// What a pattern is matched with.
    package enum Use: Sendable {
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

        /// Steps that a pattern may have when its repetitions are written out.
        var stepsMax: Int {
            switch self {
            case .label: 4000
            case .page: 500
            }
        }
    }

    /// Scalars of a value that are looked at; a label is rarely longer than a hundred.
    package static let valueMax = 4096

    package let text: String
    private let steps: [Step]

    /// - Throws: `PatternFault`, which says what is wrong and where.
    package init(_ text: String, for use: Use = .label) throws(PatternFault) {
        self.text = text
        guard text.unicodeScalars.count <= use.lengthMax else {
            throw PatternFault(reason: "is longer than \(use.lengthMax) characters")
        }
        var parser = PatternParser(text, any: use == .page ? .anyInLine : .any)
        let tree = try parser.parse()
        var writer = StepWriter(stepsMax: use.stepsMax)
        try writer.write(tree)
        writer.steps.append(.accept)
        steps = writer.steps
    }

    /// Whether the pattern matches all of the value, as far as it is looked at.
    package func matches(_ value: String) -> Bool {
        run(over: Array(value.unicodeScalars.prefix(Self.valueMax)), isSearch: false)
    }

    /// Whether the pattern matches something in the text. What is not UTF-8 is no character that a pattern can name.
    package func isFound(in text: some Collection<UInt8>) -> Bool {
        run(over: Array(String(decoding: text, as: UTF8.self).unicodeScalars), isSearch: true)
    }

    private func run(over scalars: [Unicode.Scalar], isSearch: Bool) -> Bool {
        let accept = steps.count - 1
        var current = Places(count: steps.count)
        var next = Places(count: steps.count)
        enter(0, isBegin: true, isEnd: scalars.isEmpty, &current)
        for (index, scalar) in scalars.enumerated() {
            if isSearch, current.has(accept) { return true }
            guard isSearch || !current.list.isEmpty else { return false }
            let isEnd = index + 1 == scalars.count
            next.clear()
            for place in current.list {
                if case .take(let set) = steps[place], set.contains(scalar) {
                    enter(place + 1, isBegin: false, isEnd: isEnd, &next)
                }
            }
            if isSearch { enter(0, isBegin: false, isEnd: isEnd, &next) }
            swap(&current, &next)
        }
        return current.has(accept)
    }

    /// Goes on from a step without taking anything, to every step that takes a scalar or accepts.
    private func enter(_ start: Int, isBegin: Bool, isEnd: Bool, _ places: inout Places) {
        var pending = [start]
        while let place = pending.popLast() {
            guard places.visit(place) else { continue }
            switch steps[place] {
            case .take, .accept: places.list.append(place)
            case .jump(let target): pending.append(target)
            case .fork(let first, let second): pending += [second, first]
            case .begin: if isBegin { pending.append(place + 1) }
            case .end: if isEnd { pending.append(place + 1) }
            }
        }
    }
}

/// Why a pattern is none.
package struct PatternFault: Error, Hashable, Sendable {
    /// Reads as a sentence after the pattern: `has a group without its end`.
    package let reason: String
}

/// Where the automaton is, each step once.
private struct Places {
    var list: [Int] = []
    private var visited: [Int]
    private var round = 1

    init(count: Int) {
        visited = [Int](repeating: 0, count: count)
    }

    mutating func clear() {
        list.removeAll(keepingCapacity: true)
        round += 1
    }

    func has(_ place: Int) -> Bool {
        visited[place] == round
    }

    /// False when it was there already.
    mutating func visit(_ place: Int) -> Bool {
        guard visited[place] != round else { return false }
        visited[place] = round
        return true
    }
}

/// Writes a pattern's tree as steps.
private struct StepWriter {
    let stepsMax: Int
    var steps: [LinearPattern.Step] = []

    init(stepsMax: Int) {
        self.stepsMax = stepsMax
    }

    mutating func write(_ node: PatternNode) throws(PatternFault) {
        guard steps.count < stepsMax else {
            throw PatternFault(reason: "is too large when its repetitions are written out")
        }
        switch node {
        case .set(let set): steps.append(.take(set))
        case .begin: steps.append(.begin)
        case .end: steps.append(.end)
        case .sequence(let nodes): for node in nodes { try write(node) }
        case .either(let nodes): try writeEither(nodes[...])
        case .repetition(let node, let least, let most):
            for _ in 0..<least { try write(node) }
            if let most {
                for _ in least..<most { try writeOptional(node) }
            } else {
                try writeEndless(node)
            }
        }
    }

    private mutating func writeEither(_ nodes: ArraySlice<PatternNode>) throws(PatternFault) {
        guard let first = nodes.first else { return }
        guard nodes.count > 1 else { return try write(first) }
        let fork = reserve()
        try write(first)
        let jump = reserve()
        steps[fork] = .fork(fork + 1, steps.count)
        try writeEither(nodes.dropFirst())
        steps[jump] = .jump(steps.count)
    }

    private mutating func writeOptional(_ node: PatternNode) throws(PatternFault) {
        let fork = reserve()
        try write(node)
        steps[fork] = .fork(fork + 1, steps.count)
    }

    private mutating func writeEndless(_ node: PatternNode) throws(PatternFault) {
        let fork = reserve()
        try write(node)
        steps.append(.jump(fork))
        steps[fork] = .fork(fork + 1, steps.count)
    }

    /// A place whose step is known later.
    private mutating func reserve() -> Int {
        steps.append(.accept)
        return steps.count - 1
    }
}
