import Postgres
import TestSupport
import Testing

/// What the commands beside `serve` do where there is nothing: they say so, and leave nothing behind.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct CommandTests {
    @Test func `a command that is to read makes no database where there is none`() async throws {
        try await Daemon.with(.embedded, starts: false) { daemon in
            let file = daemon.directory + "/x.archive"
            for command in [["verify"], ["export", file], ["token", "create", "--name", "x", "--role", "viewer"]] {
                let refused = try await run(daemon, command)
                let said = "there is no database in \(daemon.dataDirectory)"
                #expect(refused.status == 1 && refused.errors.contains(said) && refused.output.isEmpty, "\(refused)")
            }
            try Files.write("no archive\n", to: file + ".other")
            let other = try await daemon.run("import", file + ".other")
            #expect(other.status == 1 && other.errors.contains("not a line that musterd writes"), "\(other)")
            let looked = try await daemon.run("doctor")
            #expect(looked.output.contains("no database yet"), "\(looked)")
            #expect(try await daemon.run("check").status == 0)
            #expect(!Files.exists(daemon.dataDirectory), "the directory was made")
            #expect(!Files.exists(file) && !Files.exists(file + ".partial"))
            // What is there to make one does.
            #expect(try await daemon.run("migrate").status == 0)
            let verified = try await daemon.run("verify")
            #expect(verified.status == 0 && verified.output.hasPrefix("0 incidents"), "\(verified)")
            #expect(try await daemon.run("export", file).status == 0)
        }
    }

    @Test func `an empty database is no error of SQL, and an export of it leaves no file`() async throws {
        try await TestDatabase.with { database in
            try await Daemon.with(.database(database.conninfo), starts: false) { daemon in
                let file = daemon.directory + "/x.archive"
                for command in [["verify"], ["export", file]] {
                    let refused = try await run(daemon, command)
                    let said =
                        "there is nothing of Muster in this database; name another one, or run musterd migrate first"
                    #expect(refused.status == 1 && refused.errors.contains(said), "\(refused)")
                }
                #expect(!Files.exists(file) && !Files.exists(file + ".partial"))
            }
        }
    }

    @Test func `a configuration that cannot be read says why`() async throws {
        try await Daemon.with(.embedded, starts: false) { daemon in
            for command in ["check", "verify", "doctor"] {
                let missing = try await daemon.run(command, "--config", daemon.directory + "/none")
                let text = missing.output + missing.errors
                #expect(missing.status != 0 && text.contains("/none"), "\(missing)")
                #expect(text.contains("cannot be read: No such file or directory"), "\(missing)")
            }
            let directory = try await daemon.run("check", "--config", daemon.directory)
            #expect(directory.errors.contains("cannot be read: Is a directory"), "\(directory)")
        }
    }

    private func run(_ daemon: Daemon, _ arguments: [String]) async throws -> Finished {
        try await Finished.run([Files.musterd] + arguments, environment: daemon.environment)
    }
}
