@testable import MusterServer

/// Ways in which a good document can go wrong.
enum Malformation {
    /// The bytes cut off at up to so many places.
    static func cuts(of bytes: [UInt8], atMost count: Int) -> [[UInt8]] {
        stride(from: 0, to: bytes.count, by: max(1, bytes.count / count)).map { Array(bytes[..<$0]) }
    }

    /// Bytes that are in no UTF-8 text, put in at some places.
    static func notUTF8(_ bytes: [UInt8]) -> [[UInt8]] {
        var spoilt: [[UInt8]] = []
        for wrong: [UInt8] in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF0, 0x9F]] {
            for place in [0, 1, bytes.count / 3, bytes.count / 2, bytes.count] {
                spoilt.append(Array(bytes.prefix(place)) + wrong + Array(bytes.dropFirst(place)))
            }
        }
        return spoilt
    }

    /// What each value of a document is replaced with, one at a time.
    static let strangers: [JSONValue] = [
        nil, true, -1, 9_223_372_036_854_775_807, 1.5, "", "x", "\0", [], [nil], .object(JSONObject()), ["x": ["y": 1]],
    ]

    /// The document with each of its values replaced in turn, in every way.
    static func replacements(of document: JSONValue) -> [JSONValue] {
        places(in: document).flatMap { place in strangers.map { replacing(place[...], in: document, by: $0) } }
    }

    /// The document with every text changed.
    static func texts(of document: JSONValue, _ change: (String) -> String) -> JSONValue {
        switch document {
        case .string(let text): .string(change(text))
        case .array(let elements): .array(elements.map { texts(of: $0, change) })
        case .object(let object):
            .object(
                JSONObject(
                    object.members.map { .init(name: $0.name, value: texts(of: $0.value, change)) }))
        case .null, .bool, .integer, .number: document
        }
    }

    /// Every place of a document, as the positions that lead there.
    private static func places(in document: JSONValue) -> [[Int]] {
        let children = document.array ?? document.object?.members.map(\.value) ?? []
        return [[]] + children.enumerated().flatMap { index, child in places(in: child).map { [index] + $0 } }
    }

    private static func replacing(_ place: ArraySlice<Int>, in document: JSONValue, by stranger: JSONValue) -> JSONValue
    {
        guard let step = place.first else { return stranger }
        switch document {
        case .array(var elements):
            elements[step] = replacing(place.dropFirst(), in: elements[step], by: stranger)
            return .array(elements)
        case .object(let object):
            var members = object.members
            members[step] = .init(
                name: members[step].name, value: replacing(place.dropFirst(), in: members[step].value, by: stranger))
            return .object(JSONObject(members))
        case .null, .bool, .integer, .number, .string: return document
        }
    }
}
