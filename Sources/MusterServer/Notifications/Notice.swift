import IncidentDomain

/// What somebody is told: one thing that happened, and how its incident stood when it was read for telling. It is stored once
/// for all endpoints; a format makes a message of it.
///
/// Texts stand as people typed them: each format escapes and shortens them for its channel.
struct Notice: Hashable, Sendable {
    /// The kind of event, as `severity_set`, or `maintenance_started`, `endpoint_disabled`, `page`, `test`.
    var kind: String
    /// The version of `data`.
    var version: Int
    /// What happened, as a plain sentence on one line.
    var sentence: String
    var occurredAt: Timestamp
    /// Who did it.
    var actor: String
    /// Its place in the timeline of its incident, from 1; nil of what stands in none.
    var sequence: Int?
    /// The event's own fields, as `GET /v1/incidents/{number}/timeline` shows them.
    var data: JSONValue
    /// Nil of what belongs to no incident.
    var incident: NoticeIncident?
    /// What a message says first where there is no incident, as the title of a maintenance window.
    var title: String?
    /// Where to read more, as `/v1/maintenance/ID`; nil is the incident's.
    var path: String?

    /// What programs know its kind by: `muster.severity_set`.
    var type: String { "muster.\(kind)" }

    /// What a message says first.
    var headline: String { incident?.title ?? title ?? sentence }

    /// Where to read more, below the daemon's public address.
    var link: String? { path ?? incident.map { "/v1/incidents/\($0.number)" } }
}

/// How an incident stood: what a message needs of it.
struct NoticeIncident: Hashable, Sendable {
    /// A component that is affected, and how.
    struct Component: Hashable, Sendable {
        var slug: String
        /// `degraded`, `partial_outage`, `major_outage`, `maintenance`.
        var impact: String
    }

    var number: Int
    var title: String
    /// `sev1` to `sev4`; nil until it is set.
    var severity: String?
    /// `detect`, `assess`, `mitigate`, `restore`, `review`, `closed`, `dismissed`, `merged`.
    var phase: String
    /// The number of entries in its timeline: a larger one is newer.
    var version: Int
    /// What is still down, by slug.
    var down: [Component]
    /// How many components were affected at any time.
    var affected: Int
    var commander: String?
    /// What has to be done next, as the incident's `next.unmet` says; empty when nothing is missing.
    var next: [String]
    /// The expected time of restoration: the one that was told last, else the plan's median.
    var eta: Timestamp?
    var startedAt: Timestamp
    var acknowledgedAt: Timestamp?
    var restoredAt: Timestamp?
    var labels: [String: String]

    var id: String { "INC-\(number)" }
    /// Whether users are well again: restored or over.
    var isOver: Bool { ["review", "closed", "dismissed", "merged"].contains(phase) }
}

extension NoticeIncident {
    init(_ incident: Incident, policy: PhasePolicy) {
        let unrestored = Set(incident.unrestored)
        self.init(
            number: incident.number, title: incident.title, severity: incident.severity?.rawValue,
            phase: incident.phase.rawValue, version: incident.version,
            down: incident.impacts.filter { unrestored.contains($0.component) }
                .map { Component(slug: $0.component, impact: $0.impact.rawValue) }.sorted { $0.slug < $1.slug },
            affected: incident.steps.count, commander: incident.roles[.commander],
            next: policy.unmet(leaving: incident.phase, of: incident)
                .map(\.detail),
            eta: incident.eta ?? incident.plan?.expected?.median, startedAt: incident.times.startedAt,
            acknowledgedAt: incident.clocks.acknowledgedAt, restoredAt: incident.clocks.restoredAt,
            labels: incident.labels)
    }
}

// MARK: - As JSON

/// The stored form, which is also the `data` of the formats `standard-webhooks` and `cloudevents`.
extension Notice: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("kind", kind)
            json.member("version", version)
            json.member("sentence", sentence)
            json.member("occurred_at", occurredAt)
            json.member("actor", actor)
            json.member("sequence", sequence)
            json.member("data", data)
            json.member("title", title)
            json.member("path", path)
            json.name("incident")
            if let incident { json.value(incident) } else { json.literal("null") }
        }
    }

    /// Reads the stored form; nil when it is not one.
    init?(_ json: JSONValue) {
        guard let kind = json["kind"]?.string, let version = json["version"]?.integer,
            let sentence = json["sentence"]?.string, let occurredAt = json["occurred_at"]?.time,
            let actor = json["actor"]?.string
        else { return nil }
        self.init(
            kind: kind, version: version, sentence: sentence, occurredAt: occurredAt, actor: actor,
            sequence: json["sequence"]?.integer, data: json["data"] ?? .null,
            incident: json["incident"].flatMap(NoticeIncident.init), title: json["title"]?.string,
            path: json["path"]?.string)
    }
}

extension NoticeIncident: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("number", number)
            json.member("id", id)
            json.member("title", title)
            json.member("severity", severity)
            json.member("phase", phase)
            json.member("version", version)
            json.array("down", down) { json, component in
                json.object { json in
                    json.member("component", component.slug)
                    json.member("impact", component.impact)
                }
            }
            json.member("affected", affected)
            json.member("commander", commander)
            json.member("next", next)
            json.member("eta", eta)
            json.member("started_at", startedAt)
            json.member("acknowledged_at", acknowledgedAt)
            json.member("restored_at", restoredAt)
            json.object("labels") { json in
                for (name, value) in labels.sorted(by: { $0.key < $1.key }) { json.member(name, value) }
            }
        }
    }

    /// Reads the stored form; nil when it is not one.
    init?(_ json: JSONValue) {
        guard let number = json["number"]?.integer, let title = json["title"]?.string,
            let phase = json["phase"]?.string, let version = json["version"]?.integer,
            let startedAt = json["started_at"]?.time
        else { return nil }
        var labels: [String: String] = [:]
        for member in json["labels"]?.object?.members ?? [] { labels[member.name] = member.value.string }
        self.init(
            number: number, title: title, severity: json["severity"]?.string, phase: phase, version: version,
            down: (json["down"]?.array ?? []).compactMap { component in
                guard let slug = component["component"]?.string, let impact = component["impact"]?.string else {
                    return nil
                }
                return Component(slug: slug, impact: impact)
            }, affected: json["affected"]?.integer ?? 0, commander: json["commander"]?.string,
            next: (json["next"]?.array ?? []).compactMap(\.string), eta: json["eta"]?.time, startedAt: startedAt,
            acknowledgedAt: json["acknowledged_at"]?.time, restoredAt: json["restored_at"]?.time, labels: labels)
    }
}
