import FoundationEssentials
import IncidentDomain

/// Endpoints as requests write them: the same fields when one is made and when it is changed. What is not named stays; a
/// null takes a filter away, and an empty text an option.
struct EndpointBody {
    /// Fields that were named, each with what is wanted.
    private(set) var name: String?
    private(set) var url: String?
    private(set) var timeoutSeconds: Int?
    private(set) var isEnabled: Bool?
    private(set) var secret = SecretBody()
    private var headers: [String: String]?
    private var options: [String: String]
    private var filter = NoticeFilter()
    private var named: Set<String> = []

    private static let filters = ["events", "severities", "components", "phases", "labels", "incidents"]

    init(_ body: inout BodyReader, isNew: Bool) {
        name = body.optionalString("name", 1...100)
        if isNew { body.require("name") }
        url = body.optionalString("url", 1...2000)
        for field in Self.filters where body.has(field) { named.insert(field) }
        filter.events = body.optionalStrings("events", max: 100, 1...100)
        filter.severities = body.optionalEnumerations("severities", max: 4, of: Severity.self)?.map(\.rawValue)
        filter.components = body.optionalStrings("components", max: 200, 1...64)
        filter.phases = body.optionalEnumerations("phases", max: 8, of: Phase.self)?.map(\.rawValue)
        filter.labels = body.optionalLabels("labels", max: 20)
        let incidents = body.optionalStrings("incidents", max: 100, 1...20)
        filter.incidents = incidents?.compactMap(Identifiers.incidentNumber)
        if filter.incidents?.count != incidents?.count {
            body.refuse("incidents", "should be numbers of incidents as texts, such as \"42\" or \"INC-42\"")
        }
        headers = body.optionalLabels("headers", max: 20, valueMax: 4_000)
        options = body.optionalLabels("options", max: 20, valueMax: 8_000) ?? [:]
        if isNew { secret = SecretBody(&body) }
        timeoutSeconds = body.optionalInteger("timeout_seconds", 1...30)
        isEnabled = body.optionalBool("enabled")
    }

    // MARK: - What is wrong with it

    /// Looks at what only the format and the daemon's own address tell.
    func check(_ format: EndpointFormat, isNew: Bool, publicURL: String) throws(Problem) {
        try checkURL(format, isNew: isNew, publicURL)
        for kind in filter.events ?? [] where !NoticeKinds.names.contains(kind) {
            throw .invalid("/events", "has \"\(kind)\", which is no kind of event; GET /v1/event-kinds lists them")
        }
        try checkHeaders()
        try checkOptions(format, isNew: isNew)
        if secret.isSaid, !format.format.isSigned { throw SecretBody.unsigned(format) }
        try secret.check()
    }

    private func checkURL(_ format: EndpointFormat, isNew: Bool, _ publicURL: String) throws(Problem) {
        guard let url else {
            guard !isNew || format.format.usualURL != nil else { throw .invalid("/url", "is required") }
            return
        }
        if let complaint = ProbeURL.complaint(about: url) { throw .invalid("/url", complaint) }
        // A notification that opens an alert here would be told again, and so on.
        if let origin = ProbeURL(url)?.origin, origin == ProbeURL(publicURL)?.origin {
            throw .invalid("/url", "is this daemon's own address (http.public_url)")
        }
    }

    private func checkHeaders() throws(Problem) {
        for (name, value) in headers ?? [:] {
            let place = "/headers/\(name)"
            guard ProbeHTTPBodies.isHeaderName(name) else { throw .invalid(place, "is not a valid header name") }
            if ProbeHTTPBodies.ours.contains(name.lowercased()) || name.lowercased().hasPrefix("webhook-") {
                throw .invalid(place, "is set by the daemon")
            }
            guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else {
                throw .invalid(place, "should be of visible ASCII characters and spaces")
            }
        }
    }

    private func checkOptions(_ format: EndpointFormat, isNew: Bool) throws(Problem) {
        let known = format.format.options
        for (name, value) in options {
            guard let option = known.first(where: { $0.name == name }) else {
                let names = known.map(\.name).joined(separator: ", ")
                throw .invalid(
                    "/options/\(name)",
                    "is no option of the format \(format.rawValue), which has \(names.isEmpty ? "none" : names)")
            }
            if !value.isEmpty, let complaint = option.complaint(value) {
                throw .invalid("/options/\(name)", complaint)
            }
            if value.isEmpty, option.isRequired { throw .invalid("/options/\(name)", "is required") }
        }
        guard isNew else { return }
        for option in known where option.isRequired && options[option.name] == nil {
            throw .invalid("/options/\(option.name)", "is required: \(option.description)")
        }
    }

    // MARK: - What it changes

    /// What a new endpoint is.
    func made(_ format: EndpointFormat) throws -> (EndpointSettings, EndpointSecrets) {
        var settings = EndpointSettings(
            name: name ?? "", format: format, filter: filter, headers: [], options: [:], timeoutSeconds: 15)
        var secrets = EndpointSecrets(url: url ?? format.format.usualURL ?? "")
        apply(to: &settings, &secrets)
        if format.format.isSigned { secrets.signing = try secret.made() }
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
            // An empty text takes an option away.
            let kept = value.isEmpty ? nil : value
            if option.isSecret { secrets.options[option.name] = kept } else { settings.options[option.name] = kept }
        }
    }
}

/// The signing secret of a new endpoint or a rotation: chosen by a person, or made.
struct SecretBody {
    private var text: String?
    private var algorithm: EndpointSecret.Algorithm?

    init() {}

    init(_ body: inout BodyReader) {
        text = body.optionalString("secret", 1...200)
        algorithm = body.optionalEnumeration("signature")
    }

    var isSaid: Bool { text != nil || algorithm != nil }

    func check() throws(Problem) {
        guard let text, EndpointSecret(text) == nil else { return }
        throw .invalid("/secret", "should be whsec_ and 24 to 64 bytes in base 64, or whsk_ and 32 bytes")
    }

    func made() throws -> EndpointSecret {
        try text.flatMap(EndpointSecret.init) ?? EndpointSecret.make(algorithm ?? .hmac)
    }

    static func unsigned(_ format: EndpointFormat) -> Problem {
        .invalid("/secret", "is not for the format \(format.rawValue), which is not signed by Muster")
    }
}
