import FoundationEssentials
import Glibc
import Testing

/// Programs of other people, as Debian packages them: fetched once into `.build/tools`, installed nowhere.
enum Tool: String, CaseIterable {
    case alertmanager = "prometheus-alertmanager"
    case amtool
    case ircRelay = "alertmanager-irc-relay"
    case msmtp
    case prometheus
    case promtool

    private var package: String {
        switch self {
        case .alertmanager, .amtool: "prometheus-alertmanager"
        case .ircRelay: "alertmanager-irc-relay"
        case .msmtp: "msmtp"
        case .prometheus, .promtool: "prometheus"
        }
    }

    /// Whether the libraries that it needs and that are not installed here are unpacked beside it, for `LD_LIBRARY_PATH`.
    private var hasLibraries: Bool {
        switch self {
        case .msmtp: true
        case .alertmanager, .amtool, .ircRelay, .prometheus, .promtool: false
        }
    }

    /// The program's path.
    func path() async throws -> String {
        try await root() + "/usr/bin/" + rawValue
    }

    /// A script that runs the program with its libraries, whatever its environment is.
    ///
    /// - Parameter arguments: Come before those that the script is called with.
    func script(_ arguments: String..., in directory: String) async throws -> String {
        let (root, script) = (try await root(), "\(directory)/\(rawValue)")
        try Files.write(
            """
            #!/bin/sh
            for libraries in \(root)/usr/lib/*-linux-gnu \(root)/lib/*-linux-gnu; do
                LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$libraries
            done
            export LD_LIBRARY_PATH
            exec \(root)/usr/bin/\(rawValue) \(arguments.joined(separator: " ")) "$@"

            """, to: script)
        chmod(script, 0o755)
        return script
    }

    private func root() async throws -> String {
        try await Fetcher.shared.root(of: package, withLibraries: hasLibraries)
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

    /// The directory in which a package is unpacked.
    func root(of package: String, withLibraries: Bool) async throws -> String {
        let task =
            fetching[package]
            ?? Task {
                let root = Files.package + "/.build/tools/" + package
                if !Files.exists(root) { try await Self.fetch(package, withLibraries, into: root) }
                return root
            }
        fetching[package] = task
        return try await task.value
    }

    private static let download = #"apt-get -qq download "$1""#
    /// Also what it needs and what is not installed. Nothing is installed, so nothing is locked.
    private static let downloadWithLibraries = """
        mkdir -p partial && apt-get -qq -y -o Debug::NoLocking=1 -o Dir::Cache::archives="$PWD" \\
            --no-install-recommends --reinstall --download-only install "$1"
        """

    /// Complete before it has its name, so that what was interrupted is not taken for the whole.
    private static func fetch(_ package: String, _ withLibraries: Bool, into root: String) async throws {
        let draft = "\(root).\(getpid())"
        defer { try? FileManager.default.removeItem(atPath: draft) }
        try FileManager.default.createDirectory(atPath: draft, withIntermediateDirectories: true)
        let script = """
            set -e
            download() { \(withLibraries ? downloadWithLibraries : download); }
            download "$1" || { apt-get -qq update && download "$1"; }
            for file in *.deb; do dpkg -x "$file" unpacked; done
            """
        let fetched = try await Finished.run(
            ["sh", "-c", script, "fetch", package], directory: draft, within: .seconds(180))
        guard fetched.status == 0 else { throw Child.Failure(description: "\(package): \(fetched)") }
        guard rename(draft + "/unpacked", root) == 0 || Files.exists(root) else {
            throw Child.Failure(description: "\(root) could not be made")
        }
    }
}
