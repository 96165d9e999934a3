/// What `muster version` prints; `musterd` has the same, and a test says so.
package enum ClientVersion {
    package static let current = "0.1.0"

    /// Whether the first comes before the second, by their numbers.
    package static func isOlder(_ one: String, than other: String) -> Bool {
        func numbers(_ text: String) -> [Int] {
            text.prefix { $0 != "-" && $0 != "+" }.split(separator: ".").map { Int($0) ?? 0 }
        }
        let (a, b) = (numbers(one), numbers(other))
        for index in 0..<max(a.count, b.count) {
            let (x, y) = (index < a.count ? a[index] : 0, index < b.count ? b[index] : 0)
            if x != y { return x < y }
        }
        return false
    }
}
