import Glibc
import HTTPTypes
import IncidentDomain
import Synchronization

/// `ETag`, `If-Match` and `If-None-Match` (RFC 9110, 8.8.3 and 13.1): our tags are version numbers in quotes.
enum EntityTag {
    /// The tag of a version.
    static func text(_ version: Int) -> String {
        "\"\(version)\""
    }

    /// The opaque parts of a list of tags, weak ones included: a proxy that compresses makes our tags weak, and the
    /// version in them still is the version. Nil when it is not such a list.
    static func list(_ header: String) -> [Substring]? {
        var rest = header[...]
        var tags: [Substring] = []
        while true {
            rest = rest.drop { $0 == " " || $0 == "\t" || $0 == "," }
            if rest.isEmpty { return tags.isEmpty ? nil : tags }
            if rest.hasPrefix("W/") { rest = rest.dropFirst(2) }
            guard rest.first == "\"" else { return nil }
            rest = rest.dropFirst()
            guard let end = rest.firstIndex(of: "\"") else { return nil }
            tags.append(rest[..<end])
            rest = rest[rest.index(after: end)...].drop { $0 == " " || $0 == "\t" }
            guard rest.isEmpty || rest.first == "," else { return nil }
        }
    }
}

/// What `If-Match` asks of a write.
enum IfMatch: Hashable, Sendable {
    /// No such header: decide on the current state.
    case absent
    /// `*`: it has to exist.
    case anyVersion
    /// It has to have one of these versions; empty when only foreign tags were named, which match nothing.
    case versions([Int])

    /// Reads the header.
    init(header: String?) throws(Problem) {
        guard let header else {
            self = .absent
            return
        }
        if header == "*" {
            self = .anyVersion
            return
        }
        guard let tags = EntityTag.list(header) else {
            throw Problem(.malformedRequest, "If-Match must be * or a list of entity tags such as \"7\", in quotes.")
        }
        self = .versions(tags.compactMap { Int($0) })
    }

    /// Whether a write on this version may go on.
    func allows(_ version: Int) -> Bool {
        switch self {
        case .absent, .anyVersion: true
        case .versions(let versions): versions.contains(version)
        }
    }

    /// Stops a write on a version that the caller has not seen.
    func require(_ version: Int) throws(Problem) {
        guard allows(version) else {
            throw Problem(
                .versionMismatch, "The current version is \(version). Read it again and repeat the change.",
                headers: [.eTag: EntityTag.text(version)])
        }
    }
}

/// The `Date` header (RFC 9110, 5.6.7), written once a second and not once a request.
enum HTTPDate {
    private static let cached = Mutex((second: Int.min, text: ""))

    static func now() -> String {
        var clock = timespec()
        clock_gettime(CLOCK_REALTIME_COARSE, &clock)
        return cached.withLock { cached in
            if cached.second != clock.tv_sec {
                cached = (clock.tv_sec, text(secondsSince1970: clock.tv_sec))
            }
            return cached.text
        }
    }

    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Reads the form that is sent today, `Sun, 06 Nov 1994 08:49:37 GMT`; nil when it is not that.
    static func read(_ text: String) -> Timestamp? {
        let words = text.split(separator: " ")
        guard words.count == 6, words[0].last == ",", days.contains(String(words[0].dropLast())), words[5] == "GMT",
            let month = months.firstIndex(of: String(words[2])), words[1].count == 2, words[3].count == 4
        else { return nil }
        let number = month + 1
        return Timestamp("\(words[3])-\(number < 10 ? "0" : "")\(number)-\(words[1])T\(words[4])Z")
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT`.
    static func text(secondsSince1970: Int) -> String {
        var seconds = secondsSince1970
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let date = "\(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) \(parts.tm_year + 1900)"
        return
            "\(days[Int(parts.tm_wday)]), \(date) \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT"
    }
}

/// Percent escapes (RFC 3986), read strictly: what is not valid is refused, never guessed.
enum PercentEncoding {
    /// The text that a path segment or a query part stands for.
    /// - Parameter plusIsSpace: In a query, as HTML forms write it.
    static func decode(_ text: Substring.UTF8View, plusIsSpace: Bool = false) throws(Problem) -> String {
        // Most parts have nothing to decode.
        if text.allSatisfy({ $0 != UInt8(ascii: "%") && $0 != UInt8(ascii: "+") && $0 != 0 }) {
            return String(Substring(text))
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var index = text.startIndex
        while index < text.endIndex {
            let byte = text[index]
            index = text.index(after: index)
            guard byte == UInt8(ascii: "%") else {
                bytes.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
                continue
            }
            guard let end = text.index(index, offsetBy: 2, limitedBy: text.endIndex),
                let value = Hex.decode(text[index..<end])
            else { throw Problem(.malformedRequest, "The path or query has a wrong percent escape.") }
            bytes += value
            index = end
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else {
            throw Problem(.malformedRequest, "The path or query is not UTF-8.")
        }
        guard !bytes.contains(0) else {
            throw Problem(.malformedRequest, "The path or query has the character U+0000.")
        }
        return decoded
    }

    /// Escapes all but what may stand unescaped anywhere (RFC 3986, 2.3).
    static func encode(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                bytes.append(byte)
            default:
                let digits = Array("0123456789ABCDEF".utf8)
                bytes.append(contentsOf: [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]])
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
