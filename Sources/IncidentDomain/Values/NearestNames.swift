/// The names that somebody may have meant who wrote one that does not exist.
package enum NearestNames {
    /// The nearest first, then by name: at most `limit`. Near is what differs in one letter of three, and in three at most, or is
    /// the beginning or the end of the other.
    package static func of(_ name: String, in names: some Sequence<String>, limit: Int = 3) -> [String] {
        // What is no name at all is like none.
        let wanted = Array(name.utf8.prefix(100))
        guard !wanted.isEmpty else { return [] }
        let allowed = min(3, max(1, wanted.count / 3))
        var found: [(distance: Int, name: String)] = []
        for candidate in names where candidate != name {
            let letters = Array(candidate.utf8)
            if let distance = distance(wanted, letters, atMost: allowed) {
                found.append((distance, candidate))
            } else if min(wanted.count, letters.count) >= 3, isPart(wanted, letters) || isPart(letters, wanted) {
                found.append((allowed + 1, candidate))
            }
        }
        return found.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(limit).map(\.name)
    }

    /// As " Did you mean db or feed?"; empty when nothing is near.
    package static func question(_ name: String, in names: some Sequence<String>) -> String {
        let near = of(name, in: names)
        return near.isEmpty ? "" : " Did you mean \(near.joined(separator: " or "))?"
    }

    private static func isPart(_ part: [UInt8], _ whole: [UInt8]) -> Bool {
        whole.starts(with: part) || whole.suffix(part.count).elementsEqual(part)
    }

    /// How many letters have to be changed, added, left out or exchanged with the next one (Damerau and Levenshtein); nil when it
    /// is more than `limit`.
    private static func distance(_ one: [UInt8], _ other: [UInt8], atMost limit: Int) -> Int? {
        guard abs(one.count - other.count) <= limit else { return nil }
        var before: [Int] = []
        var last = Array(0...other.count)
        for (row, letter) in one.enumerated() {
            var next = [row + 1] + [Int](repeating: 0, count: other.count)
            for (column, candidate) in other.enumerated() {
                var least = min(last[column + 1] + 1, next[column] + 1, last[column] + (letter == candidate ? 0 : 1))
                if row > 0, column > 0, letter == other[column - 1], one[row - 1] == candidate {
                    least = min(least, before[column - 1] + 1)
                }
                next[column + 1] = least
            }
            guard next.contains(where: { $0 <= limit }) else { return nil }
            (before, last) = (last, next)
        }
        return last[other.count] <= limit ? last[other.count] : nil
    }
}
