/// A Swift source taken apart as far as these tests need it: its code without comments and texts, and its texts alone.
///
/// Line breaks stay where they were in both, and everything that is left out becomes spaces, so that line numbers hold.
struct SwiftText {
    /// The code; what stands in comments, in string literals and between backticks is blank.
    private(set) var code: [UInt8] = []
    /// What stands in string literals, without interpolations.
    private(set) var literals: [UInt8] = []

    private let source: [UInt8]
    private var position = 0

    init(_ text: String) {
        source = Array(text.utf8)
        code.reserveCapacity(source.count)
        literals.reserveCapacity(source.count)
        readCode(untilClosingParenthesis: false)
    }

    var codeLines: [String] { Self.lines(code) }
    var literalLines: [String] { Self.lines(literals) }

    private static func lines(_ bytes: [UInt8]) -> [String] {
        bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    private enum Kind { case code, literal, neither }

    /// Takes `count` bytes as code, as literal or as neither.
    private mutating func take(_ count: Int = 1, as kind: Kind) {
        for byte in source[position..<min(position + count, source.count)] {
            let isLineBreak = byte == UInt8(ascii: "\n")
            code.append(isLineBreak || kind == .code ? byte : UInt8(ascii: " "))
            literals.append(isLineBreak || kind == .literal ? byte : UInt8(ascii: " "))
        }
        position = min(position + count, source.count)
    }

    private func sees(_ text: String, at offset: Int = 0) -> Bool {
        source[min(position + offset, source.count)...].starts(with: text.utf8)
    }

    /// Reads code to the end, or past the parenthesis that ends an interpolation.
    private mutating func readCode(untilClosingParenthesis: Bool) {
        var depth = 0
        while position < source.count {
            if sees("//") {
                takeLine()
            } else if sees("/*") {
                takeBlockComment()
            } else if sees("\"") || sees("#") && pounds > 0 {
                takeString(pounds: pounds)
            } else if sees("`") {
                takeRawIdentifier()
            } else {
                if sees("(") { depth += 1 }
                if sees(")") { depth -= 1 }
                take(as: .code)
                if untilClosingParenthesis, depth < 0 { return }
            }
        }
    }

    private mutating func takeLine() {
        while position < source.count, !sees("\n") { take(as: .neither) }
    }

    private mutating func takeBlockComment() {
        var depth = 0
        repeat {
            if sees("/*") {
                depth += 1
                take(2, as: .neither)
            } else if sees("*/") {
                depth -= 1
                take(2, as: .neither)
            } else {
                take(as: .neither)
            }
        } while depth > 0 && position < source.count
    }

    /// A test's name between backticks is a sentence, not code; one word is an identifier like any other.
    private mutating func takeRawIdentifier() {
        let name = source[(position + 1)...].prefix { $0 != UInt8(ascii: "`") && $0 != UInt8(ascii: "\n") }
        take(name.count + 2, as: name.contains(UInt8(ascii: " ")) ? .neither : .code)
    }

    /// How many `#` stand here before a quotation mark; 0 when none or when no string begins here.
    private var pounds: Int {
        let count = source[position...].prefix { $0 == UInt8(ascii: "#") }.count
        return sees("\"", at: count) ? count : 0
    }

    private mutating func takeString(pounds: Int) {
        let fence = String(repeating: "#", count: pounds)
        let quote = sees("\"\"\"", at: pounds) ? "\"\"\"" : "\""
        take(pounds + quote.utf8.count, as: .neither)
        while position < source.count {
            if sees(quote + fence) {
                return take(quote.utf8.count + pounds, as: .neither)
            } else if sees("\\\(fence)(") {
                take(2 + pounds, as: .neither)
                readCode(untilClosingParenthesis: true)
            } else if pounds == 0, sees("\\") {
                take(2, as: .literal)
            } else if quote == "\"", sees("\n") {
                return  // No such string: better to lose one line than the rest of the file.
            } else {
                take(as: .literal)
            }
        }
    }
}

/// One finding, and what to do about it.
struct Complaint: CustomStringConvertible {
    let place: String
    let advice: String

    init(_ file: SourceTree.File, line: Int? = nil, _ advice: String) {
        place = line.map { "\(file.path):\($0)" } ?? file.path
        self.advice = advice
    }

    var description: String { "\(place): \(advice)" }
}

/// The complaints as a failed test prints them, one a line.
func report(_ complaints: [Complaint]) -> String {
    "\n" + complaints.map(\.description).joined(separator: "\n")
}
