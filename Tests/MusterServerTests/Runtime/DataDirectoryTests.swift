import FoundationEssentials
import Glibc
import TestSupport
import Testing

@testable import MusterServer

struct DataDirectoryTests {
    private func withDirectory(_ body: (String) throws -> Void) throws {
        let path = "/tmp/muster-data-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    @Test func `the administrator's token is made once, for us alone`() throws {
        try withDirectory { path in
            try DataDirectory.make(path + "/deep/er")
            try DataDirectory.make(path + "/deep/er")
            let token = try DataDirectory.adminToken(in: path + "/deep/er", logger: TestServer.quietLogger)
            #expect(token.hasPrefix("muster_"))
            #expect(try DataDirectory.adminToken(in: path + "/deep/er", logger: TestServer.quietLogger) == token)
            var info = stat()
            #expect(stat(path + "/deep/er/admin-token", &info) == 0)
            #expect(info.st_mode & 0o777 == 0o600)
        }
    }

    @Test func `a token file with nothing in it is refused and not used`() throws {
        try withDirectory { path in
            try DataDirectory.make(path)
            try "\n".write(toFile: path + "/admin-token", atomically: true, encoding: .utf8)
            #expect(throws: DataDirectory.Failure.self) {
                try DataDirectory.adminToken(in: path, logger: TestServer.quietLogger)
            }
        }
    }

    @Test func `a directory that others can look into is complained of, by the doctor and when the daemon starts`()
        throws
    {
        try withDirectory { path in
            try DataDirectory.make(path)
            #expect(DataDirectory.complaint(about: path) == nil)
            chmod(path, 0o755)
            let complaint = DataDirectory.complaint(about: path)
            #expect(complaint?.says == "everybody on this machine can look into \(path)")
            #expect(complaint?.advice == "chmod 711 \(path)")
            #expect(DataDirectory.complaint(about: path + "/none") == nil)
        }
    }

    @Test func `a database is looked for, and nothing is made`() throws {
        try withDirectory { path in
            for _ in 1...2 {
                let failure = #expect(throws: DataDirectory.Failure.self) {
                    try DataDirectory.lookForDatabase(in: path)
                }
                #expect(failure?.description.hasPrefix("there is no database in \(path)") == true)
                #expect(access(path, F_OK) != 0)
            }
        }
    }

    @Test func `a directory that cannot be made names its key`() throws {
        let failure = #expect(throws: DataDirectory.Failure.self) { try DataDirectory.make("/proc/nothing/here") }
        #expect(failure?.description.contains("data.directory") == true)
    }

    @Test func `secrets differ and have the promised form`() throws {
        let secrets = try (0..<100).map { _ in try NewToken.makeSecret() }
        #expect(Set(secrets).count == 100)
        for secret in secrets {
            #expect(secret.utf8.count == 59)
            #expect(secret.dropFirst(7).utf8.allSatisfy { (97...122).contains($0) || (50...55).contains($0) })
        }
    }
}
