import FoundationEssentials
import IncidentDomain

/// Endpoints as requests write them: the same fields when one is made and when it is changed. What is not named stays, a null
/// takes away.
struct EndpointBody {
    /// Fields that were named, each with what is wanted.
    private(set) var name: String?
    private(set) var url: String?
    private(set) var secret: EndpointSecret?
    private(set) var timeoutSeconds: Int?
    private(set) var isEnabled: Bool?
    private var headers: [String: String]?
    private var options: [String: String?] = [:]
    private var filter = NoticeFilter()
    private var named: Set<String> = []

    private static let filters = ["events", "severities", "components", "phases", "labels", "incidents"]

    /// - Parameter format: The one that the endpoint has, or gets.
    init(_ body: inout BodyReader, format: EndpointFormat, isNew: Bool) {
        name = body.optionalString("name", 1...100)
        if isNew { body.require("name") }
        readURL(&body, format, isNew: isNew)
        for field in Self.filters where body.has(field) { named.insert(field) }
        readFilter(&body)
        readHeaders(&body)
        readOptions(&body, format, isNew: isNew)
        readSecret(&body, format)
        timeoutSeconds = body.optionalInteger("timeout_seconds", 1...30)
        isEnabled = body.optionalBool("enabled")
    }

    private mutating func readURL(_ body: inout BodyReader, _ format: EndpointFormat, isNew: Bool) {
        url = body.optionalString("url", 1...2000)
        if let url, let complaint = ProbeURL.complaint(about: url) { body.refuse("url", complaint) }
        if isNew, url == nil, format.format.usualURL == nil { body.require("url") }
    }

    private mutating func readFilter(_ body: inout BodyReader) {
        filter.events = body.optionalStrings("events", max: 100, 1...100)
        for kind in filter.events ?? [] where !NoticeKinds.names.contains(kind) {
            body.refuse(
                "events", "has \"\(kind)\", which is no kind of event; GET /v1/event-kinds lists them")
        }
        filter.severities = Self.words(&body, "severities", Severity.allCases.map(\.rawValue))
        filter.phases = Self.words(&body, "phases", Phase.allCases.map(\.rawValue))
        filter.components = body.optionalStrings("components", max: 200, 1...64)
        filter.labels = body.optionalLabels("labels", max: 20)
        let incidents = body.optionalStrings("incidents", max: 100, 1...20)
        filter.incidents = incidents?.compactMap(Identifiers.incidentNumber)
        if filter.incidents?.count != incidents?.count {
            body.refuse("incidents", "should be numbers of incidents as texts, such as \"42\" or \"INC-42\"")
        }
    }

    private static func words(_ body: inout BodyReader, _ field: String, _ allowed: [String]) -> [String]? {
        let words = body.optionalStrings(field, max: allowed.count, 1...20)
        for word in words ?? [] where !allowed.contains(word) {
            body.refuse(field, "has \"\(word)\"; allowed are \(allowed.joined(separator: ", "))")
        }
        return words
    }

    private mutating func readHeaders(_ body: inout BodyReader) {
        headers = body.optionalLabels("headers", max: 20, valueMax: 4_000)
        for (name, value) in headers ?? [:] {
            if !ProbeHTTPBodies.isHeaderName(name) || name.isEmpty {
                body.refuse("headers", "has \"\(name)\", which is not a valid header name")
            } else if ProbeHTTPBodies.ours.contains(name.lowercased()) || name.lowercased().hasPrefix("webhook-") {
                body.refuse("headers", "has \"\(name)\", which is set by the daemon")
            }
            if !value.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) {
                body.refuse("headers", "has a value of \"\(name)\" that is not of visible ASCII characters and spaces")
            }
        }
    }

    private mutating func readOptions(_ body: inout BodyReader, _ format: EndpointFormat, isNew: Bool) {
        let known = format.format.options
        let sent = body.optionalObject("options") { item in
            var read: [String: String?] = [:]
            for option in known where item.has(option.name) {
                read[option.name] = .some(item.optionalString(option.name, 1...8_000, trims: false))
            }
            for (name, value) in read {
                guard let value, let option = known.first(where: { $0.name == name }) else { continue }
                if let complaint = option.complaint(value) { item.refuse(name, complaint) }
            }
            return read
        }
        options = sent ?? [:]
        guard isNew else { return }
        for option in known where option.isRequired && (options[option.name] ?? nil) == nil {
            body.refuse("options", "needs \(option.name): \(option.description)")
        }
    }

    private mutating func readSecret(_ body: inout BodyReader, _ format: EndpointFormat) {
        let algorithm: EndpointSecret.Algorithm? = body.optionalEnumeration("signature")
        if let text = body.optionalString("secret", 1...200) {
            secret = EndpointSecret(text)
            if secret == nil {
                body.refuse("secret", "should be whsec_ and 24 to 64 bytes in base 64, or whsk_ and 32 bytes")
            }
        } else if let algorithm {
            secret = try? EndpointSecret.make(algorithm)
        }
        if !format.format.isSigned, body.says("secret") || body.says("signature") {
            body.refuse("secret", "is not for the format \(format.rawValue), which is not signed by Muster")
        }
    }

    // MARK: - What it changes

    /// What a new endpoint is.
    func made(_ format: EndpointFormat) throws -> (EndpointSettings, EndpointSecrets) {
        var settings = EndpointSettings(
            name: name ?? "", format: format, filter: filter, headers: [], options: [:], timeoutSeconds: 15)
        var secrets = EndpointSecrets(url: url ?? format.format.usualURL ?? "")
        apply(to: &settings, &secrets)
        if format.format.isSigned { secrets.signing = try secret ?? EndpointSecret.make(.hmac) }
        return (settings, secrets)
    }

    func apply(to endpoint: inout Endpoint, _ secrets: inout EndpointSecrets) {
        apply(to: &endpoint.settings, &secrets)
        endpoint.state.isEnabled = isEnabled ?? endpoint.state.isEnabled
    }

    private func apply(to settings: inout EndpointSettings, _ secrets: inout EndpointSecrets) {
        settings.name = name ?? settings.name
        settings.timeoutSeconds = timeoutSeconds ?? settings.timeoutSeconds
        if named.contains("events") { settings.filter.events = filter.events }
        if named.contains("severities") { settings.filter.severities = filter.severities }
        if named.contains("components") { settings.filter.components = filter.components }
        if named.contains("phases") { settings.filter.phases = filter.phases }
        if named.contains("labels") { settings.filter.labels = filter.labels }
        if named.contains("incidents") { settings.filter.incidents = filter.incidents }
        if let url {
            // What is said to one host is not for another.
            if ProbeURL(url)?.origin != ProbeURL(secrets.url)?.origin {
                (secrets.headers, settings.headers) = ([:], [])
                secrets.options = [:]
            }
            secrets.url = url
        }
        if let headers {
            secrets.headers = headers
            settings.headers = headers.keys.sorted()
        }
        for option in settings.format.format.options {
            guard let value = options[option.name] else { continue }
            if option.isSecret { secrets.options[option.name] = value } else { settings.options[option.name] = value }
        }
    }
}
