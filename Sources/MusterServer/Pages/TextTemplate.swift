import IncidentDomain
import Mustache

/// A mustache template that a person wrote, filled from JSON.
///
/// It runs among everything else that the daemon does, so its size, its sections, the work that it makes and its result have
/// bounds. It has variables, sections and comments; other templates, other delimiters and other ways of escaping it has not.
struct TextTemplate: Sendable {
    static let bytesMax = 8000
    static let sectionsMax = 50
    static let resultBytesMax = 256 << 10
    /// Bytes that may be written before the end is known, and of which too many are thrown away.
    private static let workMax = 4 << 20
    private static let functionsMax = 4
    /// The parser looks at the whole rest of the text for each `{`.
    static let bracesMax = 400

    /// What a value becomes between `{{` and `}}`.
    enum Escaping: String, CaseIterable, Sendable {
        case text = "MUSTER_TEXT"
        case markdown = "MUSTER_MARKDOWN"
        case markup = "MUSTER_MARKUP"
        /// For between the quotation marks of a JSON string.
        case json = "MUSTER_JSON"
        /// For the values of a form (`application/x-www-form-urlencoded`).
        case form = "MUSTER_FORM"
    }

    /// Why a template is refused or makes nothing, in words for its author.
    struct Mistake: Error, Hashable {
        let reason: String
    }

    private let template: MustacheTemplate
    private let size: Int

    /// - Throws: What is wrong with the template, as `must have at most 8000 bytes`.
    init(_ text: String, escaping: Escaping) throws(Mistake) {
        try Self.check(text)
        Self.register
        do {
            template = try MustacheTemplate(string: "{{%CONTENT_TYPE:\(escaping.rawValue)}}\n\(text)")
        } catch let error as MustacheTemplate.ParserError {
            // The first line is ours.
            throw Mistake(
                reason: "is no mustache template: \(error.error) in line \(error.context.lineNumber - 1), "
                    + "column \(error.context.columnNumber)")
        } catch {
            throw Mistake(reason: "is no mustache template: \(error)")
        }
        size = text.utf8.count
    }

    /// The text with the values in it. A name that is not there is empty.
    func render(_ json: JSONValue) throws(Mistake) -> String {
        let work = Work(left: Self.workMax, perRound: size)
        let text = template.render(TemplateValue.of(json, work) ?? "")
        guard !work.isSpent else {
            throw Mistake(
                reason: "takes too much work: it goes through its lists more than \(Self.workMax) bytes' worth")
        }
        guard text.utf8.count <= Self.resultBytesMax else {
            throw Mistake(reason: "makes more than \(Self.resultBytesMax) bytes")
        }
        return text
    }

    /// What the parser would recurse in, or what is not offered, is refused before it is parsed.
    private static func check(_ text: String) throws(Mistake) {
        guard text.utf8.count <= bytesMax else { throw Mistake(reason: "must have at most \(bytesMax) bytes") }
        var rest = text[...]
        var sections = 0
        while let start = rest.firstRange(of: "{{") {
            rest = rest[start.upperBound...]
            let tag = rest.firstRange(of: "}}").map { rest[..<$0.lowerBound] } ?? rest
            switch tag.unicodeScalars.first {
            case "#", "^": sections += 1
            case ">", "<", "$", "=", "%":
                throw Mistake(reason: "has {{\(tag.prefix(20)): only variables, sections and comments are allowed")
            case _: break
            }
            guard tag.utf8.count(where: { $0 == UInt8(ascii: "(") }) <= functionsMax else {
                throw Mistake(reason: "has more than \(functionsMax) functions in one tag")
            }
            rest = rest[tag.endIndex...]
        }
        guard text.utf8.count(where: { $0 == UInt8(ascii: "{") }) <= bracesMax else {
            throw Mistake(reason: "must have at most \(bracesMax) opening braces")
        }
        guard sections <= sectionsMax else { throw Mistake(reason: "must have at most \(sectionsMax) sections") }
    }

    private static let register: Void = {
        for escaping in Escaping.allCases {
            MustacheContentTypes.register(EscapedContent(escaping: escaping), named: escaping.rawValue)
        }
    }()
}

private struct EscapedContent: MustacheContentType {
    let escaping: TextTemplate.Escaping

    func escapeText(_ text: String) -> String {
        switch escaping {
        case .text: Markdown.visible(text)
        case .markdown: Markdown.inline(text)
        case .markup: HTMLText.escape(text)
        case .json: String(decoding: JSONValue.string(text).bytes.dropFirst().dropLast(), as: UTF8.self)
        case .form: PercentEncoding.encode(text)
        }
    }
}

/// What a template may still do while it is filled.
private final class Work {
    private var left: Int
    private let perRound: Int
    private(set) var isSpent = false

    /// - Parameter perRound: What one round of a list can write at most, beside values: the whole template.
    init(left: Int, perRound: Int) {
        self.left = left
        self.perRound = perRound + 1
    }

    func takeRound() -> Bool { take(perRound) }

    func take(_ bytes: Int) -> Bool {
        left -= bytes
        if left < 0 { isSpent = true }
        return !isSpent
    }
}

/// JSON as templates look at it.
private enum TemplateValue {
    static func of(_ json: JSONValue, _ work: Work) -> Any? {
        switch json {
        case .null: nil
        case .bool(let value): value
        case .integer, .number: Text(text: String(decoding: json.bytes, as: UTF8.self), work: work)
        case .string(let text): Text(text: text, work: work)
        case .array(let elements): List(elements: elements, work: work)
        case .object(let object): Object(object: object, work: work)
        }
    }

    struct Text: MustacheCustomRenderable, MustacheTransformable {
        let text: String
        let work: Work

        var renderText: String { work.take(text.utf8.count) ? text : "" }
        var isNull: Bool { text.isEmpty }

        func transform(_ name: String) -> Any? {
            (text.transform(name) as? any StringProtocol).map { Text(text: String($0), work: work) }
                ?? text.transform(name)
        }
    }

    struct Object: MustacheParent, MustacheCustomRenderable {
        let object: JSONObject
        let work: Work

        var renderText: String {
            Text(text: String(decoding: JSONValue.object(object).bytes, as: UTF8.self), work: work).renderText
        }
        var isNull: Bool { object.members.isEmpty }

        func child(named name: String) -> Any? { object[name].flatMap { TemplateValue.of($0, work) } }
    }

    struct List: MustacheSequence, MustacheTransformable, MustacheCustomRenderable {
        let elements: [JSONValue]
        let work: Work

        var renderText: String {
            Text(text: String(decoding: JSONValue.array(elements).bytes, as: UTF8.self), work: work).renderText
        }
        var isNull: Bool { elements.isEmpty }

        func makeIterator() -> AnyIterator<Any> {
            var rest = elements[...]
            return AnyIterator {
                guard let next = rest.popFirst(), work.takeRound() else { return nil }
                return TemplateValue.of(next, work) ?? Text(text: "", work: work)
            }
        }

        func transform(_ name: String) -> Any? {
            switch name {
            case "first": elements.first.flatMap { TemplateValue.of($0, work) }
            case "last": elements.last.flatMap { TemplateValue.of($0, work) }
            case "reversed": List(elements: elements.reversed(), work: work)
            case "count": Text(text: String(elements.count), work: work)
            case "empty": elements.isEmpty
            case _: nil
            }
        }
    }
}
