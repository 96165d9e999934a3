import FoundationEssentials

@testable import MusterServer

/// What a browser would make of a page, read strictly: every element is allowed, closed and well nested, every attribute is
/// allowed, and no `<` or `&` stands for itself; whatever else there is, is a problem.
struct HTMLOutline {
    struct Element: Hashable {
        let name: String
        let attributes: [String: String]
    }

    private(set) var elements: [Element] = []
    private(set) var problems: [String] = []
    /// What stands between the tags, with its references resolved.
    private(set) var text = ""

    private static let allowed: [String: Set<String>] = [
        "html": ["lang", "dir"], "head": [], "meta": ["charset", "http-equiv", "content", "name"], "title": ["id"],
        "link": ["rel", "type", "title", "href"], "style": [], "body": [], "header": ["id", "class", "data-kinds"],
        "main": ["id", "class"], "footer": [],
        "nav": ["class", "aria-label"], "article": ["class"], "time": ["datetime"],
        "section": ["id", "class"], "details": ["class", "open"], "summary": ["data-key", "aria-label"],
        "h1": ["class"], "h2": [], "h3": [], "h4": [], "h5": [], "h6": [],
        "p": ["class", "role", "lang", "data-kinds"],
        "span": ["class", "aria-hidden", "data-since"], "small": [],
        "blockquote": [], "hr": [], "strong": ["class"], "em": [], "code": [], "pre": [], "br": [],
        "ul": ["class", "lang"],
        "ol": ["class", "start", "lang"], "form": ["method", "action", "class", "data-form"], "label": ["for"],
        "select": ["id", "name", "required"], "textarea": ["id", "name", "rows", "required"], "datalist": ["id"],
        "progress": ["max", "value", "aria-label"],
        "option": ["value", "selected"],
        "input": [
            "id", "type", "name", "value", "autocomplete", "required", "checked", "inputmode", "list",
        ],
        "fieldset": [], "legend": [], "button": ["data-key", "aria-label"],
        "li": ["class", "aria-current"],
        "a": ["class", "href", "rel", "hreflang", "lang"], "dl": ["class"], "dt": [], "dd": ["class"],
        "div": ["id", "class", "lang"], "table": [], "thead": [],
        "tbody": [], "tr": [], "th": ["scope", "style"],
        "td": ["class", "style"], "img": ["src", "alt"], "figure": [], "figcaption": [],
        "svg": [
            "class", "viewBox", "preserveAspectRatio", "role", "aria-labelledby", "font-size", "xmlns", "width",
            "height",
        ], "desc": ["id"],
        "g": ["class", "transform"],
        "path": ["class", "d", "fill", "stroke", "stroke-width"],
        "circle": ["class", "cx", "cy", "r", "fill", "stroke"],
        "polyline": ["class", "points", "fill", "stroke", "stroke-width"],
        "tspan": ["class"],
        "rect": ["class", "x", "y", "width", "height", "rx", "fill", "fill-opacity"],
        "line": ["class", "x1", "x2", "y1", "y2", "stroke", "stroke-width", "stroke-dasharray"],
        "text": ["class", "x", "y", "text-anchor", "font-size", "font-weight", "font-style", "fill", "opacity"],
    ]
    private static let void: Set<String> = ["meta", "link", "br", "hr", "img", "input"]
    private static let references = ["&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": "\"", "&#39;": "'"]

    /// The one script that pages have; any other is a problem.
    private static let script: String = {
        let file = Pages.files.first { $0.name == "statuszone" }
        let lines = file.map { String(decoding: $0.text, as: UTF8.self).split(separator: "\n") } ?? []
        return lines.joined(separator: "\n")
    }()

    /// How the pages for engineers name theirs, which is a file of its own.
    private static let roomScript = "<script src=\"/room.js\" defer=\"defer\"></script>"

    init(_ html: String) {
        let page = html.replacing(Self.script, with: "", maxReplacements: 1)
            .replacing(Self.roomScript, with: "", maxReplacements: 1)
        var rest = page[...]
        var open: [String] = []
        if rest.hasPrefix("<!doctype html>") { rest = rest.dropFirst("<!doctype html>".count) }
        while let start = rest.firstIndex(of: "<") {
            readText(rest[..<start])
            guard let end = Self.endOfTag(rest[start...]) else {
                problems.append("a tag without end: \(rest[start...].prefix(40))")
                return
            }
            read(tag: rest[rest.index(after: start)..<end], &open)
            rest = rest[rest.index(after: end)...]
            if open.last == "style" { rest = rest[(rest.ranges(of: "</style>").first?.lowerBound ?? rest.endIndex)...] }
        }
        readText(rest)
        if !open.isEmpty { problems.append("never closed: \(open)") }
    }

    private static func endOfTag(_ text: Substring) -> Substring.Index? {
        var isQuoted = false
        for index in text.indices {
            if text[index] == "\"" { isQuoted.toggle() }
            if text[index] == ">", !isQuoted { return index }
        }
        return nil
    }

    private mutating func read(tag: Substring, _ open: inout [String]) {
        if tag.first == "/" {
            let name = String(tag.dropFirst())
            if open.popLast() != name { problems.append("</\(name)> closes nothing") }
            return
        }
        let isClosed = tag.last == "/"
        let name = String(tag.prefix { $0 != " " && $0 != "/" })
        guard let allowed = Self.allowed[name] else {
            problems.append("element \(name) is not allowed")
            return
        }
        let attributes = readAttributes(tag.dropFirst(name.count).dropLast(isClosed ? 1 : 0))
        for (attribute, value) in attributes {
            if !allowed.contains(attribute) { problems.append("attribute \(attribute) of \(name) is not allowed") }
            if value.contains("<") { problems.append("an unescaped value: \(value)") }
            checkReferences(value[...])
        }
        elements.append(Element(name: name, attributes: attributes))
        if !isClosed, !Self.void.contains(name) { open.append(name) }
    }

    /// Each as ` name="value"`, and nothing between or behind them.
    private mutating func readAttributes(_ text: Substring) -> [String: String] {
        var attributes: [String: String] = [:]
        var rest = text
        while !rest.isEmpty {
            let parts = rest.dropFirst().split(separator: "\"", maxSplits: 2, omittingEmptySubsequences: false)
            guard rest.first == " ", parts.count == 3, parts[0].last == "=",
                parts[0].dropLast().allSatisfy({ $0.isLetter || $0 == "-" || $0.isNumber })
            else {
                problems.append("odd attributes: \(text)")
                return attributes
            }
            attributes[String(parts[0].dropLast())] = String(parts[1])
            rest = parts[2]
        }
        return attributes
    }

    private mutating func readText(_ raw: Substring) {
        checkReferences(raw)
        var plain = String(raw)
        for (reference, character) in Self.references where reference != "&amp;" {
            plain = plain.replacing(reference, with: character)
        }
        text += plain.replacing("&amp;", with: "&")
    }

    private mutating func checkReferences(_ text: Substring) {
        for piece in text.split(separator: "&", omittingEmptySubsequences: false).dropFirst()
        where !Self.references.keys.contains(where: { piece.hasPrefix($0.dropFirst()) }) {
            problems.append("a bare &: \(piece.prefix(20))")
        }
    }
}
