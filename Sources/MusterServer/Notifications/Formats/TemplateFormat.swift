import IncidentDomain

/// A body of the operator's own: a mustache template over the notice's JSON, signed as Standard Webhooks are.
///
/// Beside the members of the notice there are `id`, `type`, `link` and `text`, the lines that other channels show; `title` is the
/// incident's where there is one. Values are
/// escaped as the media type asks; between three braces they are not, and lists and objects are JSON.
enum TemplateFormat: OutboundFormat {
    static let isSigned = true

    /// The media types that are known, and how values are escaped in them.
    private static let escapings: [String: TextTemplate.Escaping] = [
        "application/json": .json, "application/xml": .markup, "text/xml": .markup, "text/html": .markup,
        "application/x-www-form-urlencoded": .form, "text/markdown": .markdown, "text/plain": .text,
    ]
    private static let standardType = "application/json"

    static let options = [
        EndpointOption(
            "template", isRequired: true,
            "The body as a mustache template over the notice's JSON, with variables, sections and comments; at most "
                + "\(TextTemplate.bytesMax) bytes."
        ) { text in
            do throws(TextTemplate.Mistake) {
                _ = try TextTemplate(text, escaping: .text)
                return nil
            } catch { return error.reason }
        },
        EndpointOption(
            "media_type",
            "What the body is, which says how values are escaped: `application/json` (the default), another JSON or XML, a form, or "
                + "text that is plain, Markdown or HTML."
        ) { text in
            escaping(of: text) == nil
                ? "should be \(escapings.keys.sorted().joined(separator: ", ")), or one ending with +json or +xml" : nil
        },
    ]

    /// Nil of a media type that is not known.
    private static func escaping(of type: String) -> TextTemplate.Escaping? {
        if let escaping = escapings[type] { return escaping }
        let isName =
            (1...100).contains(type.utf8.count)
            && type.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
                case _: "/+-.".utf8.contains(byte)
                }
            }
        guard isName, type.hasPrefix("application/") else { return nil }
        return type.hasSuffix("+json") ? .json : type.hasSuffix("+xml") ? .markup : nil
    }

    static func message(_ message: OutboundMessage) throws(OutboundMistake) -> OutboundRequest {
        let type = message.options["media_type"] ?? standardType
        let escaping = escaping(of: type) ?? .text
        let body: [UInt8]
        do throws(TextTemplate.Mistake) {
            body = Array(
                try TextTemplate(message.options["template"] ?? "", escaping: escaping).render(values(message)).utf8)
        } catch { throw OutboundMistake(reason: "the template \(error.reason)") }
        if escaping == .json {
            do throws(JSONSyntaxError) {
                _ = try JSONParser.parse(body)
            } catch {
                throw OutboundMistake(reason: "the template makes no JSON: \(error.reason), at byte \(error.offset)")
            }
        }
        let isText = type.hasPrefix("text/")
        return OutboundRequest(
            url: message.url,
            headers: [("content-type", isText ? "\(type); charset=utf-8" : type)]
                + (try WebhookSignature.headers(of: body, message)),
            body: body)
    }

    private static func values(_ message: OutboundMessage) -> JSONValue {
        var json = JSONWriter()
        json.value(message.notice)
        var object = (try? JSONParser.parse(json.bytes))?.object ?? JSONObject()
        object["id"] = .string(message.id)
        object["type"] = .string(message.notice.type)
        object["title"] = .string(message.notice.headline)
        object["link"] = message.link.map(JSONValue.string)
        let lines = MessageText(message).lines(.scalars, title: 1000, what: 4000, fact: 1000)
        object["text"] = .string(lines.joined(separator: "\n"))
        return .object(object)
    }
}
