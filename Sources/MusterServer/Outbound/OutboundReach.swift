import IncidentDomain

/// What can be said of an endpoint's URL before anything is sent: what never works is refused, what will not work as things are is warned of.
struct OutboundReach: Sendable {
    let networks: OutboundNetworks
    let names: NameLookup
    /// How long a request waits for a name.
    private static let patience: Duration = .seconds(2)

    /// Below 1024 other services than web servers listen.
    private static let lowPorts: Set<Int> = [80, 443]
    /// Names by which clouds tell machines their secrets.
    private static let metadataNames: Set<String> = [
        "metadata.google.internal", "metadata.goog", "instance-data.ec2.internal",
    ]

    /// Why nothing is sent to such a URL, as the rest of a sentence, and what to do; nil when something may be.
    static func complaint(about url: ProbeURL) -> String? {
        guard url.port >= 1_024 || lowPorts.contains(url.port) else {
            return "has port \(url.port), which is not allowed: use 80, 443, or 1024 and above"
        }
        let host = url.host.hasSuffix(".") ? String(url.host.dropLast()) : url.host
        guard metadataNames.contains(host) || OutboundNetworks.isNeverAllowed(host) else { return nil }
        return "leads to \(url.host), which is never allowed (link-local, multicast and metadata addresses): name the "
            + "receiver's own address"
    }

    /// What is wrong with one of the addresses of a host; nil when messages may go to all of them.
    static func complaint(about found: [String], of host: String, _ networks: OutboundNetworks) -> String? {
        // One bad address is enough: a name that mixes them is made for getting in.
        if let never = found.first(where: OutboundNetworks.isNeverAllowed) {
            return
                "\(host) has the address \(never), which is never allowed (link-local, multicast and metadata addresses)"
        }
        guard let inner = found.first(where: { !networks.allows($0) }) else { return nil }
        return
            "\(host) has the address \(inner), which is not public; name its network in notifications.allowed_networks"
    }

    /// What would keep a message from being sent now.
    func warnings(about text: String) async -> [String] {
        guard let url = ProbeURL(text) else { return [] }
        var found = [url.host]
        if NetworkRange.bytes(of: url.host) == nil {
            do {
                found = try await names.addresses(of: url.host, within: Self.patience)
            } catch {
                let detail = (error as? ProbeCheck.Failure)?.detail ?? "cannot look \(url.host) up here"
                return ["\(detail); messages wait until it is found"]
            }
        }
        return Self.complaint(about: found, of: url.host, networks).map { [$0] } ?? []
    }
}
