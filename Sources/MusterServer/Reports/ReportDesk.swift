import HTTPTypes
import IncidentDomain
import Postgres
import Synchronization

/// Takes reports in: within the limits, without a name, and answered when they are committed. Reports that come at the same
/// time share a commit.
final class ReportDesk: Sendable {
    private struct Salt {
        let bytes: [UInt8]
        let until: ContinuousClock.Instant
    }

    /// The catalog's names, made once for each of its versions.
    private struct Names {
        let version: Int
        let components: [String: String]
        let regions: Set<String>
    }

    private let store: ReportStore
    private let catalog: CatalogCache
    private let limiter: ReportLimiter
    private let proxies: [NetworkRange]
    /// Tells the limits which minute it is.
    private let clock: @Sendable () -> Timestamp
    private let gathered: GatheredReads<Report, Bool>
    private let salt = Mutex<Salt?>(nil)
    private let names = Mutex<Names?>(nil)
    /// What the limiter knows senders by; nobody else has it, and it ends with the process.
    private let limiterKey: [UInt8]

    init(
        store: ReportStore, catalog: CatalogCache, limits: ReportLimiter.Limits = .init(),
        proxies: [NetworkRange] = [], clock: @escaping @Sendable () -> Timestamp = { .now() }
    ) {
        self.store = store
        self.catalog = catalog
        self.proxies = proxies
        self.clock = clock
        limiter = ReportLimiter(limits)
        limiterKey = (try? OpenSSL.randomBytes(32)) ?? []
        gathered = GatheredReads(underWayMax: 2, keysMax: 256) { reports, tell in
            Task {
                do {
                    try await Self.insisting { try await store.count(reports) }
                    tell(.success([:]))
                } catch {
                    tell(.failure(error))
                }
            }
        }
    }

    /// Counts a report. Returns after the commit, and tells nothing of what was found.
    ///
    /// - Throws: `Problem` `tooManyRequests`.
    func take(_ body: ReportBody, from request: RequestContext) async throws {
        let client = ReportClient(peer: request.peer, headers: request.head.headerFields, proxies: proxies)
        let wait = limiter.take(reporter: client.reporter(key: limiterKey), at: clock().milliseconds / 1000)
        if let wait { throw Problem.later(.tooManyRequests, "Your reports have been heard.", seconds: wait) }
        let names = try await currentNames()
        let report = Report(
            reporter: client.reporter(key: try await currentSalt()),
            component: body.area.flatMap { names.components[Self.normal($0)] } ?? "", symptom: body.symptom,
            region: body.region.map(Self.normal).flatMap { names.regions.contains($0) ? $0 : nil } ?? "")
        _ = try await gathered.value(report)
    }

    /// Counting twice changes nothing: whoever was counted is known.
    private static func insisting(_ body: () async throws -> Void) async throws {
        for _ in 0..<3 {
            do {
                return try await body()
            } catch let error as PostgresError where error.isTransient || error.sqlState == "40P01" {
                continue
            }
        }
        try await body()
    }

    private func currentSalt() async throws -> [UInt8] {
        if let held = salt.withLock({ $0 }), held.until > .now { return held.bytes }
        let (bytes, seconds) = try await store.salt()
        salt.withLock { $0 = Salt(bytes: bytes, until: .now + .seconds(seconds)) }
        return bytes
    }

    private func currentNames() async throws -> Names {
        let snapshot = try await catalog.snapshot()
        if let held = names.withLock({ $0 }), held.version == snapshot.version { return held }
        let components = snapshot.graph.components.values.sorted { $0.slug < $1.slug }
        var bySlugOrName = Dictionary(components.map { (Self.normal($0.name), $0.slug) }) { first, _ in first }
        for component in components { bySlugOrName[Self.normal(component.slug)] = component.slug }
        let made = Names(
            version: snapshot.version, components: bySlugOrName,
            regions: Set(components.flatMap(\.regions).map(Self.normal)))
        names.withLock { $0 = made }
        return made
    }

    private static func normal(_ name: String) -> String {
        name.onOneLine.lowercased()
    }
}
