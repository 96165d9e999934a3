/// Takes the secrets of an endpoint out of what its receiver says. Receivers quote what they were sent, as it was or escaped: `\/` and
/// `\u002f` in JSON, `%2F` in addresses, `&amp;` in HTML, and one within the other. Case does not count.
struct SecretMask: Sendable {
    /// What to look for, in lower case, by its first byte.
    private var wanted: [UInt8: [[UInt8]]] = [:]

    /// Shorter parts of secrets are words of every answer.
    private static let partMin = 6
    /// Escapes within escapes that are looked through.
    private static let layersMax = 3

    /// Looks for secrets as a whole and in the parts in which receivers quote them: a segment of a path, a value of a query, a token behind
    /// its scheme, a key without its prefix.
    init(_ secrets: EndpointSecrets) {
        let url = OutboundURL(secrets.url)
        let path = url.path.drop { $0 == "/" }
        var parts = [secrets.url, String(path), "\(path)?\(url.parameters.joined(separator: "&"))"]
        parts += path.split(separator: "/").map(String.init)
        parts += url.parameters.compactMap { parameter in
            parameter.firstIndex(of: "=").map { String(parameter[parameter.index(after: $0)...]) }
        }
        parts += secrets.headers.values.flatMap { [$0] + $0.split(separator: " ").map(String.init) }
        parts += secrets.options.values
        for key in [secrets.signing, secrets.previous?.secret] {
            if let key { parts += [key.stored, Base64.encode(key.key)] }
        }
        // A short value of a query is known by its name.
        let pairs = url.parameters.filter { $0.last != "=" && $0.contains("=") }
        var texts: Set<[UInt8]> = []
        for text in parts.filter({ $0.utf8.count >= Self.partMin }) + pairs {
            var layer = Layer(Array(text.utf8))
            texts.insert(layer.bytes)
            for _ in 1...Self.layersMax {
                guard let next = layer.unescaped else { break }
                layer = next
                texts.insert(layer.bytes)
            }
        }
        for text in texts { if let first = text.first { wanted[first, default: []].append(text) } }
    }

    /// The text with `***` in the place of each secret.
    func masked(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var found: [Range<Int>] = []
        var layer = Layer(bytes)
        for _ in 0...Self.layersMax {
            found += places(in: layer)
            guard let next = layer.unescaped else { break }
            layer = next
        }
        guard !found.isEmpty else { return text }
        var shown: [UInt8] = []
        var end = 0
        for range in found.sorted(by: { $0.lowerBound < $1.lowerBound }) where range.upperBound > end {
            if range.lowerBound > end || end == 0 {
                shown += bytes[end..<range.lowerBound]
                shown += "***".utf8
            }
            end = range.upperBound
        }
        return String(decoding: shown + bytes[end...], as: UTF8.self)
    }

    /// Where secrets stand in the text that a layer was made of.
    private func places(in layer: Layer) -> [Range<Int>] {
        var found: [Range<Int>] = []
        for start in layer.bytes.indices {
            for text in wanted[layer.bytes[start]] ?? [] {
                let end = start + text.count
                guard end <= layer.bytes.count, layer.bytes[start..<end].elementsEqual(text) else { continue }
                found.append(layer.sources[start].lowerBound..<layer.sources[end - 1].upperBound)
            }
        }
        return found
    }

    /// A text in lower case, and where each byte of it stands in the text that it was made of.
    private struct Layer {
        private(set) var bytes: [UInt8] = []
        private(set) var sources: [Range<Int>] = []

        private init() {}

        init(_ text: [UInt8]) {
            for (index, byte) in text.enumerated() { append(byte, index..<index + 1) }
        }

        private mutating func append(_ byte: UInt8, _ source: Range<Int>) {
            bytes.append((UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte)
            sources.append(source)
        }

        /// With each escape as what it stands for; nil when there is none.
        var unescaped: Layer? {
            var layer = Layer()
            var (index, hasEscapes) = (0, false)
            while index < bytes.count {
                guard let (meant, length) = Self.escape(bytes[index...]) else {
                    layer.append(bytes[index], sources[index])
                    index += 1
                    continue
                }
                let source = sources[index].lowerBound..<sources[index + length - 1].upperBound
                for byte in meant { layer.append(byte, source) }
                index += length
                hasEscapes = true
            }
            return hasEscapes ? layer : nil
        }

        /// What the escape at the beginning stands for, and how long it is.
        private static func escape(_ text: ArraySlice<UInt8>) -> (meant: [UInt8], length: Int)? {
            switch text.first {
            case UInt8(ascii: "%"):
                return hexadecimal(text.dropFirst().prefix(2), digits: 2).map { ([UInt8(truncatingIfNeeded: $0)], 3) }
            case UInt8(ascii: "&"): return entity(text)
            case UInt8(ascii: "\\"):
                let next = text.dropFirst().first ?? 0
                if "/\\\"'".utf8.contains(next) { return ([next], 2) }
                return next == UInt8(ascii: "u") ? unicode(text) : nil
            case _: return nil
            }
        }

        private static func hexadecimal(_ text: ArraySlice<UInt8>, digits: Int) -> UInt32? {
            guard text.count == digits else { return nil }
            return text.reduce(0 as UInt32?) { value, byte in
                value.flatMap { value in Hex.digit(byte).map { value << 4 | UInt32($0) } }
            }
        }

        private static func utf8(_ scalar: UInt32) -> [UInt8]? {
            Unicode.Scalar(scalar).map { Array(String(Character($0)).utf8) }
        }

        /// `\u002f`, or a pair of them.
        private static func unicode(_ text: ArraySlice<UInt8>) -> (meant: [UInt8], length: Int)? {
            guard let first = hexadecimal(text.dropFirst(2).prefix(4), digits: 4) else { return nil }
            if let meant = utf8(first) { return (meant, 6) }
            guard first < 0xDC00, text.dropFirst(6).prefix(2).elementsEqual("\\u".utf8),
                let second = hexadecimal(text.dropFirst(8).prefix(4), digits: 4), (0xDC00...0xDFFF).contains(second)
            else { return nil }
            return utf8(0x1_0000 + (first - 0xD800) << 10 + (second - 0xDC00)).map { ($0, 12) }
        }

        private static let entities: [String: UInt32] = ["amp": 38, "lt": 60, "gt": 62, "quot": 34, "apos": 39]

        /// `&amp;`, `&#38;`, `&#x26;`.
        private static func entity(_ text: ArraySlice<UInt8>) -> (meant: [UInt8], length: Int)? {
            let name = text.dropFirst().prefix(9).prefix { $0 != UInt8(ascii: ";") }
            guard text.dropFirst(name.count + 1).first == UInt8(ascii: ";") else { return nil }
            let word = String(decoding: name, as: UTF8.self)
            let scalar =
                entities[word]
                ?? (word.hasPrefix("#x") ? UInt32(word.dropFirst(2), radix: 16) : nil)
                ?? (word.hasPrefix("#") ? UInt32(word.dropFirst(1)) : nil)
            return scalar.flatMap(utf8).map { ($0, name.count + 2) }
        }
    }
}
