import Logging

/// Hides the keys of sources in messages that older releases kept: once a day, as an old daemon beside this one or an imported
/// archive may have brought more. In a loop of its own, so that no other waits while large tables are read.
struct KeptKeyRunner: PeriodicRunner {
    static let name = "kept keys"
    static let failure = "cannot hide keys in kept messages"

    let store: KeptKeyStore
    let logger: Logger
    let interval: Duration = .seconds(86_400)
    /// By then the daemons that this one takes the place of are gone.
    let delay: Duration = .seconds(150)

    func pass() async throws {
        let rows = try await store.hide()
        if rows > 0 {
            logger.notice("hid sources' keys in kept messages", metadata: ["rows": .stringConvertible(rows)])
        }
    }
}
