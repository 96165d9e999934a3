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
            json.array("sections", document.sections) { $0.value($1) }
            json.array("actions", document.actions) { json, action in
                json.value(ActionRepresentation(action: action, incident: document.incident.number))
            }
            json.array("unmet", document.unmet) { json, unmet in
                json.value(RequirementHint(unmet: unmet, number: document.number))
            }
            writeDurations(document, to: &json)
            json.array("phases", document.phases) { $0.value($1) }
            json.name("reports")
            if let reports = document.reports { json.value(reports) } else { json.literal("null") }
            json.member("timeline_entries", document.entries)
        }
        return json.bytes
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
            json.member("generated", generated)
            json.member("needs_person", needsPerson)
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
