import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// The units of the package, as systemd itself judges them.
@Suite(
    .endToEnd, .timeLimit(.minutes(20)),
    .enabled("systemd-analyze is not here", { getenv("CI") != nil || Files.exists("/usr/bin/systemd-analyze") }))
struct UnitFileTests {
    private static let folder = Files.package + "/deploy/systemd"

    /// Unknown keys are only told of, with status 0: nothing at all may be said.
    @Test func `systemd-analyze verify has nothing to say`() async throws {
        try await TemporaryDirectory.with { directory in
            // It looks for the program, which is not installed here.
            let service = Files.text(Self.folder + "/musterd.service")
                .replacing("/usr/bin/musterd", with: "/bin/true")
            try Files.write(service, to: directory + "/musterd.service")
            try Files.write(Files.text(Self.folder + "/musterd.socket"), to: directory + "/musterd.socket")
            let verified = try await Finished.run([
                "systemd-analyze", "verify", "--man=no", "--recursive-errors=no", directory + "/musterd.service",
                directory + "/musterd.socket",
            ])
            #expect(verified.status == 0 && verified.output.isEmpty && verified.errors.isEmpty, "\(verified)")
        }
    }

    @Test func `the service is exposed to 1.1 at most`() async throws {
        let judged = try await Finished.run([
            "systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=11",
            Self.folder + "/musterd.service",
        ])
        #expect(judged.status == 0, "\(judged)")
    }
}
