import HTTPTypes
import IncidentDomain
import NIOCore

/// Reads what subscribers send: JSON, or a form of the page.
enum SubscriptionBodies {
    /// Of a whole body; the edge refuses more.
    static let bytesMax = 16_384

    /// A wish to subscribe.
    ///
    /// - Parameters:
    ///   - components: Ids of what is public.
    ///   - language: What holds when none is said.
    /// - Throws: 422 with everything that is wrong.
    static func wish(
        _ request: RequestContext, offersMail: Bool, components: Set<String>, language: Language
    ) throws(Problem) -> SubscriptionWish {
        var body = try reader(request)
        let mail = body.optionalString("email", 1...Mailbox.addressBytesMax)
        let url = body.optionalString("webhook", 1...SubscriberAddress.bytesMax)
        let preferences = preferences(&body, components, language)
        var address: SubscriberAddress?
        switch (mail, url) {
        case (let mail?, nil):
            address = read(SubscriberAddress.mail(mail), "email", &body)
            if !offersMail { body.refuse("email", "cannot be used: this page sends no mail") }
        case (nil, let url?): address = read(SubscriberAddress.webhook(url), "webhook", &body)
        case (nil, nil): body.refuse(offersMail ? "email" : "webhook", "is required")
        case (_?, _?): body.refuse("webhook", "cannot be sent together with email: subscribe twice")
        }
        try body.finish()
        guard let address else { throw .invalid("", "names no address") }
        return SubscriptionWish(
            address: address, components: preferences.components, language: preferences.language)
    }

    /// What is heard, and in which language.
    static func preferences(
        _ body: inout BodyReader, _ known: Set<String>, _ language: Language
    ) -> (components: [String]?, language: Language) {
        let chosen = body.optionalStrings("components", max: SubscriptionLimits.componentsMax, 1...64)
        for id in chosen ?? [] where !known.contains(id) {
            body.refuse("components", "has \(id.onOneLine), which is no component of this page")
        }
        let said = body.optionalEnumeration("language", of: Language.self)
        let components = chosen.map { Array(Set($0)).sorted() }
        return (components?.isEmpty ?? true ? nil : components, said ?? language)
    }

    private static func read(
        _ result: Result<SubscriberAddress, FieldComplaint>, _ field: String, _ body: inout BodyReader
    ) -> SubscriberAddress? {
        switch result {
        case .success(let address): return address
        case .failure(let complaint):
            body.refuse(field, complaint.detail)
            return nil
        }
    }

    static func reader(_ request: RequestContext) throws(Problem) -> BodyReader {
        let type = try MediaType(request.head.headerFields[.contentType], taken: [.json, .form])
        return try BodyReader(type == .form ? form(request) : request.json())
    }

    /// The fields of a form, of which those that come several times are lists. What was left empty was not filled in, and `all` says that no
    /// component is chosen.
    private static func form(_ request: RequestContext) throws(Problem) -> JSONValue {
        guard let text = String(validating: request.body.readableBytesView, as: UTF8.self) else {
            throw Problem(.malformedRequest, "The form is not UTF-8.")
        }
        var object = JSONObject()
        var components: [JSONValue] = []
        for field in try RequestTarget("/?\(text)").parameters() where !field.value.isEmpty {
            if field.name == "components" {
                components.append(.string(field.value))
            } else {
                object[field.name] = .string(field.value)
            }
        }
        if !components.isEmpty { object["components"] = .array(components) }
        return .object(object)
    }

    /// A token of the query or of a form; nil where there is none that can be one.
    static func token(_ request: RequestContext) -> SubscriptionToken? {
        let asked = (try? request.target.parameters())?.last { $0.name == "token" }?.value
        if let asked { return SubscriptionToken(asked) }
        guard (try? MediaType(request.head.headerFields[.contentType], taken: [.form])) != nil,
            case .object(let object)? = try? form(request)
        else { return nil }
        return object["token"]?.string.flatMap(SubscriptionToken.init)
    }
}
