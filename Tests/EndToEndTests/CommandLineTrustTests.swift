import Glibc
import TestSupport
import Testing

/// What `muster` does with servers that are none of Muster, with answers that get lost, and with certificates.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct CommandLineTrustTests {
    @Test func `redirects are not followed, and what is no Muster is said to be none`() async throws {
        try await withStranger { muster in
            let elsewhere = try await muster.refused(7, "show", "1")
            #expect(elsewhere.contains("The token is not sent there"), "\(elsewhere)")
            for number in ["2", "3", "7"] {
                let strange = try await muster.refused(7, "show", number)
                #expect(strange.hasPrefix("muster: ") && !strange.contains("<html>"), "\(strange)")
            }
            // A page of somebody else's is no answer to a change.
            let page = try await muster.refused(7, "ack", "2")
            #expect(!page.contains("acknowledged"), "\(page)")
            let began = ContinuousClock.now
            let endless = try await muster.refused(6, "show", "9", "--timeout", "3")
            #expect(endless.contains("does not answer") && ContinuousClock.now - began < .seconds(30), "\(endless)")
        }
    }

    @Test func `what may be repeated is repeated under one key, and what may not be is not`() async throws {
        try await withStranger { muster in
            // "Not now", twice.
            #expect(try await muster("show", "4", "-q") == "detect\n")
            // The answer to a POST gets lost.
            #expect(try await muster("ack", "5").contains("acknowledged"))
            // The try before is still being carried out.
            #expect(try await muster("ack", "8").contains("acknowledged"))
            // That to a PATCH, too: nobody knows what became of it.
            let lost = try await muster.refused(6, "set", "6", "-s", "1")
            #expect(lost.contains("Whether it was done is not known"), "\(lost)")
            let seen = try await muster.json("api", "GET", "/seen")
            func requests(_ number: String) -> [JSON] { seen.items.filter { $0["incident"] == .string(number) } }
            #expect(requests("4").count == 3)
            #expect(requests("5").count == 2 && requests("5")[0]["key"] == requests("5")[1]["key"], "\(seen)")
            #expect(requests("5")[0]["key"].string?.count == 32)
            #expect(requests("6").count == 1)
        }
    }

    @Test func `a certificate of one's own authority is trusted where it is named, and only there`() async throws {
        try await Daemon.with(.cluster) { daemon in
            let user = CommandLineUser(home: daemon.directory + "/home")
            mkdir(user.home, 0o700)
            try await PythonServer.withTLS(before: daemon.address) { url, trusting in
                let token = Daemon.bootstrapToken + "\n"
                let refused = try await user.run(["login", url], input: token)
                #expect(refused.status == 6 && refused.errors.contains("--ca-file"), "\(refused)")
                #expect(!refused.errors.contains(Daemon.bootstrapToken))
                let file = try #require(trusting["SSL_CERT_FILE"])
                try await user("login", url, "--ca-file", file, input: token)
                // It is kept with the daemon.
                #expect(try await user("ls") == "No incident is open.\n")
            }
        }
    }

    private func withStranger(_ body: (CommandLineUser) async throws -> Void) async throws {
        try await TemporaryDirectory.with { home in
            try await PythonServer.with("strange_server.py") { address in
                try await body(
                    CommandLineUser(
                        home: home, variables: ["MUSTER_URL": "http://\(address)", "MUSTER_TOKEN": "secret"]))
            }
        }
    }
}
