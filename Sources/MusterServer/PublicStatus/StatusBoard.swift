import IncidentDomain
import Synchronization

/// What the outside is answered at this moment. Answering takes a reference and nothing else: no database, no rendering. One for the
/// daemon, also when its configuration changes.
final class StatusBoard: Sendable {
    private let held = Mutex<StatusSnapshot?>(nil)

    /// Nil until something is known: since the start, or from the disk.
    var snapshot: StatusSnapshot? { held.withLock { $0 } }

    func show(_ snapshot: StatusSnapshot) {
        held.withLock { $0 = snapshot }
    }
}

/// All public answers of one moment. It never changes; the next one takes its place.
final class StatusSnapshot: Sendable {
    /// What an answer is found by.
    struct Place: Hashable, Sendable {
        let path: String
        /// Nil where it is the same in every language.
        var language: Language?
    }

    let record: PublicRecord
    /// When the database was last looked at.
    let asOf: Timestamp
    /// Whether that is too long ago to be the present.
    let isInterrupted: Bool
    let settings: StatusSettings
    private let answers: [Place: StatusAnswer]
    /// What an incident's pages and a month's are made of, so that those of what has not changed stay as they are.
    let made: [String: Int]

    init(
        _ record: PublicRecord, asOf: Timestamp, isInterrupted: Bool, settings: StatusSettings,
        answers: [Place: StatusAnswer], made: [String: Int]
    ) {
        (self.record, self.asOf, self.isInterrupted, self.settings) = (record, asOf, isInterrupted, settings)
        (self.answers, self.made) = (answers, made)
    }

    func answer(_ path: String, _ language: Language? = nil) -> StatusAnswer? {
        answers[Place(path: path, language: language)]
    }

    /// Every answer, for tests and for measuring.
    var all: [Place: StatusAnswer] { answers }
}

/// What of the configuration the public page shows.
struct StatusSettings: Hashable, Sendable {
    var isEnabled = true
    /// What the page is called.
    var name = "Status"
    /// What links in feeds and JSON begin with, without a slash at the end.
    var url = "http://127.0.0.1:8080"
    /// Whose incidents are public without an update.
    var severities: Set<Severity> = []
    /// Of the feeds, the JSON and whoever asks for none.
    var language: Language = .en

    /// The host of `url`, as in the ids of feeds.
    var host: String {
        let rest = url.firstRange(of: "://").map { url[$0.upperBound...] } ?? url[...]
        return String(rest.prefix { $0 != "/" && $0 != ":" && $0 != "?" })
    }
}
