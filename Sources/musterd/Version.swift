import ArgumentParser
import MusterServer

/// `musterd version`.
struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print the version.")

    func run() {
        print("musterd \(MusterVersion.current)")
    }
}
