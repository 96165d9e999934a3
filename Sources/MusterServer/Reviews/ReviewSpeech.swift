import IncidentDomain
import Postgres

/// In which language, and by the clocks of which zone, a review is asked for; nil for what the configuration says.
struct ReviewManner: Hashable, Sendable {
    var language: Language?
    var zone: String?

    static let usual = ReviewManner()
    /// The parameters of a query that say it.
    static let parameters: Route.QueryRule = ["lang", "tz"]

    init(language: Language? = nil, zone: String? = nil) {
        self.language = language
        self.zone = zone
    }

    /// - Throws: `Problem` 422 for a language that there is not. Zones are looked up later.
    init(_ request: RequestContext) throws {
        var query = try request.query()
        language = query.enumeration("lang")
        zone = query.string("tz", 1...64)
        try query.finish()
    }
}

/// Looks up what a review is written in. The database knows the time zones.
struct ReviewSpeech: Sendable {
    private let language: Language
    private let zone: String
    private let pool: PostgresPool
    /// Some: a caller who tries zone after zone makes the daemon forget them, and nothing grow.
    private let zones = KeyMemory<String, ZoneOffsets>(
        keeping: .seconds(3600), entriesMax: 64, remembersAbsence: false)

    /// - Parameters:
    ///   - language: What is taken when nobody asks for one.
    ///   - zone: The same, as IANA names it.
    init(language: Language = .en, zone: String = ZoneOffsets.utc.name, pool: PostgresPool) {
        self.language = language
        self.zone = zone
        self.pool = pool
    }

    /// - Throws: `Problem` 422 for a zone that the database does not know.
    func speech(_ manner: ReviewManner = .usual) async throws -> Speech {
        let name = manner.zone ?? zone
        guard let found = try await offsets(of: name) else {
            throw Problem.invalid(
                "/tz", "\(name.onOneLine) is not a known time zone; use an IANA name such as Europe/Berlin")
        }
        return Speech(language: manner.language ?? language, zone: found)
    }

    /// Stops a start, or a new configuration, that names a zone which the database does not know.
    func check() async throws {
        guard try await offsets(of: zone) == nil else { return }
        throw ConfigurationError(errors: [
            "reviews.time_zone should be an IANA name that PostgreSQL knows, as Europe/Berlin, and is \"\(zone.onOneLine)\""
        ])
    }

    private func offsets(of name: String) async throws -> ZoneOffsets? {
        guard name != ZoneOffsets.utc.name else { return .utc }
        return try await zones.value(of: name) {
            try await ZoneStore.zones([name], from: Self.first, through: Self.last, in: pool)[name]
        }
    }

    /// The years in which an incident may have happened. What lies beside them is as it was at their ends.
    private static let first = LocalTime(seconds: 946_684_800)
    private static let last = Timestamp(milliseconds: 2_524_608_000_000)
}
