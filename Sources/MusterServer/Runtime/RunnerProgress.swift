import FoundationEssentials
import Metrics

/// Says when a loop last ended a pass without an error, so that one that stands still is seen. A loop that does not run in
/// this daemon is not shown.
struct RunnerProgress: Sendable {
    /// The loop's, as a label.
    let name: String

    init(_ name: String) {
        self.name = name
    }

    /// The loop starts: from here on it is expected to get on.
    func begin() {
        passed()
    }

    func passed() {
        // Made anew each time: the series must not be there, with a zero, before the loop is.
        Meter(label: "muster_runner_last_pass_timestamp_seconds", dimensions: [("runner", name)])
            .set(Date().timeIntervalSince1970)
    }
}
