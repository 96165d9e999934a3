import IncidentDomain

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
