import Glibc
import Testing

/// What README tells newcomers to type does what it says.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct ReadmeTests {
    @Test func `the listener of "Have it told" prints the line that stands below it`() async throws {
        let readme = Files.text(Files.package + "/README.md")
        let title = try #require(readme.firstRange(of: "\n## Have it told\n"), "README has no such section")
        let section = readme[title.upperBound...].split(separator: "\n## ")[0]
        let parts = try #require(section.firstMatch(of: #/(?s)```sh\n(.*?)```\n\n {4}([^\n]+)\n/#), "\(section)")
        let (commands, line) = (String(parts.output.1), String(parts.output.2))
        #expect(commands.contains("listen.py") && line.hasPrefix("ntf_1 "), "\(section)")

        // As `make run` sets it up.
        try await Daemon.with(.cluster, ["notifications.allowed_networks": "127.0.0.0/8"]) { daemon in
            let (curl, output) = (daemon.directory + "/curl.conf", daemon.directory + "/printed")
            try Files.write(
                """
                silent
                show-error
                write-out = "\\n"
                header = "Authorization: Bearer \(Daemon.bootstrapToken)"

                """, to: curl)
            var environment = Child.plainEnvironment
            (environment["MUSTER"], environment["CURL"]) = ("http://\(daemon.address)", curl)
            let shell = try Child(
                ["bash", "-c", "trap 'kill $(jobs -p)' EXIT; trap exit TERM\n\(commands)\nwait"],
                environment: environment, output: output, errors: output, directory: Files.package)
            do {
                try await Eventually.holds("the line that README shows") {
                    if shell.exitStatus != nil { throw Child.Failure(description: "the listener ended") }
                    return Files.text(output).split(separator: "\n").contains { timeless($0) == timeless(line) }
                }
            } catch {
                Issue.record("README shows\n\(line)\nand what was printed is\n\(Files.text(output))")
            }
            shell.signal(SIGTERM)
            _ = try await shell.ended()
        }
    }

    /// A line without the moment that it names.
    private func timeless(_ line: some StringProtocol) -> String {
        String(line).replacing(#/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/#, with: "then")
    }
}
