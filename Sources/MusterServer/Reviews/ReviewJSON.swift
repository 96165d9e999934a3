import IncidentDomain

/// The review as the API answers it. Sections are Markdown as it is stored: what a client changes and sends back.
enum ReviewJSON {
    static func bytes(_ document: ReviewDocument) -> [UInt8] {
        var json = JSONWriter(capacity: 16_384)
        json.object { json in
            json.member("incident", document.number)
            json.member("title", document.title)
            json.member("severity", document.incident.severity?.rawValue)
            json.member("phase", document.incident.phase.rawValue)
            json.member("revision", document.revision)
            json.member("status", document.status.rawValue)
            json.member("approved_by", document.approvedBy)
            json.array("signatures", document.signatures) { json, signature in
                json.object { json in
                    json.member("by", signature.by)
                    json.member("as", signature.role)
                    json.member("revision", signature.revision)
                    json.member("signed_at", signature.at)
                }
            }
            json.array("reviewers", document.reviewers) { $0.value($1) }
            json.array("comments", document.comments) { $0.value($1) }
            json.array("sections", document.sections) { $0.value($1) }
            json.array("attachments", document.incident.keptAttachments) {
                $0.value(AttachmentRepresentation(attachment: $1, incident: document.number))
            }
            json.array("actions", document.actions) { json, action in
                json.value(ActionRepresentation(action: action, incident: document.incident.number))
            }
            json.array("unmet", document.unmet) { json, unmet in
                json.value(RequirementHint(unmet: unmet, number: document.number))
            }
            writeFacts(document.incident, to: &json)
            writeDurations(document, to: &json)
            json.array("phases", document.phases) { $0.value($1) }
            writeImpact(document.impacts, to: &json)
            json.name("reports")
            if let reports = document.reports { json.value(reports) } else { json.literal("null") }
            json.array("causes", document.incident.causes) { $0.value($1) }
            json.array("facts", document.facts) { $0.value($1) }
            json.member("timeline_entries", document.entries)
        }
        return json.bytes
    }

    /// What the sections are written from, as data.
    private static func writeFacts(_ incident: Incident, to json: inout JSONWriter) {
        IncidentRepresentation.writeClocks(incident.clocks, to: &json)
        IncidentRepresentation.writeRoles(incident, to: &json)
        json.array("audiences", incident.audiences) { $0.value($1) }
        json.array("mitigations", incident.mitigations) { $0.value($1) }
        json.array("tasks", incident.tasks) { $0.value($1) }
        json.array("steps", incident.steps) { json, step in
            json.object { json in
                json.member("component", step.component)
                json.member("state", step.state.rawValue)
                json.member("attempts", step.attempts ?? 0)
                json.member("failures", step.failures)
                json.member("started_at", step.firstStartedAt ?? step.startedAt)
                json.member("restored_at", step.restoredAt)
            }
        }
        json.object("alerts") { json in
            json.member("total", incident.alerts)
            json.member("firing", incident.firing.values.reduce(0, +))
        }
    }

    /// How hard everything was hit over time, the components by name.
    private static func writeImpact(_ impacts: ImpactHistory, to json: inout JSONWriter) {
        json.object("impact") { json in
            json.member("worst", impacts.worst?.rawValue)
            json.name("at_worst")
            if let worst = impacts.worst { json.value(impacts.length(at: worst)) } else { json.literal("null") }
            json.name("in_all")
            if impacts.worst != nil { json.value(impacts.length()) } else { json.literal("null") }
            json.array("components", impacts.stretches.sorted { $0.key < $1.key }) { json, entry in
                json.object { json in
                    json.member("component", entry.key)
                    json.member("worst", impacts.worst(of: entry.key)?.rawValue)
                    json.name("in_all")
                    json.value(impacts.length(of: entry.key))
                    json.array("levels", entry.value) { $0.value($1) }
                }
            }
        }
    }

    private static func writeDurations(_ document: ReviewDocument, to json: inout JSONWriter) {
        let times = document.incident.clocks
        json.object("durations") { json in
            json.member("time_to_detect_seconds", times.timeToDetect)
            json.member("time_to_acknowledge_seconds", times.timeToAcknowledge)
            json.member("time_to_mitigate_seconds", times.timeToMitigate)
            json.member("time_to_restore_seconds", times.timeToRestore)
            json.array("phases", document.phaseTotals) { json, total in
                json.object { json in
                    json.member("phase", total.phase.rawValue)
                    json.member("visits", total.visits)
                    json.member("seconds", total.seconds)
                    json.member("since", total.since)
                }
            }
        }
    }
}

extension ReviewSection: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", id)
            json.member("title", title)
            json.member("markdown", markdown)
            json.member("generated_markdown", replaced.map(DocumentMarkdown.render))
            json.member("generated", generated)
            json.member("needs_person", needsPerson)
            json.member("hidden", isHidden)
        }
    }
}

extension ToldFact: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("entry", entry)
            fact.writeMembers(to: &json)
            json.member("occurred_at", at)
            json.member("written_by", writtenBy)
            json.member("from", fact.origin?.incident)
        }
    }
}

extension ImpactHistory.Length: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("seconds", DurationText.rounded(seconds))
            json.member("ongoing", isOngoing)
        }
    }
}

extension ImpactHistory.Stretch: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("level", level.rawValue)
            json.array("regions", regions) { $0.value($1) }
            json.member("started_at", begin)
            json.member("ended_at", end)
            json.member("seconds", seconds)
        }
    }
}

extension PhaseSpan: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("phase", phase.rawValue)
            json.member("started_at", startedAt)
            json.member("ended_at", endedAt)
            json.member("seconds", seconds)
        }
    }
}
