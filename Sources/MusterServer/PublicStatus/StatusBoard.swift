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

    /// What is so, as of when the database was last looked at.
    let status: PublicStatus
    /// Nil while that is the present.
    let age: StatusAge?
    let settings: StatusSettings
    private let answers: [Place: StatusAnswer]
    /// Those to questions, which are made when they are asked.
    let help = HelpAnswers()
    /// What an incident's pages and a month's are made of, so that those of what has not changed stay as they are.
    let made: [String: Int]

    init(
        _ status: PublicStatus, age: StatusAge?, settings: StatusSettings, answers: [Place: StatusAnswer],
        made: [String: Int]
    ) {
        (self.status, self.age, self.settings) = (status, age, settings)
        (self.answers, self.made) = (answers, made)
    }

    var record: PublicRecord { status.record }
    /// When the database was last looked at.
    var asOf: Timestamp { status.now }
    /// Whether what is shown is too old to be the present.
    var isInterrupted: Bool { age != nil }

    func answer(_ path: String, _ language: Language? = nil) -> StatusAnswer? {
        answers[Place(path: path, language: language)]
    }

    /// Every answer, for tests and for measuring.
    var all: [Place: StatusAnswer] { answers }
}

/// How old what is shown is, once it is not the present any more. In whole minutes, so that nothing is rendered more often than that.
struct StatusAge: Hashable, Sendable {
    let asOf: Timestamp
    let minutes: Int

    init(of asOf: Timestamp, at now: Timestamp) {
        self.asOf = asOf
        minutes = max(0, Int(now.seconds(since: asOf) / 60))
    }
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
    /// Whether people can subscribe, and whether by mail.
    var offersSubscriptions = true
    var offersMail = false

    /// The host of `url`, as in the ids of feeds.
    var host: String {
        let rest = url.firstRange(of: "://").map { url[$0.upperBound...] } ?? url[...]
        return String(rest.prefix { $0 != "/" && $0 != ":" && $0 != "?" })
    }
}
