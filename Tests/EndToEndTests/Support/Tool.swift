import FoundationEssentials
import Glibc
import Testing

/// Programs of other people, as Debian packages them: fetched once into `.build/tools`, installed nowhere.
enum Tool: String, CaseIterable {
    case alertmanager = "prometheus-alertmanager"
    case amtool
    case ircRelay = "alertmanager-irc-relay"
    case prometheus
    case promtool

    private var package: String {
        switch self {
        case .alertmanager, .amtool: "prometheus-alertmanager"
        case .ircRelay: "alertmanager-irc-relay"
        case .prometheus, .promtool: "prometheus"
        }
    }

    /// The program's path.
    func path() async throws -> String {
        try await Fetcher.shared.path(of: rawValue, from: package)
    }

    /// Whether tests that need it run. On a machine without the packages they are skipped, with a message; but where CI is
    /// set they fail rather than pass unseen.
    static func isThere(_ tool: Tool) async -> Bool {
        if getenv("CI") != nil { return true }
        return await (try? tool.path()) != nil
    }
}

private actor Fetcher {
    static let shared = Fetcher()

    private var fetching: [String: Task<String, any Error>] = [:]

    func path(of program: String, from package: String) async throws -> String {
        let task =
            fetching[package]
            ?? Task {
                let root = Files.package + "/.build/tools/" + package
                if !Files.exists(root) { try await Self.fetch(package, into: root) }
                return root
            }
        fetching[package] = task
        return try await task.value + "/usr/bin/" + program
    }

    /// Complete before it has its name, so that what was interrupted is not taken for the whole.
    private static func fetch(_ package: String, into root: String) async throws {
        let draft = "\(root).\(getpid())"
        defer { try? FileManager.default.removeItem(atPath: draft) }
        try FileManager.default.createDirectory(atPath: draft, withIntermediateDirectories: true)
        let script = """
            set -e
            apt-get -qq download "$1" || { apt-get -qq update && apt-get -qq download "$1"; }
            dpkg -x "$1"_*.deb unpacked
            """
        let fetched = try await Finished.run(
            ["sh", "-c", script, "fetch", package], directory: draft, within: .seconds(180))
        guard fetched.status == 0 else { throw Child.Failure(description: "\(package): \(fetched)") }
        guard rename(draft + "/unpacked", root) == 0 || Files.exists(root) else {
            throw Child.Failure(description: "\(root) could not be made")
        }
    }
}
