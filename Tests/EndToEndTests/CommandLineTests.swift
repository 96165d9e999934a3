import Glibc
import TestSupport
import Testing

/// People who have nothing but `muster`.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct CommandLineTests {
    private static let catalog = Files.package + "/deploy/demo/catalog.json"

    /// Somebody who is logged in to a daemon with the demonstration's catalog.
    private func withUser(
        _ settings: [String: String] = [:], _ body: (CommandLineUser, Daemon) async throws -> Void
    ) async throws {
        try await Daemon.with(.cluster, settings) { daemon in
            let user = CommandLineUser(home: daemon.directory + "/home")
            mkdir(user.home, 0o700)
            try await user("login", "http://\(daemon.address)", "--name", "here", input: Daemon.bootstrapToken + "\n")
            try await user("catalog", "apply", Self.catalog)
            try await body(user, daemon)
        }
    }

    @Test func `a whole outage is carried from its first word to an approved review`() async throws {
        try await withUser { muster, daemon in
            #expect(try await muster("ls") == "No incident is open.\n")
            let number = try await muster(
                "open", "Nobody can sign in", "-c", "auth=major_outage", "-c", "user-db", "--use", "-q")
            #expect(number == "1\n")
            try await muster("ack", "-m", "I look at it")
            try await muster("advance")
            let missing = try await muster.refused(1, "advance")
            #expect(missing.contains("no severity set") && missing.contains("\n  muster set -i 1 --severity sev2\n"))
            let next = try await muster("next")
            #expect(next.contains("muster role -i 1 commander NAME"), "\(next)")
            try await muster("set", "-s", "1")
            try await muster("role", "commander", "Amara")
            try await muster("cause", "technical", "--subcategory", "database_fault", "--confidence", "suspected")
            try await muster("advance")
            try await muster("note", "The", "primary", "has", "no", "disk", "left", "--key")
            try await muster("note", "-", input: "From a file,\nin two lines.\n")
            try await muster("mitigate", "Fail over to the replica in us-east", "--state", "running")
            try await muster("mitigate", "1", "--state", "succeeded")
            try await muster("update", "draft", "staff", "--template", "auto")
            try await muster("update", "publish", "1")
            try await muster("advance")

            let plan = try await muster("restore")
            #expect(plan.contains("▶ user-db") && plan.contains("└─ ○ auth"), "\(plan)")
            let gate = try await muster.refused(1, "restore", "start", "auth")
            #expect(gate.contains("muster restore start -i 1 user-db"), "\(gate)")
            for component in ["user-db", "auth"] {
                try await muster("restore", "start", component)
                try await muster("restore", "verify", component)
            }
            #expect(try await muster("restore").contains("2 of 2 restored"))
            try await muster("advance")

            try await muster("review", "start")
            for section in ["what_went_well", "what_went_wrong", "lessons"] {
                try await muster("review", "write", section, "It", "is", "understood.")
            }
            try await muster(
                "actions", "add", "Alert on full disks", "--owner", "Amara", "--due", "2099-01-31", "--required")
            try await muster("review", "approve")
            try await muster("advance")
            #expect(try await muster("show", "-q") == "closed\n")
            let document = try await muster("review", "export", "--format", "md")
            #expect(document.contains("It is understood.") && document.contains("The primary has no disk left"))
            let timeline = try await muster("timeline")
            #expect(timeline.contains("From a file, in two lines."), "\(timeline)")
            #expect(try await muster.json("actions")[0]["owner"] == "Amara")
            #expect(try await daemon.run("verify").status == 0)
        }
    }

    @Test func `the walk-through of README leads to a closed incident`() async throws {
        try await withUser { muster, _ in
            var environment = muster.environment
            environment["PATH"] = "\(Files.products):\(environment["PATH"] ?? "")"
            let played = try await Finished.run(
                ["bash", "deploy/demo/outage.sh"], environment: environment, directory: Files.package)
            #expect(played.status == 0 && played.output.contains("Nobody watched the disk."), "\(played)")
            // Only what is asked for too early is refused.
            #expect(played.errors.ranges(of: "muster: ").count == 1, "\(played.errors)")
            #expect(try await muster("show", "1", "-q") == "closed\n")
        }
    }

    @Test func `exit statuses tell scripts what became of it`() async throws {
        try await withUser { muster, daemon in
            var stranger = muster
            stranger.variables = ["MUSTER_TOKEN": "wrong"]
            let unknown = try await stranger.refused(4, "ls")
            #expect(unknown.contains("Next:\n  muster login"), "\(unknown)")
            try await muster.refused(3, "show", "42")
            try await muster.refused(2, "shwo")
            try await muster.refused(2, "show", "x")
            try await muster.refused(2, "open", "Title", "-c", "none=everything")
            try await muster.refused(2, "show")
            let viewer = try await muster("token", "add", "a viewer", "--role", "viewer", "-q")
            var looking = muster
            looking.variables = ["MUSTER_TOKEN": String(viewer.dropLast())]
            #expect(try await looking("ls") == "No incident is open.\n")
            try await looking.refused(4, "open", "Title")
            // With JSON, what is wrong is JSON, too, and not where answers are.
            let failed = try await muster.run(["show", "42", "-o", "json"])
            #expect(failed.output.isEmpty)
            #expect(try JSON(failed.errors.utf8)["status"] == 404)
            var nowhere = muster
            nowhere.variables = ["MUSTER_URL": "http://127.0.0.1:1", "MUSTER_TOKEN": "t"]
            let gone = try await nowhere.refused(6, "ls")
            #expect(gone.contains("does not answer"), "\(gone)")
            // The token of one daemon is not shown to another.
            nowhere.variables = ["MUSTER_URL": "http://127.0.0.1:1"]
            try await nowhere.refused(4, "ls")
        }
    }

    @Test func `an incident is named, used, or the only one, and else asked for`() async throws {
        try await withUser { muster, _ in
            try await muster("open", "First")
            #expect(try await muster("show", "-q") == "detect\n")
            try await muster("open", "Second")
            let unclear = try await muster.refused(2, "ack")
            #expect(unclear.contains("INC-1  First") && unclear.contains("INC-2  Second"), "\(unclear)")
            try await muster("use", "2")
            try await muster("ack")
            #expect(try await muster.json("show", "2")["times"]["acknowledged_at"] != .null)
            #expect(try await muster.json("show", "1")["times"]["acknowledged_at"] == .null)
            var other = muster
            other.variables = ["MUSTER_INCIDENT": "INC-1"]
            #expect(try await other("use") == "INC-1\n")
            try await muster("use", "--none")
            try await muster.refused(2, "ack")
            try await muster.refused(3, "use", "77")
        }
    }

    @Test func `labels are added to others, and two people at once lose nothing`() async throws {
        try await withUser(["http.require_if_match": "true"]) { muster, _ in
            try await muster("open", "Title", "--label", "team=identity", "--label", "zone=eu")
            try await muster("set", "--label", "zone=", "--label", "ticket=OPS-1")
            let labels = try await muster.json("show")["labels"]
            #expect(labels == ["team": "identity", "ticket": "OPS-1"], "\(labels)")
            // Where versions are asked for, what names none is about the state of now.
            try await muster("ack")
            try await muster("role", "commander", "Amara")
            try await muster("note", "noted")
            try await muster("advance")
        }
    }

    @Test func `what is set up by an administrator is set up here`() async throws {
        try await withUser { muster, daemon in
            let same = try await muster("catalog", "diff", Self.catalog)
            #expect(same.contains("nothing changes"), "\(same)")
            let exported = try await muster("catalog", "export")
            let file = muster.home + "/catalog.yaml"
            try Files.write(exported.replacing("Authoritative DNS", with: "Our DNS"), to: file)
            let changed = try await muster.run(["catalog", "diff", file])
            #expect(changed.status == 1 && changed.output.contains("~ dns") && changed.errors.isEmpty, "\(changed)")
            try await muster("catalog", "apply", "--yes", file)
            #expect(try await muster.json("catalog", "show", "dns")["name"] == "Our DNS")

            let url = try await muster("source", "add", "prometheus", "--kind", "generic", "-q")
            #expect(url.contains("/hooks/"), "\(url)")
            let silence = try await muster("silence", "add", "component=feed", "--lasts", "2h", "-m", "known", "-q")
            #expect(try await muster("silence").contains("component=feed"))
            try await muster("silence", "rm", String(silence.dropLast()))
            #expect(try await muster("silence") == "Nothing is silenced.\n")

            var (now, broken) = (time(nil), tm())
            gmtime_r(&now, &broken)
            let start = "\(broken.tm_year + 1901)-12-06T02:30"
            try await muster(
                "maintenance", "add", "Upgrade", "-c", "user-db", "--start", start, "--zone", "Europe/Berlin",
                "--lasts", "2h")
            let planned = try await muster.json("maintenance")
            #expect(planned[0]["duration_seconds"] == 7200, "\(planned)")
            try await muster("maintenance", "cancel", planned[0]["id"].string ?? "", "-r", "postponed")

            let endpoint = try await muster(
                "endpoint", "add", "hook", "--format", "standard-webhooks", "--to", "https://hook.example/x", "-q")
            try await muster("endpoint", "disable", String(endpoint.dropLast()))
            #expect(try await muster("endpoint").contains("disabled"))
            try await muster("endpoint", "rm", String(endpoint.dropLast()))

            let token = try await muster.json("token", "add", "for a while", "--role", "responder")
            try await muster("token", "rm", token["id"].string ?? "")
            var late = muster
            late.variables = ["MUSTER_TOKEN": token["token"].string ?? "", "MUSTER_URL": "http://\(daemon.address)"]
            try await late.refused(4, "ls")
            #expect(try await muster("api", "GET", "/v1/policy").hasPrefix("{"))
        }
    }

    @Test func `alerts are seen, moved and resolved`() async throws {
        try await withUser { muster, daemon in
            let url = try await muster("source", "add", "checks", "--kind", "alertmanager", "-q")
            let key = String(url.dropLast()).split(separator: "/").last.map(String.init) ?? ""
            let message = AlertmanagerMessage(
                group: "disk",
                [.init("Disk is full", component: "user-db"), .init("Disk is slow", component: "user-db")])
            try await daemon.api.post("/hooks/\(key)", message.json).expect(200)
            try await Eventually.holds("the alerts have an incident") {
                try await muster.json("alerts").items.map { $0["incident"] } == [1, 1]
            }
            let ids = try await muster("alerts", "-q").split(separator: "\n").map(String.init)
            try await muster("alerts", "ack", ids[0])
            try await muster("alerts", "move", ids[0], "--to", "new", "-r", "another outage")
            // Numbers may have gaps.
            let other = try String(#require(try await muster.json("alerts", "show", ids[0])["incident"].int))
            #expect(other != "1")
            #expect(try await muster("alerts", "-i", other, "-q") == ids[0] + "\n")
            try await muster("alerts", "resolve", ids[0], ids[1])
            #expect(try await muster("alerts") == "No alert is like that.\n")
            try await muster("merge", other, "--into", "1")
            #expect(try await muster("show", other, "-q") == "merged\n")
            try await muster("unmerge", other, "-r", "not the same")
            try await muster("dismiss", other, "-r", "a false alarm")
            #expect(try await muster("ls", "--all", "-q") == "\(other)\n1\n")
        }
    }

    @Test func `watch tells of each event as it comes, also after the daemon was away`() async throws {
        try await withUser { muster, daemon in
            try await muster("open", "Title")
            let output = muster.home + "/watched"
            let watching = try Child(
                [Files.muster, "watch", "1", "-o", "json"], environment: muster.environment, output: output,
                errors: output)
            // A note a while, until the stream is open.
            var number = 0
            try await Eventually.holds("the stream is open") {
                number += 1
                try await muster("note", "before \(number)")
                return Files.text(output).contains("before")
            }
            try await daemon.terminate()
            try await daemon.start()
            try await muster("note", "afterwards")
            try await Eventually.holds("what came afterwards is told") { Files.text(output).contains("afterwards") }
            watching.signal(SIGINT)
            _ = try await watching.ended()
            let lines = Files.text(output).split(separator: "\n").compactMap { try? JSON($0.utf8) }
            let sequences = lines.compactMap { $0["sequence"].int }
            #expect(!sequences.isEmpty && sequences.count == lines.count, "\(Files.text(output))")
            #expect(sequences == Array((sequences.first ?? 0)...(sequences.last ?? 0)), "each once, none missed")
        }
    }

    @Test func `names are completed, and nothing is said where there is no daemon`() async throws {
        try await withUser { muster, _ in
            try await muster("open", "Title")
            #expect(try await muster("complete", "incidents") == "1\n")
            #expect(try await muster("complete", "components").split(separator: "\n").contains("auth"))
            #expect(try await muster("complete", "contexts") == "here\n")
            var nowhere = muster
            nowhere.variables = ["MUSTER_URL": "http://127.0.0.1:1", "MUSTER_TOKEN": "t"]
            let silent = try await nowhere.run(["complete", "incidents"])
            #expect(silent.status == 0 && silent.output.isEmpty && silent.errors.isEmpty, "\(silent)")
        }
    }

    @Test(.enabled("pexpect cannot be fetched here, so nobody sits at a terminal") { await PythonClient.areThere() })
    func `somebody at a terminal plays a whole outage, with an editor and a live room beside`() async throws {
        try await Daemon.with(.cluster) { daemon in
            let user = CommandLineUser(home: daemon.directory + "/home")
            mkdir(user.home, 0o700)
            let steps = [
                "login_hides_the_token", "interrupted_login_shows_typing_again", "catalog_asks_before_it_applies",
                "detect", "assess", "board_and_room_are_live", "mitigate", "restore", "review_in_the_editor",
                "a_lost_edit_is_kept", "close", "names_are_completed", "colours_only_where_wanted",
            ]
            var environment = user.environment
            environment["MUSTER_PROGRAM"] = Files.muster
            environment["CATALOG"] = Self.catalog
            let said = try await PythonClient.run(
                "terminal_user.py", "http://\(daemon.address)", Daemon.bootstrapToken, steps: steps,
                environment: environment, within: .seconds(300))
            for line in said { #expect(line["error"] == .null, "\(line)") }
            #expect(try await daemon.run("verify").status == 0)
        }
    }
}
