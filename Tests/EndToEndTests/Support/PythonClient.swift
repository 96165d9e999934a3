import FoundationEssentials
import Glibc

/// Client libraries of other people, from PyPI at the versions of `Clients/requirements.txt`, driven by the scripts beside
/// it. Installed once into `.build/tools`.
enum PythonClient {
    static let scripts = Files.package + "/Tests/EndToEndTests/Clients"

    /// A Python that has them.
    static func python() async throws -> String {
        try await PythonInstaller.shared.python()
    }

    /// Whether tests that need them run; as with `Tool.isThere`.
    static func areThere() async -> Bool {
        if getenv("CI") != nil { return true }
        return await (try? python()) != nil
    }

    /// Runs a script's steps, and returns what it says of each: `value`, or `error` and `status`.
    static func run(
        _ script: String, _ url: String, _ key: String, _ steps: String..., environment: [String: String] = [:]
    ) async throws -> [JSON] {
        try await run(script, url, key, steps: steps, environment: environment)
    }

    static func run(
        _ script: String, _ url: String, _ key: String, steps: [String], environment: [String: String] = [:],
        within limit: Duration = .seconds(60)
    ) async throws -> [JSON] {
        let finished = try await Finished.run(
            [try await python(), "\(scripts)/\(script)", url, key] + steps,
            environment: Child.plainEnvironment.merging(environment) { _, own in own }
                .merging(["PYTHONDONTWRITEBYTECODE": "1"]) { own, _ in own },
            within: limit)
        let lines = finished.output.split(separator: "\n").compactMap { try? JSON($0.utf8) }
        guard finished.status == 0, lines.map({ $0["step"].string }) == steps else {
            throw Child.Failure(description: "\(script): \(finished)")
        }
        return lines
    }
}

private actor PythonInstaller {
    static let shared = PythonInstaller()

    private var installing: Task<String, any Error>?

    func python() async throws -> String {
        let task = installing ?? Task { try await Self.install() }
        installing = task
        return try await task.value
    }

    /// Complete before it has its name. Other requirements are another place.
    private static func install() async throws -> String {
        let requirements = PythonClient.scripts + "/requirements.txt"
        let sum = Files.text(requirements).utf8.reduce(UInt64(14_695_981_039_346_656_037)) { sum, byte in
            (sum ^ UInt64(byte)) &* 1_099_511_628_211
        }
        let root = "\(Files.package)/.build/tools/clients-\(String(sum, radix: 16))"
        if Files.exists(root) { return root + "/bin/python" }
        let draft = "\(root).\(getpid())"
        defer { try? FileManager.default.removeItem(atPath: draft) }
        let script = """
            set -e
            mkdir -p "$(dirname "$1")"
            python3 -m venv "$1"
            "$1/bin/python" -m pip --quiet --disable-pip-version-check install --requirement "$2"
            """
        // With all of our environment: it may say where packages come from.
        let installed = try await Finished.run(
            ["sh", "-c", script, "install", draft, requirements], environment: ProcessInfo.processInfo.environment,
            within: .seconds(240))
        guard installed.status == 0 else { throw Child.Failure(description: "\(requirements): \(installed)") }
        guard rename(draft, root) == 0 || Files.exists(root) else {
            throw Child.Failure(description: "\(root) could not be made")
        }
        return root + "/bin/python"
    }
}
