import IncidentDomain

/// What the first bytes of an image say of it: its kind and its size in pixels. A file is what its bytes say, whatever it is called; and one of
/// many pixels would take the memory of whoever shows it.
///
/// Sources: PNG (ISO/IEC 15948, 11.2.2), GIF89a (18), JPEG (ISO/IEC 10918-1, B.2.2), WebP (RFC 9649, 2.4 to 2.7).
struct ImageHead: Hashable {
    let type: AttachmentType
    let width: Int
    let height: Int

    /// The largest number where there are more than can be counted.
    var pixels: Int {
        let (product, isTooMany) = width.multipliedReportingOverflow(by: height)
        return isTooMany ? .max : product
    }

    /// Nil of bytes that are no image of these kinds.
    init?(_ bytes: [UInt8]) {
        let reader = Reader(bytes: bytes)
        guard let found = Self.png(reader) ?? Self.gif(reader) ?? Self.jpeg(reader) ?? Self.webp(reader),
            found.width > 0, found.height > 0
        else { return nil }
        self = found
    }

    private init(_ type: AttachmentType, _ width: Int?, _ height: Int?) {
        (self.type, self.width, self.height) = (type, width ?? 0, height ?? 0)
    }

    private static func png(_ reader: Reader) -> ImageHead? {
        guard reader.has([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], at: 0), reader.has("IHDR", at: 12) else {
            return nil
        }
        return ImageHead(.png, reader.big(16, 4), reader.big(20, 4))
    }

    private static func gif(_ reader: Reader) -> ImageHead? {
        guard reader.has("GIF87a", at: 0) || reader.has("GIF89a", at: 0) else { return nil }
        return ImageHead(.gif, reader.little(6, 2), reader.little(8, 2))
    }

    /// The size stands in the segment that begins the frame.
    private static func jpeg(_ reader: Reader) -> ImageHead? {
        guard reader.has([0xFF, 0xD8, 0xFF], at: 0) else { return nil }
        var place = 2
        while let mark = reader.big(place, 2), mark >> 8 == 0xFF {
            let kind = mark & 0xFF
            // Filling, and marks without a length.
            if kind == 0xFF {
                place += 1
                continue
            }
            if kind == 0x01 || (0xD0...0xD8).contains(kind) {
                place += 2
                continue
            }
            guard kind != 0xD9, kind != 0xDA, let length = reader.big(place + 2, 2), length >= 2 else { return nil }
            if (0xC0...0xCF).contains(kind), ![0xC4, 0xC8, 0xCC].contains(kind) {
                return ImageHead(.jpeg, reader.big(place + 7, 2), reader.big(place + 5, 2))
            }
            place += 2 + length
        }
        return nil
    }

    private static func webp(_ reader: Reader) -> ImageHead? {
        guard reader.has("RIFF", at: 0), reader.has("WEBP", at: 8) else { return nil }
        if reader.has("VP8X", at: 12) {
            return ImageHead(.webp, reader.little(24, 3).map { $0 + 1 }, reader.little(27, 3).map { $0 + 1 })
        }
        if reader.has("VP8L", at: 12), reader.has([0x2F], at: 20), let bits = reader.little(21, 4) {
            return ImageHead(.webp, (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
        }
        guard reader.has("VP8 ", at: 12), reader.has([0x9D, 0x01, 0x2A], at: 23) else { return nil }
        return ImageHead(.webp, reader.little(26, 2).map { $0 & 0x3FFF }, reader.little(28, 2).map { $0 & 0x3FFF })
    }

    private struct Reader {
        let bytes: [UInt8]

        func has(_ wanted: [UInt8], at place: Int) -> Bool {
            bytes.count >= place + wanted.count && bytes[place..<place + wanted.count].elementsEqual(wanted)
        }

        func has(_ wanted: String, at place: Int) -> Bool { has(Array(wanted.utf8), at: place) }

        func big(_ place: Int, _ count: Int) -> Int? {
            guard bytes.count >= place + count else { return nil }
            return bytes[place..<place + count].reduce(0) { $0 << 8 | Int($1) }
        }

        func little(_ place: Int, _ count: Int) -> Int? {
            guard bytes.count >= place + count else { return nil }
            return bytes[place..<place + count].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
    }
}
