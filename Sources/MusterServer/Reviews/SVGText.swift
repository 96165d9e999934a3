import IncidentDomain

/// Text in pictures: made safe, and measured, since nothing in an SVG breaks or cuts a line by itself.
enum SVGText {
    /// Safe between tags and within a quoted attribute, of HTML and of XML.
    static func escape(_ text: String) -> String { HTMLText.escape(plain(text)) }

    /// On one line, and without what XML does not know or nobody sees.
    static func plain(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in Markdown.visible(text).unicodeScalars where scalar.value & 0xFFFE != 0xFFFE {
            scalars.append(scalar.properties.isWhitespace ? " " : scalar)
        }
        return String(scalars)
    }

    /// How wide a text is at most, in points: measured in the widest of the usual sans-serif fonts.
    static func width(_ text: String, size: Double, isBold: Bool = false) -> Double {
        text.unicodeScalars.reduce(0) { $0 + ems(of: $1) } * size * (isBold ? 1.12 : 1)
    }

    /// The beginning of a text that fits, and an ellipsis if that is not all of it.
    static func fit(_ text: String, into width: Double, size: Double, isBold: Bool = false) -> String {
        guard self.width(text, size: size, isBold: isBold) > width else { return text }
        var result = ""
        var used = self.width("…", size: size, isBold: isBold)
        for character in text {
            used += self.width(String(character), size: size, isBold: isBold)
            guard used <= width else { break }
            result.append(character)
        }
        return result + "…"
    }

    /// As many names as fit, and how many more there are, as in `auth, cdn +3`; at least one, cut if it has to be.
    ///
    /// - Parameter total: How many there are, if `names` are but the first.
    static func list(_ names: some Sequence<String>, count total: Int, into width: Double, size: Double) -> String {
        var shown = ""
        var number = 0
        for name in names {
            let longer =
                number == 0 ? fit(name, into: total > 1 ? width - size * 2.5 : width, size: size) : "\(shown), \(name)"
            let rest = total > number + 1 ? " +\((total - number - 1).grouped)" : ""
            guard number == 0 || self.width(longer + rest, size: size) <= width else { break }
            shown = longer
            number += 1
        }
        return total > number ? "\(shown) +\((total - number).grouped)" : shown
    }

    private static func ems(of scalar: Unicode.Scalar) -> Double {
        switch scalar.value {
        case 0x300...0x36F, 0x200B...0x200F, 0xFE00...0xFE0F: 0
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE4F, 0xFF00...0xFF60,
            0x1F000...0x3FFFF:
            1.05
        case 0x20, 0x27, 0x28, 0x29, 0x2C, 0x2E, 0x3A, 0x3B, 0x49, 0x69, 0x6A, 0x6C, 0x7C: 0.34
        case 0x2D, 0x66, 0x72, 0x74: 0.4
        case 0x63, 0x6B, 0x73, 0x76, 0x78...0x7A: 0.58
        case 0x4D, 0x57, 0x6D, 0x77, 0x25, 0x40: 0.97
        case 0x41...0x5A: 0.71
        case 0x21...0x7E: 0.635
        default: 0.72
        }
    }
}

extension Double {
    /// A coordinate, to a tenth.
    var points: String {
        let tenths = Int((self * 10).rounded())
        let rest = abs(tenths % 10)
        let whole = "\(tenths < 0 ? "-" : "")\(abs(tenths / 10))"
        return rest == 0 ? whole : "\(whole).\(rest)"
    }
}
