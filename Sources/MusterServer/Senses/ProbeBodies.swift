import IncidentDomain

/// Probes as requests write them.
enum ProbeBodies {
    /// The fields of all kinds are read, and those of the probe's own kind are used.
    static func draft(_ body: inout BodyReader, name: String) throws(Problem) -> ProbeDraft {
        let kind: ProbeTarget.Kind = body.enumeration("kind")
        // Of no kind, nobody knows what else it needs.
        let isKnown = body.errors.isEmpty
        let page = ProbeHTTPBodies.page(&body, isNeeded: isKnown && kind == .http)
        let host = host(&body, isNeeded: isKnown && kind != .http)
        let port = body.optionalInteger("port", 1...65_535)
        let expects = body.optionalString("expect", 1...200)
        let serverName = body.optionalString("server_name", 1...253)
        if let serverName, !ProbeHost.isName(serverName) { body.refuse("server_name", ProbeHost.nameRule) }
        let daysLeft = body.optionalInteger("min_days_left", 0...3_650) ?? 14
        if kind == .tcp { body.require("port") }
        let target: ProbeTarget =
            switch kind {
            case .http: .http(page)
            case .tcp: .tcp(TCPTarget(host: host, port: port ?? 0, expects: expects))
            case .tls:
                .tls(
                    TLSTarget(
                        host: host, port: port ?? 443, serverName: serverName, daysLeftMin: daysLeft,
                        verifies: page.verifies))
            }
        let draft = ProbeDraft(
            name: name, target: target, intervalSeconds: body.optionalInteger("interval_seconds", 5...86_400) ?? 60,
            timeoutSeconds: body.optionalInteger("timeout_seconds", 1...60) ?? 10,
            thresholds: ProbeThresholds(
                failuresToFire: body.optionalInteger("failures_to_fire", 1...100) ?? 3,
                successesToResolve: body.optionalInteger("successes_to_resolve", 1...100) ?? 2),
            component: SenseFields.component(&body), severity: body.optionalString("severity", 1...64),
            description: body.optionalString("description", 1...1000),
            isEnabled: body.optionalBool("enabled") ?? true)
        try body.finish()
        return draft
    }

    private static func host(_ body: inout BodyReader, isNeeded: Bool) -> String {
        guard let host = body.optionalString("host", 1...253) else {
            if isNeeded { body.require("host") }
            return ""
        }
        if !ProbeHost.isHost(host) { body.refuse("host", ProbeHost.rule) }
        return host
    }
}

extension ProbeDraft {
    /// The same with the secrets that were not sent again, as they are stored.
    func keepingSecrets(of stored: ProbeTarget?) throws(Problem) -> ProbeDraft {
        guard case .http(var page) = target else { return self }
        var known: [String: HTTPTarget.Header] = [:]
        var reason = "no secret with this name is stored"
        if case .http(let old)? = stored {
            if old.place == page.place {
                for header in old.headers where header.isSecret { known[header.name.lowercased()] = header }
            } else {
                reason = "the stored secrets are for \(old.place) and are not sent elsewhere"
            }
        }
        for (index, header) in page.headers.enumerated() where header.value == nil {
            guard let secret = known[header.name.lowercased()] else {
                throw .invalid("/headers/\(index)/value", "is required: \(reason)")
            }
            page.headers[index].value = secret.value
            page.headers[index].sealed = secret.sealed
        }
        var draft = self
        draft.target = .http(page)
        return draft
    }
}

/// Pages as requests write them.
enum ProbeHTTPBodies {
    static func page(_ body: inout BodyReader, isNeeded: Bool) -> HTTPTarget {
        let matches = body.optionalString("body_matches", 1...LinearPattern.Use.page.lengthMax)
        if let matches {
            do throws(PatternFault) {
                _ = try LinearPattern(matches, for: .page)
            } catch {
                body.refuse("body_matches", error.reason)
            }
        }
        return HTTPTarget(
            url: url(&body, isNeeded: isNeeded), method: body.optionalEnumeration("method") ?? .get,
            headers: headers(&body), expectedStatus: statuses(&body),
            bodyContains: body.optionalString("body_contains", 1...1000), bodyMatches: matches,
            latencyMaxMilliseconds: body.optionalInteger("max_latency_ms", 1...60_000),
            redirectsMax: body.optionalInteger("follow_redirects", 0...10) ?? 5,
            verifies: body.optionalBool("verify") ?? true)
    }

    private static func url(_ body: inout BodyReader, isNeeded: Bool) -> String {
        guard let url = body.optionalString("url", 1...2000) else {
            if isNeeded { body.require("url") }
            return ""
        }
        if let complaint = ProbeURL.complaint(about: url) { body.refuse("url", complaint) }
        return url
    }

    private static func headers(_ body: inout BodyReader) -> [HTTPTarget.Header] {
        body.optionalArray("headers", max: 20) { item in
            let name = item.string("name", 1...100)
            if !name.isEmpty, !isHeaderName(name) { item.refuse("name", "should be a valid header name") }
            if ours.contains(name.lowercased()) { item.refuse("name", "is set by the daemon") }
            let isSecret = item.optionalBool("secret") ?? false
            let value = item.optionalString("value", 0...2000)
            if !isSecret { item.require("value") }
            if let value, !value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) {
                item.refuse("value", "must not have control characters")
            }
            return HTTPTarget.Header(name: name, value: value, isSecret: isSecret)
        } ?? []
    }

    /// Headers that belong to the connection.
    static let ours: Set<String> = [
        "host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect",
    ]

    static func isHeaderName(_ text: String) -> Bool {
        text.utf8.allSatisfy { byte in
            let letter = byte | 0x20
            return letter >= UInt8(ascii: "a") && letter <= UInt8(ascii: "z")
                || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") || "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    /// Statuses and ranges of them, as `200-399`.
    private static func statuses(_ body: inout BodyReader) -> [HTTPTarget.Statuses] {
        let texts = body.optionalStrings("expected_status", max: 20, 3...7) ?? []
        let read = texts.compactMap(status)
        if read.count != texts.count {
            body.refuse("expected_status", "should be status codes such as \"204\" and ranges such as \"200-399\"")
        }
        return read.isEmpty ? [.init(first: 200, last: 399)] : read
    }

    private static func status(_ text: String) -> HTTPTarget.Statuses? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard let first = parts.first ?? nil, let last = parts.last ?? nil, parts.count <= 2 else { return nil }
        return range(first, last)
    }

    private static func range(_ first: Int, _ last: Int) -> HTTPTarget.Statuses? {
        (100...599).contains(first) && (100...599).contains(last) && first <= last
            ? HTTPTarget.Statuses(first: first, last: last) : nil
    }
}
