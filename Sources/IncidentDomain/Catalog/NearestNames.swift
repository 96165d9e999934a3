/// The names that somebody may have meant by one that is not there.
package enum NearestNames {
    /// How many are told.
    package static let namesMax = 3

    /// The nearest first; empty when none is near. What contains the name, or is contained in it as a whole part, is near; else
    /// names are that differ in a third of their letters at the most.
    package static func of(_ name: String, among candidates: some Sequence<String>) -> [String] {
        let wanted = plain(name)
        guard !wanted.isEmpty else { return [] }
        let limit = max(1, wanted.count / 3)
        let ranked = candidates.compactMap { candidate -> (rank: Int, name: String)? in
            let other = plain(candidate)
            if isPart(wanted, of: other) || isPart(other, of: wanted) { return (1, candidate) }
            return distance(wanted, other, atMost: limit).map { ($0, candidate) }
        }
        return ranked.sorted { ($0.rank, $0.name) < ($1.rank, $1.name) }.prefix(namesMax).map(\.name)
    }

    /// As " Did you mean db or feed?"; empty when none is near.
    package static func question(_ name: String, among candidates: some Sequence<String>) -> String {
        let near = of(name, among: candidates)
        return near.isEmpty ? "" : " Did you mean \(near.joined(separator: " or "))?"
    }

    /// The same behind a list of all words, as ". Did you mean sev1?"; empty where most are near, as of sev9: none is meant more than
    /// another.
    package static func remark(_ name: String, among words: [String]) -> String {
        let near = of(name, among: words)
        return near.isEmpty || near.count == namesMax ? "" : "." + question(name, among: near)
    }

    /// Letters and digits in lower case, everything else as a dash: `User_DB` is `user-db`.
    private static func plain(_ name: String) -> [UInt8] {
        name.utf8.prefix(200).map { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte + 32
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
            case _: UInt8(ascii: "-")
            }
        }
    }

    /// Whether the one stands in the other between dashes, as `auth` in `auth-api`.
    private static func isPart(_ part: [UInt8], of whole: [UInt8]) -> Bool {
        guard part.count >= 3, part.count <= whole.count else { return false }
        let dash = UInt8(ascii: "-")
        return (0...whole.count - part.count).contains { start in
            let end = start + part.count
            return whole[start..<end].elementsEqual(part) && (start == 0 || whole[start - 1] == dash)
                && (end == whole.count || whole[end] == dash)
        }
    }

    /// How many bytes to insert, delete, replace, or exchange with the next one (Damerau and Levenshtein); nil when that is more
    /// than the limit.
    private static func distance(_ left: [UInt8], _ right: [UInt8], atMost limit: Int) -> Int? {
        guard abs(left.count - right.count) <= limit else { return nil }
        var before: [Int] = []
        var last = Array(0...right.count)
        for (index, byte) in left.enumerated() {
            var row = [index + 1]
            for (column, other) in right.enumerated() {
                var least = min(last[column] + (byte == other ? 0 : 1), last[column + 1] + 1, row[column] + 1)
                if index > 0, column > 0, byte == right[column - 1], left[index - 1] == other {
                    least = min(least, before[column - 1] + 1)
                }
                row.append(least)
            }
            if row.allSatisfy({ $0 > limit }) { return nil }
            (before, last) = (last, row)
        }
        return last[right.count] <= limit ? last[right.count] : nil
    }
}
