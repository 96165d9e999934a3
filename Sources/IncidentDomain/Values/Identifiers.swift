/// Names of things, and how a person writes them.
package enum Identifiers {
    /// The number of an incident from `42` or `INC-42` (any case); nil when it is neither, or not positive.
    package static func incidentNumber(_ text: String) -> Int? {
        let digits = text.prefix(4).lowercased() == "inc-" ? text.dropFirst(4) : text[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }) else { return nil }
        guard let number = Int(digits), number > 0 else { return nil }
        return number
    }

    /// Whether a text can name a component: 1 to 64 lower-case letters, digits, `-`, `_` or `.`, beginning with a letter or digit.
    package static func isSlug(_ text: String) -> Bool {
        let bytes = text.utf8
        guard (1...64).contains(bytes.count), let first = bytes.first, isLetterOrDigit(first) else { return false }
        return bytes.allSatisfy { isLetterOrDigit($0) || $0 == 45 || $0 == 95 || $0 == 46 }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (byte >= 97 && byte <= 122) || (byte >= 48 && byte <= 57)
    }
}
