import FoundationEssentials
import Glibc
import IncidentDomain
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// The machine's mail program, played by shells that end as mail programs do.
@Suite(.timeLimit(.minutes(20))) struct MailProgramTests {
    private static let message = Array("Subject: a\n\nb\n".utf8)

    /// A program that carries out a script, which finds a file of its own as `$0`.
    private func program(_ script: String, _ file: String = "/dev/null") -> MailProgram {
        MailProgram(command: ["/bin/sh", "-c", script, file])
    }

    private func withFile(_ body: (String) async throws -> Void) async throws {
        let path = "/tmp/muster-mail-\(UUID().text)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await body(path)
    }

    private func text(_ path: String) -> String {
        (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    }

    /// What an attempt came to that was not taken.
    private func fault(
        _ program: MailProgram, _ message: [UInt8] = message, timeout: Duration = .seconds(60)
    ) async -> OutboundFault? {
        do {
            _ = try await program.send(message, timeout: timeout)
            return nil
        } catch {
            return error as? OutboundFault
        }
    }

    // MARK: - The program

    @Test func `it gets the whole message, and knows nothing of our environment`() async throws {
        try await withFile { path in
            let message = Array(String(repeating: "0123456789\n", count: 100_000).utf8)
            let script =
                #"cat > "$0" && test -z "$HOME$USER$PGDATA$TMPDIR" && test "$PATH" = /usr/sbin:/usr/bin:/sbin:/bin"#
            let answer = try await program(script, path).send(message, timeout: .seconds(60))
            #expect(answer.status == 202 && text(path).utf8.elementsEqual(message))
        }
    }

    @Test(arguments: ["sleep 1000", "trap '' TERM; while :; do sleep 0.1; done"])
    func `one that hangs is ended, also when it does not want to`(_ hanging: String) async throws {
        try await withFile { path in
            let began = ContinuousClock.now
            let fault = await fault(program(#"echo $$ > "$0"; exec 2>&-; "# + hanging, path), timeout: .seconds(1))
            #expect(fault == .network("the mail program did not end within the time-out"))
            #expect(began.duration(to: .now) < .seconds(30))
            let pid = try #require(pid_t(text(path).filter(\.isNumber)))
            #expect(kill(pid, 0) == -1 && errno == ESRCH, "process \(pid) is still there")
        }
    }

    @Test func `an exit says whether another try may do better`() async {
        for code in [1, 69, 70, 71, 73, 74, 75, 126, 127] {
            let said = await fault(program("echo 'no  way' >&2; exit \(code)"))
            #expect(said == .network("the mail program exited with \(code): no way"))
        }
        for code in [64, 65, 67, 68, 76, 77, 78] {
            guard case .refused(let reason)? = await fault(program("echo never >&2; exit \(code)")) else {
                Issue.record("\(code) is no end")
                continue
            }
            #expect(reason.hasPrefix("the mail program exited with \(code): ") && reason.hasSuffix(": never"))
        }
        #expect(await fault(program("kill -9 $$")) == .network("the mail program was killed"))
    }

    @Test func `one that is not there, or is no program, is told by its path`() async {
        for path in ["/nowhere/sendmail", "/etc/passwd"] {
            guard case .network(let said)? = await fault(MailProgram(command: [path, "-t"])) else {
                Issue.record("\(path) ran")
                continue
            }
            #expect(said.hasPrefix("the mail program cannot be run: ") && said.contains(path), "\(said)")
        }
    }

    @Test func `what it leaves behind, and what it says beside, keeps no mail from being taken`() async {
        let began = ContinuousClock.now
        #expect(await fault(program("cat > /dev/null; sleep 60 & exit 0")) == nil)
        #expect(began.duration(to: .now) < .seconds(30), "it waited for a process in the background")
        #expect(await fault(program("cat > /dev/null; head -c 200000 /dev/zero | tr '\\0' x >&2")) == nil)
    }

    @Test func `one that reads nothing of a large message ends as it says`() async {
        let large = Array(repeating: UInt8(ascii: "a"), count: 4 << 20)
        #expect(await fault(program("exec 0<&-; sleep 0.1; exit 75"), large) == .network(Self.tried))
        #expect(await fault(program("exit 75"), large) == .network(Self.tried))
        let late = OutboundFault.network("the mail program did not end within the time-out")
        #expect(await fault(program("exec sleep 1000"), large, timeout: .milliseconds(200)) == late)
    }

    private static let tried = "the mail program exited with 75"

    // MARK: - What becomes of the mail

    private static let options = ["to": "ana@example.org", "from": "muster@example.org"]

    private func endpoint(_ site: NotificationSite, timeout: Int = 30) async throws -> UUID {
        try await site.endpoint(
            "mail", "", format: .email, events: ["incident_opened"], options: Self.options, timeout: timeout)
    }

    private func attempts(_ site: NotificationSite, _ id: UUID) async throws -> [String] {
        try await site.search.attempts(of: id, before: nil, limit: 10).reversed().map {
            "\($0.outcome) \($0.detail ?? "-")"
        }
    }

    @Test func `a mail that could not be queued for the moment is tried again, and is the same mail`() async throws {
        try await NotificationSite.with { site in
            try await withFile { path in
                let id = try await endpoint(site)
                _ = try await site.daemon.open()
                try await site.tellAll()
                let script = #"cat >> "$0"; test $(grep -c ^Message-ID: "$0") = 2 || exit 75"#
                let sender = site.sender(RetrySchedule(delays: [0, 0]), mail: program(script, path))
                try await site.send(sender, until: NotificationSite.nothingWaits)
                #expect(try await attempts(site, id) == ["retry the mail program exited with 75", "delivered -"])
                let ids = text(path).split(separator: "\n").filter { $0.hasPrefix("Message-ID:") }
                #expect(ids.count == 2 && Set(ids) == ["Message-ID: <ntf_1@muster.test>"])
                #expect(try await site.state(id)?.failingSince == nil)
            }
        }
    }

    @Test(arguments: [false, true])
    func `a program that hangs or is not there is tried again, and delays no other endpoint`(
        isThere: Bool
    ) async throws {
        try await NotificationSite.with { site in
            try await TestReceiver.with { receiver in
                let id = try await endpoint(site, timeout: 1)
                let other = try await site.endpoint("other", receiver.url())
                _ = try await site.daemon.open()
                try await site.tellAll()
                let mail = isThere ? program("exec sleep 1000") : MailProgram(command: ["/nowhere/sendmail"])
                try await site.send(
                    site.sender(mail: mail),
                    until: """
                        EXISTS (SELECT FROM notification_attempt JOIN notification
                            ON notification.id = notification_attempt.notification WHERE endpoint = \(id))
                        AND NOT EXISTS (SELECT FROM notification WHERE endpoint = \(other) AND state = 'pending')
                        """)
                let said = try await attempts(site, id)
                #expect(said.count == 1 && said[0].hasPrefix("retry the mail program "), "\(said)")
                #expect(try await site.column("state", of: id) == ["pending"])
                #expect(Set(try await site.column("state", of: other)) == ["delivered"])
                #expect(try await site.state(id)?.failingSince != nil)
            }
        }
    }

    @Test func `without a mail program, mails are given up with what to set`() async throws {
        try await NotificationSite.with { site in
            let id = try await endpoint(site)
            _ = try await site.daemon.open()
            try await site.tellAll()
            try await site.send(site.sender(), until: NotificationSite.nothingWaits)
            #expect(
                try await attempts(site, id) == [
                    "failed mail is not configured: set mail.command, such as /usr/sbin/sendmail"
                ])
        }
    }
}
