import FoundationEssentials
import IncidentDomain

/// Somebody who hears of what happens: a receiver of webhooks, a chat channel, a pager, an address of mail.
struct Endpoint: Sendable {
    let id: UUID
    var settings: EndpointSettings
    /// As stored: each value sealed for this endpoint.
    var secrets: SealedSecrets
    var state: State
    let createdAt: Timestamp
    let createdBy: String
    let updatedAt: Timestamp
    let updatedBy: String

    /// How it goes.
    struct State: Hashable, Sendable {
        var isEnabled = true
        /// Why Muster disabled it by itself.
        var disabledReason: String?
        /// Since when no attempt succeeded.
        var failingSince: Timestamp?
        /// The receiver asked for nothing before.
        var pausedUntil: Timestamp?
        /// Notifications that wait to be sent.
        var waiting = 0
    }

    /// The place that its secrets are sealed for.
    static func place(_ id: UUID) -> String { "endpoint:\(id.text)" }
}

/// What people choose of an endpoint; nothing of it is a secret.
struct EndpointSettings: Hashable, Sendable {
    var name: String
    var format: EndpointFormat
    var filter: NoticeFilter
    /// Names of headers that are sent with each message; their values are secrets.
    var headers: [String]
    /// The options of the format that are no secrets.
    var options: [String: String]
    var timeoutSeconds: Int
}

/// An endpoint as the fan-out looks at it.
struct EndpointListener: Sendable {
    let id: UUID
    /// Nil of one that this release does not know.
    let format: EndpointFormat?
    let filter: NoticeFilter
    let createdAt: Timestamp

    /// Whether its format tells of such a notice. Of one that is not known, who knows it decides when it is sent.
    func tells(_ notice: Notice) -> Bool { format?.format.tells(notice) ?? true }
}

/// Which notices an endpoint hears. All that is set has to hold.
struct NoticeFilter: Hashable, Codable, Sendable {
    /// Kinds of notices; nil is the quiet default: what those who wait have to know, without repeats.
    var events: [String]?
    /// Of what belongs to no incident, or to one without a severity, none of these holds.
    var severities: [String]?
    /// One of the incident's components, affected now or before, or of the maintenance.
    var components: [String]?
    var phases: [String]?
    /// Labels that the incident must have, each with this value.
    var labels: [String: String]?
    var incidents: [Int]?

    /// What a filter looks at.
    struct Subject: Sendable {
        var kind: String
        /// Whether the quiet default has it.
        var isNotified: Bool
        var severity: String?
        var phase: String?
        var components: Set<String>
        var labels: [String: String]
        var incident: Int?
    }

    /// Whether the kind is one that is heard.
    func takesKind(of subject: Subject) -> Bool { events?.contains(subject.kind) ?? subject.isNotified }

    func takes(_ subject: Subject) -> Bool {
        guard takesKind(of: subject) else { return false }
        if let severities, !severities.contains(subject.severity ?? "") { return false }
        if let phases, !phases.contains(subject.phase ?? "") { return false }
        if let components, subject.components.isDisjoint(with: components) { return false }
        if let incidents, !incidents.contains(subject.incident ?? 0) { return false }
        return (labels ?? [:]).allSatisfy { subject.labels[$0.key] == $0.value }
    }
}

extension NoticeFilter.Subject {
    /// What a timeline's entry tells of, with the incident as it stands.
    init(_ event: IncidentEvent, of incident: Incident) {
        self.init(
            kind: event.kind, isNotified: event.payload.isNotified, severity: incident.severity?.rawValue,
            phase: incident.phase.rawValue, components: Set(incident.impacts.map(\.component)),
            labels: incident.labels, incident: incident.number)
    }

    /// What a notice tells of that comes from elsewhere: everybody hears it who did not choose kinds.
    init(_ notice: Notice) {
        let named = (notice.data["components"]?.array ?? []).compactMap(\.string)
        self.init(
            kind: notice.kind, isNotified: true, severity: notice.incident?.severity, phase: notice.incident?.phase,
            components: Set(named + (notice.incident?.down.map(\.slug) ?? [])), labels: notice.incident?.labels ?? [:],
            incident: notice.incident?.number)
    }
}

// MARK: - Secrets

/// The secrets of an endpoint, open: only while it is changed, or a message is made.
struct EndpointSecrets: Hashable, Sendable {
    /// Empty for a channel without one.
    var url: String
    var headers: [String: String] = [:]
    /// The options of the format that are secrets.
    var options: [String: String] = [:]
    var signing: EndpointSecret?
    /// The one before, and until when messages are signed with it as well.
    var previous: (secret: EndpointSecret, until: Timestamp)?

    static func == (one: EndpointSecrets, other: EndpointSecrets) -> Bool {
        one.url == other.url && one.headers == other.headers && one.options == other.options
            && one.signing == other.signing && one.previous?.secret == other.previous?.secret
            && one.previous?.until == other.previous?.until
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(url)
        hasher.combine(signing)
    }

    /// What to sign with at a moment, the newest first.
    func signing(at moment: Timestamp) -> [EndpointSecret] {
        let old = previous.flatMap { $0.until > moment ? $0.secret : nil }
        return [signing, old].compactMap(\.self)
    }
}

/// The same as stored, each value sealed on its own.
struct SealedSecrets: Hashable, Codable, Sendable {
    /// Scheme and host, to be shown: the rest of an address is often the credential itself.
    var shownURL: String?
    var url: String?
    var headers: [String: String]
    var options: [String: String]
    var signing: String?
    var previous: String?
    /// Milliseconds since 1970.
    var previousUntil: Int64?
}

extension EndpointSecrets {
    /// One cannot be opened: it was sealed with another key.
    struct Unopenable: Error {}

    func sealed(by box: SecretBox, for id: UUID) async throws -> SealedSecrets {
        let place = Endpoint.place(id)
        var sealed = SealedSecrets(
            shownURL: ProbeURL(url).map { "\($0.origin)/***" }, url: try await box.seal(url, for: place), headers: [:],
            options: [:])
        for (name, value) in headers { sealed.headers[name] = try await box.seal(value, for: place) }
        for (name, value) in options { sealed.options[name] = try await box.seal(value, for: place) }
        if let signing { sealed.signing = try await box.seal(signing.stored, for: place) }
        if let previous {
            sealed.previous = try await box.seal(previous.secret.stored, for: place)
            sealed.previousUntil = previous.until.milliseconds
        }
        return sealed
    }

    /// - Throws: `Unopenable`.
    init(opening sealed: SealedSecrets, with box: SecretBox, of id: UUID) async throws {
        let place = Endpoint.place(id)
        func open(_ text: String) async throws -> String {
            guard let plain = try await box.open(text, for: place) else { throw Unopenable() }
            return plain
        }
        func secret(_ text: String?) async throws -> EndpointSecret? {
            guard let text else { return nil }
            guard let secret = EndpointSecret(try await open(text)) else { throw Unopenable() }
            return secret
        }
        url = if let text = sealed.url { try await open(text) } else { "" }
        for (name, value) in sealed.headers { headers[name] = try await open(value) }
        for (name, value) in sealed.options { options[name] = try await open(value) }
        signing = try await secret(sealed.signing)
        if let old = try await secret(sealed.previous), let until = sealed.previousUntil {
            previous = (old, Timestamp(milliseconds: until))
        }
    }
}

// MARK: - As JSON

extension Endpoint: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { writeMembers(to: &$0) }
    }

    func writeMembers(to json: inout JSONWriter) {
        json.member("id", id)
        json.member("name", settings.name)
        json.member("format", settings.format.rawValue)
        json.member("url", secrets.shownURL)
        json.member("events", settings.filter.events)
        json.member("severities", settings.filter.severities)
        json.member("components", settings.filter.components)
        json.member("phases", settings.filter.phases)
        json.name("labels")
        json.value(settings.filter.labels.map(TextMembers.init))
        json.member("incidents", settings.filter.incidents)
        json.member("headers", settings.headers)
        json.member("options", TextMembers(settings.options))
        json.member("secret_options", secrets.options.keys.sorted())
        json.member("timeout_seconds", settings.timeoutSeconds)
        json.member("enabled", state.isEnabled)
        json.member("disabled_reason", state.disabledReason)
        json.member("failing_since", state.failingSince)
        json.member("paused_until", state.pausedUntil)
        json.member("waiting", state.waiting)
        json.member(
            "previous_secret_until", secrets.previousUntil.map { Timestamp(milliseconds: $0) })
        json.member("created_at", createdAt)
        json.member("created_by", createdBy)
        json.member("updated_at", updatedAt)
        json.member("updated_by", updatedBy)
    }
}

/// Texts by name, in the order of the names.
struct TextMembers: JSONWritable {
    let texts: [String: String]

    init(_ texts: [String: String]) {
        self.texts = texts
    }

    func write(to json: inout JSONWriter) {
        json.object { json in
            for (name, value) in texts.sorted(by: { $0.key < $1.key }) { json.member(name, value) }
        }
    }
}
