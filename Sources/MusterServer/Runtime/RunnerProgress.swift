import FoundationEssentials
import Metrics

/// Says when a loop last ended a pass without an error, so that one that stands still is seen.
struct RunnerProgress: Sendable {
    private let lastPass: Meter

    /// - Parameter name: The loop's, as a label.
    init(_ name: String) {
        lastPass = Meter(label: "muster_runner_last_pass_timestamp_seconds", dimensions: [("runner", name)])
    }

    func passed() {
        lastPass.set(Date().timeIntervalSince1970)
    }
}
