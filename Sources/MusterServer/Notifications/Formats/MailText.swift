import IncidentDomain

/// An address with the name that is shown beside it: `ana@example.org` or `Ana <ana@example.org>` (RFC 5322, 3.4, without quoted local
/// parts and literal domains).
struct Mailbox: Hashable, Sendable {
    let name: String?
    /// ASCII, and never an option of a program: no `-` at the beginning.
    let address: String

    static let addressBytesMax = 254
    static let nameBytesMax = 200

    /// Nil when it is none.
    init?(_ text: String) {
        let text = ForeignText.trimmed(text)
        guard Markdown.visible(text).onOneLine == text.onOneLine, !text.contains(where: \.isNewline) else { return nil }
        if text.hasSuffix(">"), let open = text.lastIndex(of: "<") {
            address = String(text[text.index(after: open)...].dropLast())
            var name = ForeignText.trimmed(String(text[..<open]))
            if name.count >= 2, name.hasPrefix("\""), name.hasSuffix("\"") {
                name = String(name.dropFirst().dropLast())
            }
            guard !name.contains(where: { "<>\"\\,".contains($0) }), name.utf8.count <= Self.nameBytesMax else {
                return nil
            }
            self.name = name.isEmpty ? nil : name
        } else {
            (name, address) = (nil, text)
        }
        guard Self.isAddress(address) else { return nil }
    }

    /// Several, between commas; nil when one of them is none.
    static func list(_ text: String) -> [Mailbox]? {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let mailboxes = parts.compactMap { Mailbox(String($0)) }
        return mailboxes.count == parts.count ? mailboxes : nil
    }

    private static func isAddress(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, text.utf8.count <= addressBytesMax, (1...64).contains(parts[0].utf8.count),
            parts[0].utf8.allSatisfy(isAtomByte), !parts[0].hasPrefix("-"), !parts[0].hasPrefix("."),
            !parts[0].hasSuffix("."),
            !parts[0].contains("..")
        else { return false }
        let labels = parts[1].split(separator: ".", omittingEmptySubsequences: false)
        return labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
        }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case _: false
        }
    }

    /// `atext` of RFC 5322, and the full stop.
    private static func isAtomByte(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || "!#$%&'*+-/=?^_`{|}~.".utf8.contains(byte)
    }

    /// As it stands in a header.
    var header: String {
        guard let name else { return address }
        return "\(MailText.phrase(name)) <\(address)>"
    }
}

/// The ways in which text is written in mail.
enum MailText {
    /// So long a text stands in a header as it is: then no line is longer than 78.
    private static let plainMax = 60
    /// So many bytes of a text fit into an encoded word, which has at most 75 characters and stands on a line of at most 76.
    private static let wordBytes = 39

    /// A text in a header, on one line: as it is, or in the encoded words of RFC 2047 where it has to be.
    static func unstructured(_ text: String) -> String {
        let text = OutboundText.line(text)
        return isPlain(text) ? text : words(text)
    }

    /// A name before an address.
    static func phrase(_ text: String) -> String {
        let text = OutboundText.line(text)
        guard isPlain(text) else { return words(text) }
        return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    private static func isPlain(_ text: String) -> Bool {
        text.utf8.count <= plainMax && text.utf8.allSatisfy { (0x20...0x7E).contains($0) } && !text.contains("=?")
    }

    /// No word ends within a character of Unicode.
    private static func words(_ text: String) -> String {
        var words: [String] = []
        var rest = text
        while !rest.isEmpty {
            let part = ForeignText.cut(rest, bytes: wordBytes)
            words.append("=?UTF-8?B?\(Base64.encode(Array(part.utf8)))?=")
            rest = String(rest.unicodeScalars.dropFirst(part.unicodeScalars.count))
        }
        return words.joined(separator: "\n ")
    }

    /// Quoted-printable (RFC 2045, 6.7): lines of at most 76 characters, of ASCII. Neither `.` nor `From ` begins a line, which mail
    /// programs take for something else.
    static func quotedPrintable(_ text: String) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(quotedLine)
        return lines.joined(separator: "\n")
    }

    private static let lineMax = 75

    private static func quotedLine(_ line: Substring) -> String {
        var lines: [String] = []
        var current = ""
        let bytes = Array(line.utf8)
        for (index, byte) in bytes.enumerated() {
            let isLast = index == bytes.count - 1
            let isLiteral = (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "=")
            var piece: String
            switch byte {
            case UInt8(ascii: " ") where !isLast: piece = " "
            case UInt8(ascii: ".") where current.isEmpty, UInt8(ascii: "F") where current.isEmpty: piece = escape(byte)
            case _: piece = isLiteral ? String(UnicodeScalar(byte)) : escape(byte)
            }
            if current.utf8.count + piece.utf8.count > lineMax {
                lines.append(current + "=")
                current = ""
                if byte == UInt8(ascii: ".") || byte == UInt8(ascii: "F") { piece = escape(byte) }
            }
            current += piece
        }
        return (lines + [current]).joined(separator: "\n")
    }

    /// A whole mail of a text and the same as HTML, below header fields of its own.
    static func message(_ fields: [String], plain: String, html: String) -> [UInt8] {
        let kind = ["MIME-Version: 1.0", "Content-Type: multipart/alternative; boundary=\"\(boundary)\"", ""]
        let lines = fields + kind + part("text/plain", plain) + part("text/html", html) + ["--\(boundary)--", ""]
        return Array(lines.joined(separator: "\n").utf8)
    }

    /// `=_` stands in no part that is quoted-printable.
    private static let boundary = "=_muster_part"

    private static func part(_ type: String, _ text: String) -> [String] {
        [
            "--\(boundary)", "Content-Type: \(type); charset=utf-8", "Content-Transfer-Encoding: quoted-printable", "",
            quotedPrintable(text),
        ]
    }

    /// RFC 5322 wants the zone as a number.
    static func date(_ moment: Timestamp) -> String {
        HTTPDate.text(secondsSince1970: Int(moment.milliseconds / 1000)).replacing("GMT", with: "+0000")
    }

    /// A host as the right side of a `Message-ID`: letters, digits, hyphens and full stops.
    static func domain(of host: String) -> String {
        let bytes = host.utf8.map { byte in
            let isFit = (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2D || byte == 0x2E
            return isFit ? byte : UInt8(ascii: "-")
        }
        return String(decoding: bytes.prefix(200), as: UTF8.self)
    }

    private static func escape(_ byte: UInt8) -> String {
        let digits = Array("0123456789ABCDEF".unicodeScalars)
        return "=\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
    }
}
