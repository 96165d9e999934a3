/// Where the runs of backticks of a text are, so that finding the end of each span of code takes no search from anew.
struct MarkdownCodeSpans {
    private var lengths: [Int: Int] = [:]
    /// By length, the last run first.
    private var starts: [Int: [Int]] = [:]

    init(_ scalars: [Unicode.Scalar]) {
        var index = 0
        while index < scalars.count {
            guard scalars[index] == "`" else {
                index += 1
                continue
            }
            let end = scalars[index...].firstIndex { $0 != "`" } ?? scalars.count
            lengths[index] = end - index
            starts[end - index, default: []].append(index)
            index = end
        }
        for length in starts.keys { starts[length]?.reverse() }
    }

    /// How many backticks begin here: fewer than the run has, when the first of them was escaped.
    func runLength(at position: Int) -> Int {
        if let length = lengths[position] { return length }
        var start = position
        while start > 0, lengths[start] == nil { start -= 1 }
        return max(1, (lengths[start] ?? 1) - (position - start))
    }

    /// Where the next run of the same length begins; nil when there is none.
    mutating func end(ofRunAt position: Int, length: Int) -> Int? {
        while let next = starts[length]?.last, next <= position { starts[length]?.removeLast() }
        return starts[length]?.last
    }
}
