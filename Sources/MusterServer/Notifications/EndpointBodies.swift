import FoundationEssentials
import IncidentDomain

/// Endpoints as requests write them: the same fields when one is made and when it is changed. What is not named stays. A null is as not
/// named where one is made; in a change it takes away what can be missing, a single option among them, as an empty text does.
struct EndpointBody {
    /// Fields that were named, each with what is wanted.
    private(set) var name: String?
    private(set) var url: String?
    private(set) var timeoutSeconds: Int?
    private(set) var isEnabled: Bool?
    private(set) var secret = SecretBody()
    private var headers: [String: String]?
    /// With an empty text for what is taken away.
    private var options: [String: String]
    /// Whether all options are taken away.
    private var removesOptions = false
    private var filter = NoticeFilter()
    private var named: Set<String> = []

    private static let removable = [
        "events", "severities", "components", "phases", "labels", "incidents", "url", "headers", "options",
        "timeout_seconds",
    ]
    private static let timeoutSeconds = 15

    init(_ body: inout BodyReader, isNew: Bool) {
        name = body.optionalString("name", 1...100)
        if isNew { body.require("name") }
        url = body.optionalString("url", 1...2000)
        for field in Self.removable where body.has(field) && (!isNew || body.says(field)) { named.insert(field) }
        filter.events = body.optionalStrings("events", max: 100, 1...100)
        filter.severities = body.optionalEnumerations("severities", max: 4, of: Severity.self)?.map(\.rawValue)
        filter.components = body.optionalStrings("components", max: 200, 1...64)
        filter.phases = body.optionalEnumerations("phases", max: 8, of: Phase.self)?.map(\.rawValue)
        filter.labels = body.optionalLabels("labels", max: 20)
        filter.incidents = body.optionalIncidentNumbers("incidents", max: 100)
        headers = body.optionalLabels("headers", max: 20, valueMax: 4_000, takesNull: true)
        options = body.optionalLabels("options", max: 20, valueMax: 8_000, takesNull: true) ?? [:]
        if !isNew {
            removesOptions = body.isNull("options")
            for name in body.nullMembers("options") { options[name] = "" }
        }
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
            guard !isNew && !named.contains("url") || format.format.usualURL != nil else {
                throw .invalid("/url", "is required")
            }
            return
        }
        if let complaint = ProbeURL.complaint(about: url) { throw .invalid("/url", complaint) }
        guard let read = ProbeURL(url) else { return }
        if let complaint = OutboundReach.complaint(about: read) { throw .invalid("/url", complaint) }
        // Other names of this daemon are told by the messages themselves (`MessageTrail`).
        if read.origin == ProbeURL(publicURL)?.origin {
            throw .invalid("/url", "is this daemon's own address (http.public_url)")
        }
    }

    private func checkHeaders() throws(Problem) {
        for (name, value) in headers ?? [:] {
            let place = "/headers/\(name)"
            guard ProbeHTTPBodies.isHeaderName(name) else { throw .invalid(place, "is not a valid header name") }
            let isOurs = ["webhook-", "muster-"].contains { name.lowercased().hasPrefix($0) }
            if isOurs || ProbeHTTPBodies.ours.contains(name.lowercased()) {
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
            name: name ?? "", format: format, filter: filter, headers: [], options: [:],
            timeoutSeconds: Self.timeoutSeconds)
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
        if named.contains("timeout_seconds") { settings.timeoutSeconds = timeoutSeconds ?? Self.timeoutSeconds }
        if named.contains("events") { settings.filter.events = filter.events }
        if named.contains("severities") { settings.filter.severities = filter.severities }
        if named.contains("components") { settings.filter.components = filter.components }
        if named.contains("phases") { settings.filter.phases = filter.phases }
        if named.contains("labels") { settings.filter.labels = filter.labels }
        if named.contains("incidents") { settings.filter.incidents = filter.incidents }
        if named.contains("url"), let url = url ?? settings.format.format.usualURL {
            // What is said to one host is not for another.
            if ProbeURL(url)?.origin != ProbeURL(secrets.url)?.origin {
                (secrets.headers, settings.headers) = ([:], [])
                secrets.options = [:]
            }
            secrets.url = url
        }
        if named.contains("headers") {
            secrets.headers = headers ?? [:]
            settings.headers = secrets.headers.keys.sorted()
        }
        if removesOptions { (settings.options, secrets.options) = ([:], [:]) }
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
