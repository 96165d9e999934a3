/// A place in a JSON document (RFC 6901), as `/event/data/0/id`; the empty one is the whole document.
struct JSONPointer: Hashable, Sendable {
    static let stepsMax = 16
    static let bytesMax = 500

    let text: String
    private let steps: [String]

    /// Nil when it is no pointer, or is too long or too deep.
    init?(_ text: String) {
        guard text.isEmpty || text.hasPrefix("/"), text.utf8.count <= Self.bytesMax, !text.utf8.contains(0) else {
            return nil
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        guard parts.count <= Self.stepsMax else { return nil }
        var steps: [String] = []
        for part in parts {
            let escapes = part.split(separator: "~", omittingEmptySubsequences: false).dropFirst()
            guard escapes.allSatisfy({ $0.hasPrefix("0") || $0.hasPrefix("1") }) else { return nil }
            steps.append(String(part).replacing("~1", with: "/").replacing("~0", with: "~"))
        }
        self.text = text
        self.steps = steps
    }

    /// The value that stands there.
    func value(in document: JSONValue) -> JSONValue? {
        var found = document
        for step in steps {
            let next = found.array == nil ? found[step] : Self.index(step).flatMap { found[$0] }
            guard let next else { return nil }
            found = next
        }
        return found
    }

    /// The document with another value in this place, which has to be there; lists on the way stay as they are.
    func replacing(in document: JSONValue, by value: JSONValue) -> JSONValue {
        Self.replacing(steps[...], in: document, by: value)
    }

    private static func replacing(_ steps: ArraySlice<String>, in document: JSONValue, by value: JSONValue) -> JSONValue
    {
        guard let step = steps.first else { return value }
        switch document {
        case .object(var object):
            object[step] = replacing(steps.dropFirst(), in: object[step] ?? .null, by: value)
            return .object(object)
        case .array(var elements):
            guard let index = index(step), elements.indices.contains(index) else { return document }
            elements[index] = replacing(steps.dropFirst(), in: elements[index], by: value)
            return .array(elements)
        case .null, .bool, .integer, .number, .string: return document
        }
    }

    private static func index(_ step: String) -> Int? {
        guard step == "0" || step.first.map({ ("1"..."9").contains($0) }) == true else { return nil }
        return Int(step)
    }
}
