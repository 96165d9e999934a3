import Glibc
import IncidentDomain

/// Texts that others wrote, made fit to be stored and shown: without U+0000, and of bounded length. (Halves of surrogate
/// pairs are U+FFFD since the JSON was parsed.)
enum ForeignText {
    static let titleBytesMax = 1000
    static let annotationBytesMax = 4000
    static let labelBytesMax = 1000
    static let labelNameBytesMax = 200
    static let labelsMax = 64

    /// Labels that routing reads, and what is said of a time, kept before others when there are too many.
    private static let wanted: Set<String> = [
        "component", "service", "severity", "alertname", unreadTime, cutShort,
    ]
    /// The annotation that says which time could not be read.
    static let unreadTime = "unread_time"
    /// The annotation that says what of the alert is not stored, as it is too long or too much.
    static let cutShort = "cut_short"

    /// PostgreSQL stores no U+0000; what stands there is shown as unknown.
    static func clean(_ text: String) -> String {
        hasZero(text) ? text.replacing("\0", with: "\u{FFFD}") : text
    }

    /// Asked of every text that comes in.
    private static func hasZero(_ text: String) -> Bool {
        text.utf8.withContiguousStorageIfAvailable { bytes in
            bytes.baseAddress.map { memchr($0, 0, bytes.count) != nil } ?? false
        } ?? text.utf8.contains(0)
    }

    /// The beginning of a text. It counts scalars, since one letter may have accents without end.
    static func cut(_ text: String, scalars: Int) -> String {
        String(text.unicodeScalars.prefix(scalars))
    }

    /// The beginning of a text that fits into so many bytes, cut between characters of Unicode.
    static func cut(_ text: String, bytes: Int) -> String {
        guard text.utf8.count > bytes else { return text }
        var end = text.utf8.index(text.startIndex, offsetBy: bytes)
        while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
        return String(text.unicodeScalars[..<end])
    }

    private static func isVisible(_ text: String) -> Bool {
        // Most texts begin with a letter; to ask Unicode costs more.
        if let first = text.utf8.first, (0x21...0x7E).contains(first) { return true }
        return text.unicodeScalars.contains { !$0.properties.isWhitespace }
    }

    /// A whole number without the fraction or exponent that it was written with, as states that are numbers are compared: 1.0
    /// is 1. Nil of every other text.
    static func whole(_ text: String) -> String? {
        guard text.utf8.contains(where: { ".eE".utf8.contains($0) }), text.utf8.count <= 64 else { return nil }
        return Double(text).flatMap { Int(exactly: $0) }.map(String.init)
    }

    /// Without white space at both ends; a tool on Windows leaves `\r` at the end of what it fills in.
    static func trimmed(_ text: String) -> String {
        let bytes = text.utf8
        guard let first = bytes.first, let last = bytes.last, isSpace(first) || isSpace(last) else { return text }
        let inner = bytes.drop(while: isSpace)
        guard let end = inner.lastIndex(where: { !isSpace($0) }) else { return "" }
        return String(decoding: inner[...end], as: UTF8.self)
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    /// Whether a text is only a variable that the tool did not fill in: `{HOST.NAME}`, `{{ .Id }}`, `${id}`, `$ALERT_ID`,
    /// `$HOSTNAME$`, `*UNKNOWN*`.
    static func isPlaceholder(_ text: String) -> Bool {
        guard let first = text.utf8.first, "{$*".utf8.contains(first), text.utf8.count > 2 else { return false }
        let text = trimmed(text)
        if text.hasPrefix("*") {
            return text.hasSuffix("*") && text.dropFirst().dropLast().utf8.allSatisfy(isNameByte)
        }
        let name = text.hasPrefix("$") ? text.dropFirst() : text[...]
        if name.hasPrefix("{"), name.hasSuffix("}") {
            let inner = name.drop { "{#$?% ".contains($0) }
            guard let end = inner.lastIndex(where: { !"} ".contains($0) }) else { return false }
            return inner[...end].utf8.allSatisfy(isNameByte)
        }
        return text.hasPrefix("$") && name.utf8.allSatisfy { isNameByte($0) || $0 == UInt8(ascii: "$") }
            && name == name.uppercased()
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"): true
        case _: false
        }
    }

    static func placeholderDetail(_ text: String) -> String {
        "is \"\(cut(clean(text), bytes: 64))\", a placeholder that the tool did not fill in: it identifies no alert"
    }

    /// The text without U+0000 and cut; nil when nothing can be seen in it.
    static func bounded(_ text: String?, bytes: Int) -> String? {
        guard let text, isVisible(text) else { return nil }
        return cut(clean(text), bytes: bytes)
    }

    /// Labels or annotations: so many names, with values that fit into so many bytes.
    static func bounded(_ texts: [String: String], valueBytes: Int) -> [String: String] {
        var losses: [String] = []
        return bounded(texts, valueBytes: valueBytes, of: "label", &losses)
    }

    /// The same, with what is lost by it in words.
    ///
    /// - Parameter thing: What one of them is called.
    static func bounded(
        _ texts: [String: String], valueBytes: Int, of thing: String, _ losses: inout [String]
    ) -> [String: String] {
        let isFit =
            texts.count <= labelsMax
            && texts.allSatisfy { name, value in
                name.utf8.count <= labelNameBytesMax && value.utf8.count <= valueBytes && !hasZero(name)
                    && !hasZero(value)
            }
        if isFit { return texts }
        let names = texts.keys.sorted { (wanted.contains($0) ? 0 : 1, $0) < (wanted.contains($1) ? 0 : 1, $1) }
        var bounded: [String: String] = [:]
        var cut: [String] = []
        for name in names where bounded.count < labelsMax {
            let value = texts[name] ?? ""
            let shown = self.cut(clean(name), bytes: labelNameBytesMax)
            bounded[shown] = self.cut(clean(value), bytes: valueBytes)
            if name.utf8.count > labelNameBytesMax { cut.append("the name of \(self.cut(shown, bytes: 40))") }
            if value.utf8.count > valueBytes { cut.append("\(self.cut(shown, bytes: 40)) to \(valueBytes) bytes") }
        }
        if texts.count > labelsMax {
            losses.append(
                "\(texts.count - labelsMax) of \(texts.count) \(thing)s dropped (\(labelsMax) are kept)")
        }
        if !cut.isEmpty {
            let more = cut.count > namedMax ? " and \(cut.count - namedMax) more" : ""
            losses.append("\(thing)s shortened: \(cut.prefix(namedMax).joined(separator: ", "))\(more)")
        }
        return bounded
    }

    /// How many of what is cut are named.
    private static let namedMax = 5
}

extension IncomingAlert {
    /// An alert out of texts as they came: each is cleaned and bounded here, so that no format needs to. Without a
    /// component of its own it takes the label `component`, else `service`; without a group it is a group alone.
    static func foreign(
        identity: String, group: String? = nil, status: Status, title: String? = nil, component: String? = nil,
        severity: String? = nil, startsAt: ForeignMoment? = nil, endsAt: ForeignMoment? = nil,
        labels: [String: String] = [:],
        annotations: [String: String] = [:], actor: String? = nil, payload: AlertPayload = .whole([]),
        lost: [String] = []
    ) -> IncomingAlert {
        let name = AlertKey.bounded(ForeignText.clean(identity))
        var annotations = annotations
        if let remark = remark(onStart: startsAt, onEnd: endsAt) { annotations[ForeignText.unreadTime] = remark }
        var losses = lost
        if let title, title.utf8.count > ForeignText.titleBytesMax {
            losses.append("title shortened to \(ForeignText.titleBytesMax) bytes")
        }
        let labels = ForeignText.bounded(
            labels, valueBytes: ForeignText.labelBytesMax, of: "label", &losses)
        annotations = ForeignText.bounded(
            annotations, valueBytes: ForeignText.annotationBytesMax, of: "annotation", &losses)
        if !losses.isEmpty {
            annotations[ForeignText.cutShort] = "Some text was too long to store: \(losses.joined(separator: "; "))."
            annotations = ForeignText.bounded(annotations, valueBytes: ForeignText.annotationBytesMax)
        }
        let component =
            ForeignText.bounded(component, bytes: 200) ?? ForeignText.bounded(labels["component"], bytes: 200)
            ?? ForeignText.bounded(labels["service"], bytes: 200)
        return IncomingAlert(
            identity: name,
            groupKey: ForeignText.bounded(group, bytes: .max).map(AlertKey.bounded) ?? name, status: status,
            title: ForeignText.bounded(title, bytes: ForeignText.titleBytesMax)
                ?? ForeignText.cut(name, bytes: ForeignText.titleBytesMax),
            component: component, severity: ForeignText.bounded(severity, bytes: 64),
            startsAt: startsAt?.timestamp, endsAt: status == .resolved ? endsAt?.timestamp : nil,
            labels: labels, annotations: annotations, actor: ForeignText.bounded(actor, bytes: 200), payload: payload)
    }

    /// What people have to know of times that could not be read; the time of arrival stands in their place.
    private static func remark(onStart startsAt: ForeignMoment?, onEnd endsAt: ForeignMoment?) -> String? {
        guard let text = startsAt?.unreadText ?? endsAt?.unreadText else { return nil }
        return "Muster cannot read the time \"\(text)\". It uses the time of arrival instead."
    }
}
