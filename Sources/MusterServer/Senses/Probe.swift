import FoundationEssentials
import IncidentDomain

/// Something that the daemon looks at by itself, as people configure it.
struct ProbeDraft: Hashable, Sendable {
    let name: String
    var target: ProbeTarget
    let intervalSeconds: Int
    let timeoutSeconds: Int
    let thresholds: ProbeThresholds
    let component: String?
    let severity: String?
    let description: String?
    let isEnabled: Bool

    /// What its alert has to hear.
    func signal(since start: Timestamp, until end: Timestamp?, detail: String) -> SenseSignal {
        var annotations = ["detail": detail]
        annotations["description"] = description
        return SenseSignal(
            source: BuiltInSource.probes, identity: name,
            title: ForeignText.cut("Probe \(name): \(detail)", scalars: 300),
            component: component, severity: severity,
            labels: ["alertname": "ProbeFailed", "probe": name, "kind": target.kind.rawValue],
            annotations: annotations, startsAt: start, endsAt: end)
    }
}

/// A probe as it stands.
struct Probe: Sendable {
    /// What the last look found.
    struct Result: Sendable {
        let isPassed: Bool
        let checkedAt: Timestamp
        let latencyMilliseconds: Int?
        let detail: String
    }

    let draft: ProbeDraft
    let state: ProbeState
    let last: Result?
    let nextAt: Timestamp
    let createdAt: Timestamp
    let updatedAt: Timestamp
    /// What the last result says, or why nothing could be found out since.
    var detail: String?

    var status: ProbeStatus {
        last.map { $0.isPassed ? .passing : .failing } ?? .pending
    }
}

extension Probe: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("name", draft.name)
            json.member("kind", draft.target.kind.rawValue)
            draft.target.writeMembers(to: &json)
            json.member("interval_seconds", draft.intervalSeconds)
            json.member("timeout_seconds", draft.timeoutSeconds)
            json.member("failures_to_fire", draft.thresholds.failuresToFire)
            json.member("successes_to_resolve", draft.thresholds.successesToResolve)
            json.member("component", draft.component)
            json.member("severity", draft.severity)
            json.member("description", draft.description)
            json.member("enabled", draft.isEnabled)
            json.member("status", status.rawValue)
            json.member("failures", state.failures)
            json.member("successes", state.successes)
            json.member("firing_since", state.firingSince)
            json.member("checked_at", last?.checkedAt)
            json.member("latency_ms", last?.latencyMilliseconds)
            json.member("detail", detail)
            json.member("next_at", draft.isEnabled ? nextAt : nil)
            json.member("created_at", createdAt)
            json.member("updated_at", updatedAt)
        }
    }
}

extension Probe.Result: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("checked_at", checkedAt)
            json.member("passed", isPassed)
            json.member("latency_ms", latencyMilliseconds)
            json.member("detail", detail)
        }
    }
}

extension ProbeTarget {
    /// Its own fields, beside those that all probes have. What is secret is not there.
    func writeMembers(to json: inout JSONWriter) {
        switch self {
        case .http(let page):
            json.member("url", page.url)
            json.member("method", page.method.rawValue)
            json.array("headers", page.headers) { json, header in
                json.object { json in
                    json.member("name", header.name)
                    if !header.isSecret { json.member("value", header.value) }
                    json.member("secret", header.isSecret)
                }
            }
            json.member("expected_status", page.expectedStatus.map(\.text))
            json.member("body_contains", page.bodyContains)
            json.member("body_matches", page.bodyMatches)
            json.member("max_latency_ms", page.latencyMaxMilliseconds)
            json.member("follow_redirects", page.redirectsMax)
            json.member("verify", page.verifies)
        case .tcp(let port):
            json.member("host", port.host)
            json.member("port", port.port)
            json.member("expect", port.expects)
        case .tls(let port):
            json.member("host", port.host)
            json.member("port", port.port)
            json.member("server_name", port.serverName)
            json.member("min_days_left", port.daysLeftMin)
            json.member("verify", port.verifies)
        }
    }
}
