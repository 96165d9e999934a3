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

// MARK: - Targets and outcomes

/// What a probe looks at, and what it expects to find.
enum ProbeTarget: Hashable, Codable, Sendable {
    case http(HTTPTarget)
    case tcp(TCPTarget)
    case tls(TLSTarget)

    enum Kind: String, CaseIterable, Sendable {
        case http, tcp, tls
    }

    var kind: Kind {
        switch self {
        case .http: .http
        case .tcp: .tcp
        case .tls: .tls
        }
    }
}

/// A page, and what its answer should be like.
struct HTTPTarget: Hashable, Codable, Sendable {
    struct Header: Hashable, Codable, Sendable {
        let name: String
        /// Nil of a secret as it is stored, and on its way in of one that is to stay what it was.
        var value: String?
        /// Whether the value is told to nobody any more.
        let isSecret: Bool
        /// The value of a secret, sealed (`SecretBox`).
        var sealed: String? = nil
    }

    enum Method: String, CaseIterable, Codable, Sendable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case options = "OPTIONS"
    }

    /// Statuses from one to another.
    struct Statuses: Hashable, Codable, Sendable {
        let first: Int
        let last: Int

        var text: String { first == last ? "\(first)" : "\(first)-\(last)" }
    }

    let url: String
    let method: Method
    var headers: [Header]
    let expectedStatus: [Statuses]
    let bodyContains: String?
    let bodyMatches: String?
    let latencyMaxMilliseconds: Int?
    let redirectsMax: Int
    /// Whether a certificate has to be trusted.
    let verifies: Bool
}

/// A port that takes connections, and what it says first.
struct TCPTarget: Hashable, Codable, Sendable {
    let host: String
    let port: Int
    let expects: String?
}

/// A port that speaks TLS, and for how long its certificate should be good.
struct TLSTarget: Hashable, Codable, Sendable {
    let host: String
    let port: Int
    /// What the certificate should be for; nil is the host.
    let serverName: String?
    let daysLeftMin: Int
    /// Whether the certificate has to be trusted; its end is looked at in any case.
    let verifies: Bool
}

/// What one look found.
struct ProbeOutcome: Hashable, Sendable {
    let isPassed: Bool
    /// One clause, as "status 503, expected 200-399".
    let detail: String
    /// How long the answer took; nil when there was none.
    let latencyMilliseconds: Int?
    /// Nothing is known of the target, as something of our own kept us from looking. It counts neither way.
    var isUnknown = false

    static func passed(_ detail: String, _ latency: Int) -> ProbeOutcome {
        ProbeOutcome(isPassed: true, detail: detail, latencyMilliseconds: latency)
    }

    static func unknown(_ detail: String) -> ProbeOutcome {
        ProbeOutcome(
            isPassed: false, detail: ForeignText.cut(detail, scalars: 500), latencyMilliseconds: nil, isUnknown: true)
    }

    static func failed(_ detail: String, _ latency: Int? = nil) -> ProbeOutcome {
        ProbeOutcome(isPassed: false, detail: ForeignText.cut(detail, scalars: 500), latencyMilliseconds: latency)
    }
}
