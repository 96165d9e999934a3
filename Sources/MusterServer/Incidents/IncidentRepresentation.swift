import HTTPTypes
import IncidentDomain

/// An incident as the API shows it. Written once when the incident changes, and stored: reading one costs no encoding.
enum IncidentRepresentation {
    /// Counts the forms that representations have had. Raised with every change of a field or a sentence, so that what an earlier
    /// release stored is written anew when it is read.
    private static let form = 11

    /// The members, of which `fields` chooses some in lists; what matters first.
    static let fields = [
        "number", "title", "phase", "severity", "next", "id", "summary", "severity_origin", "cause", "impacts",
        "audiences", "roles", "labels", "times", "durations", "corrected_times", "earlier_times", "warnings", "eta",
        "restoration", "eta_history", "next_update_due_at", "review_due_at", "updates", "version", "hypotheses",
        "mitigations", "suggested_mitigations", "tasks", "actions", "alerts", "signals", "links", "attachments",
        "reports", "review",
        "merged_into", "self_recovered", "updated_at",
    ]

    /// What of it answers a write whose sender prefers little (`Prefer: return=minimal`).
    static let minimal: Set<String> = ["number", "phase", "version", "next"]

    /// What a stored representation depends on besides its incident.
    static func stamp(_ policy: PhasePolicy) -> String {
        "\(form)-\(policy.stamp)"
    }

    static func bytes(of incident: Incident, policy: PhasePolicy) -> [UInt8] {
        var json = JSONWriter(capacity: 2048)
        json.object { json in
            json.member("number", incident.number)
            json.member("title", incident.title)
            json.member("phase", incident.phase.rawValue)
            json.member("severity", incident.severity?.rawValue)
            writeNext(incident, policy, to: &json)
            json.member("id", "INC-\(incident.number)")
            json.member("summary", incident.summary)
            json.member(
                "severity_origin", incident.severity.map { _ in (incident.severityOrigin ?? .person).rawValue })
            json.name("cause")
            write(incident.cause, to: &json)
            json.array("impacts", incident.impacts) { $0.value($1) }
            json.array("audiences", incident.audiences) { $0.value($1) }
            writeRoles(incident, to: &json)
            json.object("labels") { json in
                for (name, value) in incident.labels.sorted(by: { $0.key < $1.key }) { json.member(name, value) }
            }
            writeTimes(incident, to: &json)
            json.member("eta", incident.phase.hasWaitingPeople ? incident.eta : nil)
            writeRestoration(incident, to: &json)
            writeCommunication(incident, to: &json)
            json.member("version", incident.version)
            writeWork(incident, to: &json)
            writeRest(incident, to: &json)
        }
        return json.bytes
    }

    /// The answer to a command: the incident as it is then, or as little of it as is preferred.
    ///
    /// - Parameter status: `.created` of what has the place of the incident in `Location`.
    static func answer(
        _ outcome: IncidentDesk.Outcome, _ bytes: [UInt8]? = nil, status: HTTPResponse.Status = .ok
    ) -> Answer {
        var answer = Answer.json(
            bytes ?? outcome.representation, status: status, version: outcome.incident.version)
        answer.minimalMembers = minimal
        return answer
    }

    private static func write(_ cause: CauseHypothesis?, to json: inout JSONWriter) {
        guard let cause else { return json.literal("null") }
        json.value(cause)
    }

    static func writeRoles(_ incident: Incident, to json: inout JSONWriter) {
        json.object("roles") { json in
            for role in IncidentRole.allCases {
                if let person = incident.roles[role] { json.member(role.rawValue, person) }
            }
        }
    }

    static func writeClocks(_ times: IncidentTimes, to json: inout JSONWriter) {
        json.object("times") { json in
            json.member("started_at", times.startedAt)
            json.member("detected_at", times.detectedAt)
            json.member("acknowledged_at", times.acknowledgedAt)
            json.member("assessed_at", times.assessedAt)
            json.member("mitigated_at", times.mitigatedAt)
            json.member("restored_at", times.restoredAt)
            json.member("reviewed_at", times.reviewedAt)
            json.member("closed_at", times.closedAt)
        }
    }

    private static func writeTimes(_ incident: Incident, to json: inout JSONWriter) {
        let times = incident.clocks
        writeClocks(times, to: &json)
        json.object("durations") { json in
            json.member("time_to_detect_seconds", times.timeToDetect)
            json.member("time_to_acknowledge_seconds", times.timeToAcknowledge)
            json.member("time_to_mitigate_seconds", times.timeToMitigate)
            json.member("time_to_restore_seconds", times.timeToRestore)
        }
        json.array("corrected_times", incident.corrections ?? []) { json, correction in
            json.object { json in
                json.member("clock", correction.clock.field)
                json.member("value", correction.moment)
                json.member("by", correction.by)
                json.member("reason", correction.reason)
            }
        }
        json.array("earlier_times", (incident.earlierClocks ?? []).reversed()) { $0.value($1) }
        json.array("warnings", incident.warnings) { json, warning in
            json.object { json in
                json.member("code", warning.code.rawValue)
                json.member("detail", warning.detail)
            }
        }
    }

    /// When the plan expects the end, as its newest revision in the timeline says: nothing is worked out for it.
    private static func writeRestoration(_ incident: Incident, to json: inout JSONWriter) {
        json.name("restoration")
        guard incident.phase == .restore, let plan = incident.plan else { return json.literal("null") }
        json.object { json in
            json.member("eta", plan.expected?.median)
            json.member("p80", plan.expected?.p80)
            json.member("p90", plan.expected?.p90)
            json.member("revision", plan.revision)
        }
    }

    /// What was said of the end, by whom, the newest first, and what is due to those who wait.
    private static func writeCommunication(_ incident: Incident, to json: inout JSONWriter) {
        json.name("eta_history")
        let said = incident.communication?.etas ?? []
        if let newest = said.last {
            json.object { json in
                write(newest, to: &json)
                json.array("earlier", said.dropLast().reversed()) { json, statement in
                    json.object { write(statement, to: &$0) }
                }
            }
        } else {
            json.literal("null")
        }
        json.member("next_update_due_at", incident.nextUpdateDueAt)
        json.member("review_due_at", incident.reviewDueAt)
        json.object("updates") { json in
            json.member("published", incident.updates)
            json.member("drafts", incident.communication?.drafts.count ?? 0)
        }
    }

    private static func write(_ statement: EtaStatement, to json: inout JSONWriter) {
        json.member("value", statement.eta)
        json.member("source", statement.source.rawValue)
        json.member("said_at", statement.saidAt)
        json.member("by", statement.by)
        json.member("reason", statement.reason)
        json.name("withdrawn")
        guard let withdrawn = statement.withdrawn else { return json.literal("null") }
        json.object { json in
            json.member("at", withdrawn.at)
            json.member("by", withdrawn.by)
            json.member("reason", withdrawn.reason)
        }
    }

    /// The next phase and what is missing for it; null once there is none.
    private static func writeNext(_ incident: Incident, _ policy: PhasePolicy, to json: inout JSONWriter) {
        json.name("next")
        guard let next = incident.phase.next else { return json.literal("null") }
        let unmet = policy.unmet(leaving: incident.phase, of: incident)
        json.object { json in
            json.member("phase", next.rawValue)
            json.member("ready", unmet.isEmpty)
            json.array("unmet", unmet) { $0.value(RequirementHint(unmet: $1, number: incident.number)) }
            json.array("offers", ClearedOffer.all(for: incident)) { $0.value($1) }
        }
    }

    private static func writeWork(_ incident: Incident, to json: inout JSONWriter) {
        json.array("hypotheses", incident.hypotheses) { $0.value($1) }
        json.array("mitigations", incident.mitigations) { $0.value($1) }
        json.array("suggested_mitigations", incident.cause.map(Playbook.suggestions) ?? []) { json, suggestion in
            json.object { json in
                json.member("kind", suggestion.kind)
                json.member("description", suggestion.description)
            }
        }
        json.array("tasks", incident.tasks) { $0.value($1) }
        json.array("actions", incident.actions) {
            $0.value(ActionRepresentation(action: $1, incident: incident.number))
        }
    }

    private static func write(_ reports: ReportImpact?, to json: inout JSONWriter) {
        guard let reports else { return json.literal("null") }
        json.object { json in
            json.member("total", reports.total)
            json.member("peak_per_minute", reports.peakPerMinute)
            json.member("baseline_per_minute", reports.baselinePerMinute)
            json.member("since", reports.since)
        }
    }

    private static func write(_ recovery: SelfRecovery?, to json: inout JSONWriter) {
        guard let recovery else { return json.literal("null") }
        json.object { json in
            json.member("cleared_at", recovery.clearedAt)
            json.member("reopen_until", recovery.reopenUntil)
        }
    }

    private static func writeRest(_ incident: Incident, to json: inout JSONWriter) {
        json.object("alerts") { json in
            json.member("total", incident.alerts)
            json.member("firing", incident.firing.values.reduce(0, +))
        }
        json.object("signals") { json in
            json.member("firing", incident.firing.values.reduce(0, +))
            json.member("cleared_at", incident.clearedAt)
            json.member("closes_at", incident.closesAt)
        }
        json.array("links", incident.links ?? []) { $0.value($1) }
        json.array("attachments", incident.keptAttachments) {
            $0.value(AttachmentRepresentation(attachment: $1, incident: incident.number))
        }
        json.name("reports")
        write(incident.reports, to: &json)
        json.name("review")
        if let review = incident.review {
            json.object { json in
                json.member("revision", review.revision)
                json.member("status", review.status.rawValue)
            }
        } else {
            json.literal("null")
        }
        json.member("merged_into", incident.mergedInto)
        json.name("self_recovered")
        write(incident.recovery, to: &json)
        json.member("updated_at", incident.lastRecordedAt)
    }
}

extension IncidentLink: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("kind", kind.rawValue)
            json.member("url", url)
        }
    }
}

extension EarlierClocks: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("from", from.rawValue)
            json.member("to", to.rawValue)
            json.member("reverted_at", revertedAt)
            json.member("assessed_at", measured.assessedAt)
            json.member("mitigated_at", measured.mitigatedAt)
            json.member("restored_at", measured.restoredAt)
            json.member("reviewed_at", measured.reviewedAt)
            json.member("closed_at", measured.closedAt)
        }
    }
}

extension CauseHypothesis: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("category", category.rawValue)
            json.member("subcategory", subcategory?.rawValue)
            json.member("confidence", confidence.rawValue)
            json.member("role", role?.rawValue)
            json.member("component", component)
            json.member("change", change)
            json.member("evidence", evidence)
            json.member("stated_at", statedAt)
            json.member("entry", entry)
        }
    }
}

extension ComponentImpact: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("component", component)
            json.member("impact", impact.rawValue)
            json.member("regions", regions)
            json.member("started_at", startedAt)
            json.member("ended_at", endedAt)
            json.member("origin", (fromAlert ?? false ? SeverityOrigin.alert : .person).rawValue)
            json.member("deliberate", deliberate ?? false)
        }
    }
}

extension AudienceImpact: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("audience", audience.rawValue)
            json.member("description", description)
            json.member("people", people)
            json.member("money", money)
            json.member("currency", currency)
            json.member("reports", reports)
        }
    }
}

extension IncidentFact {
    func writeMembers(to json: inout JSONWriter) {
        json.member("kind", kind.rawValue)
        json.member("text", text)
        json.member("value", value)
        json.member("unit", unit)
        json.member("until", until)
        json.member("reason", reason)
        json.member("source", source)
        json.member("by", by)
        json.member("component", component)
        json.member("detection", detection?.rawValue)
        json.member("incident", incident)
        json.member("precision", (precision ?? .exact).rawValue)
    }
}

extension Mitigation: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", id)
            json.member("description", description)
            json.member("kind", kind)
            json.member("owner", owner)
            json.member("state", state.rawValue)
            json.member("reason", reason)
            json.member("in_force", inForce ?? false)
            json.member("started_at", startedAt)
            json.member("ended_at", endedAt)
            json.member("entry", entry)
            json.member("from", incident)
            json.member("struck", struck ?? false)
        }
    }
}

extension IncidentTask: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", id)
            json.member("text", text)
            json.member("owner", owner)
            json.member("done", done)
            json.member("entry", entry)
            json.member("from", incident)
            json.member("struck", struck ?? false)
        }
    }
}

/// A follow-up as the API shows it.
struct ActionRepresentation: JSONWritable {
    let action: ActionItem
    /// The number of its incident.
    let incident: Int

    func write(to json: inout JSONWriter) {
        json.object { writeMembers(to: &$0) }
    }

    func writeMembers(to json: inout JSONWriter) {
        json.member("id", action.id(in: incident))
        json.member("incident", incident)
        json.member("title", action.title)
        json.member("kind", action.kind.rawValue)
        json.member("owner", action.owner)
        json.member("due", action.due)
        json.member("required", action.required)
        json.member("state", action.state.rawValue)
        json.member("entry", action.entry)
        json.member("priority", action.priority?.rawValue)
        json.member("link", action.link)
        json.member("answers", action.answers)
        json.member("from", action.incident)
        json.member("struck", action.struck ?? false)
    }
}
