import FoundationEssentials
import Glibc
import Testing

/// Debian's real Alertmanager, with one receiver.
struct Alertmanager: Sendable {
    let api: API
    private let directory: String

    /// The quick hand of a test: groups are told of after 0.3 s, changes every second, repeats every two.
    static func with<T>(hook: String, _ body: (Alertmanager) async throws -> T) async throws -> T {
        let webhooks: JSON = [["url": .string(hook), "send_resolved": true]]
        return try await with(receiver: ["webhook_configs": webhooks], body)
    }

    /// - Parameter receiver: Its configurations, by their kind.
    static func with<T>(receiver: JSON, _ body: (Alertmanager) async throws -> T) async throws -> T {
        let program = try await Tool.alertmanager.path()
        return try await TemporaryDirectory.with { directory in
            let address = "127.0.0.1:\(Port.free())"
            let configuration: JSON = [
                "route": [
                    "receiver": "muster", "group_by": ["alertname"], "group_wait": "300ms", "group_interval": "1s",
                    "repeat_interval": "2s",
                ],
                "receivers": [receiver.with(["name": "muster"])],
            ]
            try Files.write(configuration.description, to: directory + "/configuration.yml")
            let child = try Child(
                Self.withTemplates + [
                    program, "--config.file=\(directory)/configuration.yml", "--storage.path=\(directory)/storage",
                    "--cluster.listen-address=", "--web.listen-address=\(address)",
                ], output: directory + "/log", errors: directory + "/log")
            let alertmanager = Alertmanager(api: API(address: address), directory: directory)
            do {
                try await Eventually.holds("Alertmanager") {
                    if child.exitStatus != nil { throw Child.Failure(description: Files.text(directory + "/log")) }
                    return try await alertmanager.api.get("/-/ready").status == 200
                }
                let value = try await body(alertmanager)
                child.signal(SIGKILL)
                _ = try await child.ended()
                return value
            } catch {
                child.signal(SIGKILL)
                _ = try? await child.ended()
                throw error
            }
        }
    }

    /// Debian's program reads its templates from /usr/share, and was installed nowhere: it gets a view of the file system
    /// of its own, in which they are there.
    private static let withTemplates = [
        "unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
        "mount --bind \"${1%/bin/*}/share\" /usr/share && exec \"$@\"", "alertmanager",
    ]

    /// Tells it that alerts fire, or since when they do no more.
    func push(_ alertname: String, _ instances: [String], component: String, resolvedAt: Date? = nil) async throws {
        let alerts = instances.map { instance -> JSON in
            let alert: JSON = [
                "labels": [
                    "alertname": .string(alertname), "instance": .string(instance), "component": .string(component),
                    "severity": "critical",
                ],
                "annotations": ["summary": "\(alertname) on \(instance)"],
                "startsAt": .string(Moment.text(Self.start)),
            ]
            guard let resolvedAt else { return alert }
            return alert.with(["endsAt": .string(Moment.text(resolvedAt))])
        }
        try await api.post("/api/v2/alerts", .array(alerts)).expect(200)
    }

    private static let start = Date(timeIntervalSinceNow: -60)

    /// One of its counters about a kind of receiver, summed over what else tells them apart.
    func count(_ metric: String, _ integration: String = "webhook") async throws -> Double {
        try await api.get("/metrics").text.split(separator: "\n")
            .filter { $0.hasPrefix(metric) && $0.contains("integration=\"\(integration)\"") }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
    }
}
