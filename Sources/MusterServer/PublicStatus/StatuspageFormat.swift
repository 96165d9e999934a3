import IncidentDomain

/// The state as Statuspage's public API writes it (https://metastatuspage.com/api/v2), so that what reads a page there reads this one:
/// page, status, components, incidents and planned maintenance, with ids that stay.
struct StatuspageFormat: Sendable {
    let status: PublicStatus
    let settings: StatusSettings
    private let speech: Speech
    let pageID: String
    private let updatedAt: Timestamp

    private static let incidentsMax = 50

    init(_ status: PublicStatus, _ settings: StatusSettings) {
        (self.status, self.settings) = (status, settings)
        speech = Speech(language: settings.language)
        pageID = Self.id("page \(settings.url)")
        let record = status.record
        let moments =
            record.incidents.map(\.updatedAt) + record.components.map(\.updatedAt) + record.maintenance.map(\.updatedAt)
            + status.rows.compactMap(\.since)
        updatedAt = moments.filter { $0 <= status.now }.max() ?? status.now
    }

    /// Twelve digits that are the same for the same text, for ever.
    static func id(_ text: String) -> String { HashChain.hex(Array(OpenSSL.sha256(Array(text.utf8)).prefix(6))) }

    /// The newest change of what is shown.
    var changedAt: Timestamp { updatedAt }

    /// Every document by its path.
    var documents: [(path: String, bytes: [UInt8])] {
        let prefix = "/api/v2/"
        let recent = Array(status.record.incidents.prefix(Self.incidentsMax))
        let upcoming = status.maintenance(.scheduled)
        let active = status.maintenance(.inProgress)
        return [
            (
                "summary.json",
                { json in
                    writeStatus(to: &json)
                    writeComponents(to: &json)
                    writeIncidents(status.unresolved, to: &json)
                    writeMaintenance(active + upcoming, to: &json)
                }
            ),
            ("status.json", { json in writeStatus(to: &json) }),
            ("components.json", { json in writeComponents(to: &json) }),
            ("incidents.json", { json in writeIncidents(recent, to: &json) }),
            ("incidents/unresolved.json", { json in writeIncidents(status.unresolved, to: &json) }),
            (
                "scheduled-maintenances.json",
                { json in writeMaintenance(status.record.maintenance.reversed(), to: &json) }
            ),
            ("scheduled-maintenances/upcoming.json", { json in writeMaintenance(upcoming, to: &json) }),
            ("scheduled-maintenances/active.json", { json in writeMaintenance(active, to: &json) }),
        ].map { (name: String, write: (inout JSONWriter) -> Void) in
            var json = JSONWriter(capacity: 8_192)
            json.object { json in
                writePage(to: &json)
                write(&json)
            }
            return (prefix + name, json.bytes)
        }
    }

    private func writePage(to json: inout JSONWriter) {
        json.object("page") { json in
            json.member("id", pageID)
            json.member("name", settings.name)
            json.member("url", "\(settings.url)/status")
            json.member("time_zone", "Etc/UTC")
            json.member("updated_at", updatedAt)
        }
    }

    private func writeStatus(to json: inout JSONWriter) {
        json.object("status") { json in
            json.member("indicator", status.indicator.rawValue)
            json.member("description", status.indicator.description)
        }
    }

    // MARK: Components

    private func groupID(_ name: String) -> String { Self.id("group \(name)") }

    /// A group stands before its components, as one that holds them.
    private func writeComponents(to json: inout JSONWriter) {
        var position = 0
        var group: String?
        json.name("components")
        json.array { json in
            for row in status.rows {
                if let name = row.component.group, name != group {
                    position += 1
                    writeGroup(name, at: position, to: &json)
                }
                group = row.component.group
                position += 1
                write(row, at: position, to: &json)
            }
        }
    }

    private func writeGroup(_ name: String, at position: Int, to json: inout JSONWriter) {
        let rows = status.rows.filter { $0.component.group == name }
        let worst = rows.map(\.state).max { Self.rank($0) < Self.rank($1) } ?? .operational
        json.object { json in
            json.member("id", groupID(name))
            json.member("name", name)
            json.member("status", worst.rawValue)
            json.member("created_at", rows.map(\.component.createdAt).min())
            json.member("updated_at", rows.map(\.component.updatedAt).max())
            json.member("position", position)
            json.member("description", String?.none)
            json.member("showcase", false)
            json.member("start_date", String?.none)
            json.member("group_id", String?.none)
            json.member("page_id", pageID)
            json.member("group", true)
            json.member("only_show_if_degraded", false)
            json.member("components", rows.map(\.component.id))
        }
    }

    private static func rank(_ state: PublicComponentState) -> Int {
        switch state {
        case .operational: 0
        case .underMaintenance: 1
        case .degradedPerformance: 2
        case .partialOutage: 3
        case .majorOutage: 4
        }
    }

    private func write(_ row: PublicStatus.Row, at position: Int, to json: inout JSONWriter) {
        let component = row.component
        json.object { json in
            json.member("id", component.id)
            json.member("name", component.name)
            json.member("status", row.state.rawValue)
            json.member("created_at", component.createdAt)
            json.member("updated_at", max(component.updatedAt, row.since ?? component.updatedAt))
            json.member("position", position)
            json.member("description", component.description)
            json.member("showcase", true)
            json.member("start_date", String(component.createdAt.description.prefix(10)))
            json.member("group_id", component.group.map(groupID))
            json.member("page_id", pageID)
            json.member("group", false)
            json.member("only_show_if_degraded", false)
        }
    }

    private func writeComponents(_ ids: [String], to json: inout JSONWriter) {
        json.name("components")
        json.array { json in
            for (place, row) in status.rows.enumerated() where ids.contains(row.component.id) {
                write(row, at: place + 1, to: &json)
            }
        }
    }

    // MARK: Incidents

    private func writeIncidents(_ incidents: [PublicIncident], to json: inout JSONWriter) {
        json.array("incidents", incidents) { json, incident in write(incident, to: &json) }
    }

    private func write(_ incident: PublicIncident, to json: inout JSONWriter) {
        json.object { json in writeMembers(of: incident, to: &json) }
    }

    /// The members of an incident, for messages that add others.
    func writeMembers(of incident: PublicIncident, to json: inout JSONWriter) {
        json.member("id", "\(incident.number)")
        json.member("name", speech(status.name(of: incident)))
        json.member("status", incident.status.rawValue)
        json.member("impact", incident.impact.rawValue)
        json.member("created_at", incident.createdAt)
        json.member("updated_at", incident.updatedAt)
        json.member("started_at", incident.startedAt)
        json.member("monitoring_at", incident.monitoringAt)
        json.member("resolved_at", incident.resolvedAt)
        json.member("shortlink", "\(settings.url)/status/incidents/\(incident.number)")
        json.member("page_id", pageID)
        json.name("incident_updates")
        json.array { json in
            for (place, update) in incident.updates.enumerated() {
                let before = place + 1 < incident.updates.count ? incident.updates[place + 1] : nil
                write(update, after: before, of: incident, to: &json)
            }
        }
        writeComponents(incident.hits.map(\.component), to: &json)
        json.member("eta", incident.eta)
    }

    private func write(
        _ update: PublicIncident.Update, after before: PublicIncident.Update?, of incident: PublicIncident,
        to json: inout JSONWriter
    ) {
        json.object { json in
            json.member("id", "\(incident.number)-\(update.id)")
            json.member("incident_id", "\(incident.number)")
            json.member("status", update.status.rawValue)
            json.member("body", update.body)
            json.member("created_at", update.publishedAt)
            json.member("updated_at", update.correctedAt ?? update.publishedAt)
            json.member("display_at", update.publishedAt)
            json.name("affected_components")
            let affected = affected(update, after: before, of: incident)
            if affected.isEmpty {
                json.literal("null")
            } else {
                json.array(affected) { json, found in
                    json.object { json in
                        json.member("code", found.component.id)
                        json.member("name", found.component.name)
                        json.member("old_status", found.old.rawValue)
                        json.member("new_status", found.new.rawValue)
                    }
                }
            }
            json.member("deliver_notifications", false)
            json.member("custom_tweet", String?.none)
            json.member("tweet_id", String?.none)
            json.member("language", update.language)
            json.member("steps", update.steps)
        }
    }

    private typealias Affected = (component: PublicComponent, old: PublicComponentState, new: PublicComponentState)

    /// Components that are in harm, or were so at the update before.
    private func affected(
        _ update: PublicIncident.Update, after before: PublicIncident.Update?, of incident: PublicIncident
    ) -> [Affected] {
        incident.hits.compactMap { hit in
            let old = PublicComponentState(before?.levels[hit.component] ?? .none)
            let new = PublicComponentState(update.levels[hit.component] ?? .none)
            guard old != .operational || new != .operational else { return nil }
            return status.component(hit.component).map { ($0, old, new) }
        }
    }

    // MARK: Maintenance

    /// Maintenance is an incident with times ahead, of the impact `maintenance`.
    private func writeMaintenance(_ all: some Sequence<PublicMaintenance>, to json: inout JSONWriter) {
        json.array("scheduled_maintenances", all) { json, maintenance in
            json.object { json in writeMembers(of: maintenance, to: &json) }
        }
    }

    /// The members of maintenance, for messages that add others.
    func writeMembers(of maintenance: PublicMaintenance, to json: inout JSONWriter) {
        let state = maintenance.status(at: status.now)
        json.member("id", maintenance.id)
        json.member("name", speech(status.name(of: maintenance)))
        json.member("status", state.rawValue)
        json.member("impact", "maintenance")
        json.member("created_at", maintenance.createdAt)
        json.member("updated_at", maintenance.updatedAt)
        json.member("started_at", maintenance.startsAt)
        json.member("monitoring_at", String?.none)
        json.member("resolved_at", state == .completed ? maintenance.endsAt : nil)
        json.member("shortlink", "\(settings.url)/status")
        json.member("page_id", pageID)
        json.member("scheduled_for", maintenance.startsAt)
        json.member("scheduled_until", maintenance.endsAt)
        json.array("incident_updates", [Int]()) { _, _ in }
        writeComponents(maintenance.components, to: &json)
    }
}
