import FoundationEssentials
import Testing

/// Reviews beside what is known otherwise: three published post-mortems whose numbers were worked out by hand, numbers that are computed
/// a second time from archives, and incidents whose every text is hostile. The scripts that do so stand in `Clients/`.
@Suite(
    .endToEnd, .timeLimit(.minutes(20)),
    .enabled("the clients cannot be fetched here, so nothing compares") { await PythonClient.areThere() })
struct PostMortemTests {
    /// Recorded from public status pages; beside the repository on the machines that have it, and never in it.
    private static let corpus = Files.parent(Files.package) + "/shared/corpus/incidents/replay-open.json"

    /// What an earlier look found wrong in their reviews, one after the other.
    private static let statements = [
        "W1_impact_is_a_level_over_time", "W2_cause_by_role_and_severity_by_time", "W3_what_was_waived_is_not_back",
        "W4_ties_in_the_order_of_dependencies", "W5_one_length_of_a_step", "W6_mitigated_is_when_the_worst_was_over",
        "W7_the_headline_is_the_worst_and_its_length", "W8_picture_and_table_say_the_same",
        "W9_one_count_of_entries", "W10_ended_phases_end", "W11_plans_only_while_restoring_and_old_names",
        "W12_numbers_for_people", "X1_lifted_measures_say_when", "X2_updates_in_the_order_of_their_times",
        "X3_plans_are_told_in_their_order", "X4_nothing_is_planned_that_was_back", "X5_the_public_reads_what_was_said",
        "X6_other_clocks_and_words",
    ]

    private static func run(_ script: String, _ daemon: Daemon, _ steps: [String]) async throws -> [JSON] {
        try await PythonClient.run(
            script, "http://\(daemon.address)", Daemon.bootstrapToken, steps: steps, within: .seconds(240))
    }

    @Test func `three published post-mortems say what happened`() async throws {
        try await Daemon.with { daemon in
            let steps = ["enter"] + Self.statements + ["unsayable"]
            for (step, answer) in zip(steps, try await Self.run("post_mortems.py", daemon, steps)).dropFirst() {
                #expect(answer["value"].array?.isEmpty == true, "\(step): \(answer)")
            }
        }
    }

    @Test func `what is said of an impact stands at its time, in whatever order it is said`() async throws {
        try await Daemon.with { daemon in
            for answer in try await Self.run("impact_orders.py", daemon, ["twice", "any_order", "none_ends"]) {
                #expect(answer["value"].array?.isEmpty == true, "\(answer)")
            }
        }
    }

    @Test(.enabled("the corpus of recorded incidents is not on this machine") { Files.exists(corpus) })
    func `numbers of reviews are those that an archive gives`() async throws {
        try await Daemon.with { daemon in
            _ = try await Self.run("review_numbers.py", daemon, ["replay=\(Self.corpus)", "post_mortems"])
            try await TemporaryDirectory.with { directory async throws in
                let file = directory + "/archive"
                #expect(try await daemon.run("export", file).status == 0)
                let answer = try await Self.run("review_numbers.py", daemon, ["compare=\(file)"])[0]["value"]
                #expect(answer["compared"].int == 13 && answer["differences"].array?.isEmpty == true, "\(answer)")
            }
        }
    }

    @Test(arguments: [1, 2]) func `hostile texts stay text in every form and language`(seed: Int) async throws {
        try await Daemon.with { daemon in
            let answer = try await Self.run("hostile_reviews.py", daemon, ["hostile=8,\(seed),en,de"])[0]["value"]
            #expect(answer["wrong"].array?.isEmpty == true, "\(answer)")
        }
    }
}
