import FoundationEssentials
import Glibc
import Testing

/// Debian's real Prometheus, which sends the alerts of one rule straight to a daemon: a disk is full while a file says so.
struct Prometheus: Sendable {
    let api: API
    private let metrics: String

    /// The quick hand of a test: it looks several times a second, and says again every second what still fires.
    ///
    /// - Parameter key: Of the source it sends to.
    static func with<T>(
        daemon address: String, key: String, _ body: (Prometheus) async throws -> T
    ) async throws -> T {
        let program = try await Tool.prometheus.path()
        return try await TemporaryDirectory.with { directory in
            let metrics = directory + "/metrics"
            try Files.write("", to: metrics)
            return try await PythonServer.with("metric_server.py", metrics) { machine in
                try Files.write(rules.description, to: directory + "/rules.yml")
                try Files.write(
                    configuration(machine, address, key, directory).description, to: directory + "/prometheus.yml")
                let own = "127.0.0.1:\(Port.free())"
                let child = try Child(
                    [
                        program, "--config.file=\(directory)/prometheus.yml", "--web.listen-address=\(own)",
                        "--storage.tsdb.path=\(directory)/data", "--rules.alert.resend-delay=1s",
                    ], output: directory + "/log", errors: directory + "/log")
                let prometheus = Prometheus(api: API(address: own), metrics: metrics)
                do {
                    try await Eventually.holds("Prometheus") {
                        if child.exitStatus != nil { throw Child.Failure(description: Files.text(directory + "/log")) }
                        return try await prometheus.api.get("/-/ready").status == 200
                    }
                    let value = try await body(prometheus)
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
    }

    private static let rules: JSON = [
        "groups": [
            [
                "name": "disks",
                "rules": [
                    [
                        "alert": "DiskFull", "expr": "disk_full == 1",
                        "labels": ["severity": "critical", "component": "database"],
                        "annotations": ["summary": "Disk of {{ $labels.disk }} is full – café"],
                    ]
                ],
            ]
        ]
    ]

    private static func configuration(_ machine: String, _ daemon: String, _ key: String, _ directory: String) -> JSON {
        [
            "global": [
                "scrape_interval": "300ms", "scrape_timeout": "300ms", "evaluation_interval": "300ms",
                "external_labels": ["cluster": "test"],
            ],
            "rule_files": [.string(directory + "/rules.yml")],
            "scrape_configs": [["job_name": "disks", "static_configs": [["targets": [.string(machine)]]]]],
            "alerting": [
                "alertmanagers": [
                    [
                        "static_configs": [["targets": [.string(daemon)]]],
                        "authorization": ["credentials": .string(key)],
                    ]
                ]
            ],
        ]
    }

    /// Which disks are full from now on, and which are not.
    func set(_ disks: [String: Bool]) throws {
        let lines = disks.sorted { $0.key < $1.key }.map { "disk_full{disk=\"\($0.key)\"} \($0.value ? 1 : 0)\n" }
        try Files.write(lines.joined(), to: metrics)
    }

    /// One of its counters, summed over what tells them apart.
    func count(_ metric: String) async throws -> Double {
        try await api.get("/metrics").text.split(separator: "\n").filter { $0.hasPrefix(metric + "{") }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
    }
}
