import IncidentDomain

/// Secret headers of probes: sealed where they are stored, open only while a probe looks.
extension HTTPTarget {
    /// The place that its secrets are for: they go nowhere else.
    var place: String {
        guard let url = ProbeURL(url) else { return url }
        return "\(url.isSecure ? "https" : "http")://\(url.host):\(url.port)"
    }

    /// Whether one of its secrets stands there for everybody to read.
    var hasPlainSecret: Bool { headers.contains { $0.isSecret && $0.value != nil } }
}

extension ProbeTarget {
    /// The same with its secrets sealed. What seals the same as before stays what it was, so that nothing has changed.
    func sealed(by box: SecretBox, beside stored: ProbeTarget?) async throws -> ProbeTarget {
        guard case .http(var page) = self, page.hasPlainSecret else { return self }
        var before: [String: String] = [:]
        if case .http(let old)? = stored, old.place == page.place {
            for header in old.headers { before[header.name.lowercased()] = header.sealed }
        }
        for (index, header) in page.headers.enumerated() where header.isSecret {
            guard let value = header.value else { continue }
            let known = before[header.name.lowercased()]
            let isSame = if let known { try await box.open(known, for: page.place) == value } else { false }
            let sealed = if isSame, let known { known } else { try await box.seal(value, for: page.place) }
            page.headers[index].value = nil
            page.headers[index].sealed = sealed
        }
        return .http(page)
    }

    /// The same with its secrets, for looking.
    ///
    /// - Throws: `ProbeCheck.Failure` when one cannot be opened.
    func opened(by box: SecretBox) async throws -> ProbeTarget {
        guard case .http(var page) = self else { return self }
        for (index, header) in page.headers.enumerated() {
            guard let sealed = header.sealed else { continue }
            guard let value = try await box.open(sealed, for: page.place) else {
                throw ProbeCheck.Failure(
                    detail:
                        "secret header \(header.name) cannot be decrypted: sealed for another host or with another key; set it "
                        + "again: PUT /v1/probes/NAME with its value")
            }
            page.headers[index].value = value
            page.headers[index].sealed = nil
        }
        return .http(page)
    }
}
