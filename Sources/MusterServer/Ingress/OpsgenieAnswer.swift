import FoundationEssentials
import HTTPTypes
import IncidentDomain

/// The forms of Opsgenie's Alert API: always an object with `took` and `requestId`, for a yes and a no.
enum OpsgenieAnswer {
    /// The request was taken; what became of it can be asked under its id.
    static func accepted(_ id: UUID, since start: ContinuousClock.Instant) -> Answer {
        .json(status: .accepted) { json in
            json.object { json in
                json.member("result", "Request will be processed")
                finish(&json, id, start)
            }
        }
    }

    static func data(
        since start: ContinuousClock.Instant, _ write: (inout JSONWriter) -> Void
    ) -> Answer {
        .json { json in
            json.object { json in
                json.name("data")
                write(&json)
                finish(&json, .random(), start)
            }
        }
    }

    static func refusal(_ status: HTTPResponse.Status, _ message: String) -> Answer {
        .json(status: status) { json in
            json.object { json in
                json.member("message", message)
                finish(&json, .random(), .now)
            }
        }
    }

    /// A problem in their form; nil of a fault of ours, which their clients should meet as it is.
    static func refusal(_ problem: Problem) -> Answer? {
        let isOverload = problem.kind == .overloaded
        guard isOverload || problem.kind.status.code < 500 else { return nil }
        let letter = problem.members["dead_letter"]?.string.map { " Kept as dead letter \($0)." }
        let detail = letter.map { Problem.sentence(problem.detail) + $0 } ?? problem.detail
        var answer = refusal(isOverload ? .tooManyRequests : problem.kind.status, detail)
        answer.headers.append(contentsOf: problem.headers)
        return answer
    }

    /// An alert as their `GET` answers it: what its client sent comes back as it was.
    ///
    /// - Parameter sent: The body that created it. An alert that came by another door shows its labels as details.
    static func write(_ alert: StoredAlert, sent: JSONValue?, to json: inout JSONWriter) {
        let labels = (try? AlertTexts.texts(alert.labels)) ?? [:]
        let annotations = (try? AlertTexts.texts(alert.annotations)) ?? [:]
        let own = sent.map { OpsgenieFormat.ownLabels(of: $0) } ?? labels
        json.object { json in
            json.member("id", alert.id)
            json.member("tinyId", OpsgenieName.tiny(alert.id))
            json.member("alias", alert.identity)
            json.member("message", alert.title)
            json.member("status", alert.status == .resolved ? "closed" : "open")
            json.member("acknowledged", alert.status == .acknowledged)
            json.member("isSeen", alert.status != .firing)
            json.member("snoozed", false)
            json.array("tags", (labels["tags"] ?? "").split(separator: ",")) { $0.value(String($1)) }
            json.member("count", alert.occurrences)
            json.member("createdAt", alert.firstSeenAt)
            json.member("updatedAt", alert.lastSeenAt)
            json.member("lastOccurredAt", alert.lastSeenAt)
            json.member("source", own["source"])
            json.member("owner", alert.acknowledgedBy ?? "")
            json.member("priority", alert.severity ?? "P3")
            json.member("entity", own["entity"] ?? "")
            json.member("description", description(of: sent, annotations["description"]))
            json.member("responders", JSONValue.array((sent?["responders"]?.array ?? []).map(responder)))
            json.member("actions", JSONValue.array(sent?["actions"]?.array ?? []))
            json.member("details", details(of: sent, labels))
        }
    }

    /// All of what was sent, unless it was changed since: of long ones, the alert has the beginning.
    private static func description(of sent: JSONValue?, _ stored: String?) -> String {
        guard let told = sent?["description"]?.string,
            ForeignText.bounded(told, bytes: ForeignText.annotationBytesMax) == stored
        else { return stored ?? "" }
        return told
    }

    /// As it was sent. Their SDKs read no responder without an id, which Opsgenie itself looks up by the name.
    private static func responder(_ sent: JSONValue) -> JSONValue {
        guard var object = sent.object, object["id"] == nil else { return sent }
        let name = ["name", "username"].lazy.compactMap { object[$0]?.string }.first ?? ""
        object["id"] = .string(UUID.digest(of: "responder \(name)").uuidString.lowercased())
        return .object(object)
    }

    private static func details(of sent: JSONValue?, _ labels: [String: String]) -> JSONValue {
        guard let sent else {
            return .object(
                JSONObject(labels.sorted { $0.key < $1.key }.map { .init(name: $0.key, value: .string($0.value)) }))
        }
        return .object(sent["details"]?.object ?? JSONObject())
    }

    private static func finish(_ json: inout JSONWriter, _ id: UUID, _ start: ContinuousClock.Instant) {
        let took = start.duration(to: .now).components
        json.member("took", Double(took.seconds) + Double(took.attoseconds / 1_000_000_000_000_000) / 1000)
        json.member("requestId", id)
    }
}
