/// A statement with its parameters: `"SELECT title FROM incident WHERE id = \(id)"` becomes the text `... id = $1` and
/// one bind. What is interpolated is always a parameter, never text, unless the label `unescaped:` says so.
package struct SQL: Sendable, ExpressibleByStringInterpolation {
    /// The text as the server gets it, with `$1`, `$2` ... where values were interpolated.
    package private(set) var text: String
    /// The parameters, in the order of their numbers.
    package private(set) var binds: [PostgresBind]
    /// Where in `text` (UTF-8 offset) the `$` of each parameter stands, so that a fragment can be renumbered without
    /// parsing SQL.
    private var placeholderOffsets: [Int]

    /// A statement without parameters.
    package init(stringLiteral value: String) {
        self.init(unescaped: value)
    }

    /// Takes `text` as it is. Never give it anything that a person typed.
    package init(unescaped text: String) {
        self.text = text
        self.binds = []
        self.placeholderOffsets = []
    }

    package init(stringInterpolation: StringInterpolation) {
        self = stringInterpolation.sql
    }

    /// Appends text as it is. Never give it anything that a person typed.
    package mutating func append(unescaped more: String) {
        text += more
    }

    /// Appends a placeholder for `bind`.
    package mutating func append(bind: PostgresBind) {
        placeholderOffsets.append(text.utf8.count)
        binds.append(bind)
        text += "$"
        text += String(binds.count)
    }

    /// Appends another statement's text and parameters; its parameters are renumbered to follow ours.
    package mutating func append(_ other: SQL) {
        guard !other.binds.isEmpty else { return text += other.text }
        let source = other.text.utf8
        var copiedTo = source.startIndex
        for (number, offset) in other.placeholderOffsets.enumerated() {
            let dollar = source.index(source.startIndex, offsetBy: offset)
            text += other.text[copiedTo..<dollar]
            append(bind: other.binds[number])
            copiedTo = source.index(dollar, offsetBy: 1 + String(number + 1).utf8.count)
        }
        text += other.text[copiedTo...]
    }

    /// Both texts, with nothing between.
    package static func + (left: SQL, right: SQL) -> SQL {
        var sum = left
        sum.append(right)
        return sum
    }

    package static func += (left: inout SQL, right: SQL) {
        left.append(right)
    }
}

extension Sequence<SQL> {
    /// For lists of conditions or of values: `conditions.joined(separator: " AND ")`.
    package func joined(separator: String = "") -> SQL {
        var joined = SQL(unescaped: "")
        var isFirst = true
        for part in self {
            if !isFirst { joined.append(unescaped: separator) }
            joined.append(part)
            isFirst = false
        }
        return joined
    }
}

extension SQL {
    /// What the compiler calls while it reads `"... \(value) ..."`.
    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var sql = SQL(unescaped: "")

        package init(literalCapacity: Int, interpolationCount: Int) {
            sql.text.reserveCapacity(literalCapacity + 3 * interpolationCount)
            sql.binds.reserveCapacity(interpolationCount)
            sql.placeholderOffsets.reserveCapacity(interpolationCount)
        }

        package mutating func appendLiteral(_ literal: String) {
            sql.text += literal
        }

        /// A parameter.
        package mutating func appendInterpolation(_ value: some PostgresEncodable) {
            sql.append(bind: value.postgresBind)
        }

        /// A parameter that may be NULL. Its own overload, because the compiler warns of optionals in interpolations
        /// otherwise.
        package mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value?) {
            sql.append(bind: value.postgresBind)
        }

        /// Text as it is, for names of tables and directions of sorting that the program itself chose.
        package mutating func appendInterpolation(unescaped text: String) {
            sql.append(unescaped: text)
        }

        /// Another piece of SQL with its parameters.
        package mutating func appendInterpolation(fragment: SQL) {
            sql.append(fragment)
        }
    }
}
