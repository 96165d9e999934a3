import HTTPTypes
import IncidentDomain
import Metrics
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
        let symptoms: [String]
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
    /// - Throws: `Problem` `tooManyRequests`, or 422 of a symptom that the catalog has not.
    func accept(_ body: ReportBody, from request: RequestContext) async throws {
        let client = ReportClient(peer: request.peer, headers: request.head.headerFields, proxies: proxies)
        let wait = limiter.admit(reporter: client.reporter(key: limiterKey), at: clock().milliseconds / 1000)
        if let wait { throw Problem.later(.tooManyRequests, "Too many reports; try again later.", seconds: wait) }
        let names = try await currentNames()
        guard names.symptoms.contains(body.symptom) else {
            throw Problem.invalid("/symptom", "should be one of \(names.symptoms.joined(separator: ", "))")
        }
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
        // What it is called outside is what people outside know.
        var bySlugOrName = Dictionary(
            components.compactMap { component in
                component.publicListing.map { (Self.normal($0.name), component.slug) }
            }
        ) { first, _ in first }
        bySlugOrName.merge(components.map { (Self.normal($0.name), $0.slug) }) { _, inside in inside }
        for component in components { bySlugOrName[Self.normal(component.slug)] = component.slug }
        let made = Names(
            version: snapshot.version, components: bySlugOrName,
            regions: Set(components.flatMap(\.regions).map(Self.normal)), symptoms: snapshot.help.symptoms.map(\.id))
        names.withLock { $0 = made }
        return made
    }

    private static func normal(_ name: String) -> String {
        name.onOneLine.lowercased()
    }
}

/// Who sends a report, as far as it has to be known to count no address twice. It lives as long as the request: neither the
/// address nor anything that leads back to it is stored or logged.
struct ReportClient: Sendable {
    /// The address; of IPv6 only the network, since a machine has as many addresses in it as it likes. Empty when there is
    /// none, as behind a socket of the file system.
    private let address: [UInt8]

    /// Hops that are looked at, from the nearest on.
    private static let hopsMax = 32

    /// - Parameter peer: The address that the connection comes from; nil of a socket of the file system.
    init(peer: String?, headers: RequestFields, proxies: [NetworkRange]) {
        let forwarded = headers[values: .xForwardedFor].joined(separator: ",")
        var client = peer.flatMap(NetworkRange.bytes)
        // A socket of the file system is reached by what runs on this machine: a proxy, if there are any.
        var isProxy = peer == nil ? !proxies.isEmpty : client.map { Self.isIn(proxies, $0) } ?? false
        for hop in forwarded.split(separator: ",").suffix(Self.hopsMax).reversed() where isProxy {
            guard let bytes = Self.address(in: hop) else { break }
            client = bytes
            isProxy = Self.isIn(proxies, bytes)
        }
        address = client.map { $0.count == 16 ? Array($0[..<8]) : $0 } ?? []
    }

    /// A code of the address, which differs with every key. Whatever else a sender says of himself is his own choice, and so
    /// makes nobody else of him.
    func reporter(key: [UInt8]) -> [UInt8] {
        OpenSSL.hmacSHA256(key: key, [UInt8(address.count)] + address)
    }

    /// A code of the network that one sender may have as a whole: a /24 of IPv4, a /48 of IPv6.
    func network(key: [UInt8]) -> [UInt8] {
        let network = address.prefix(address.count == 4 ? 3 : 6)
        return OpenSSL.hmacSHA256(key: key, [UInt8(network.count)] + network)
    }

    private static func isIn(_ networks: [NetworkRange], _ address: [UInt8]) -> Bool {
        networks.contains { $0.contains(address) }
    }

    /// As proxies write it: `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]:4711`.
    private static func address(in hop: Substring) -> [UInt8]? {
        var text = hop.filter { $0 != " " && $0 != "\t" }
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            text = String(text[text.index(after: text.startIndex)..<end])
        } else if text.filter({ $0 == ":" }).count == 1, let colon = text.firstIndex(of: ":") {
            text = String(text[..<colon])
        }
        return NetworkRange.bytes(of: text)
    }
}

extension HTTPField.Name {
    static let xForwardedFor = HTTPField.Name("X-Forwarded-For")!
}

/// How many reports are taken within a minute: of one address, and of all together, which also bounds what has to be remembered
/// here and what is written. Each daemon counts for itself. What is refused is counted.
final class ReportLimiter: Sendable {
    struct Limits: Sendable {
        var perReporter = 10
        /// Each is a row at the most for two hours, and one for as long as counts are kept.
        var perMinute = 6_000
    }

    /// Which one was reached.
    enum Limit: String, CaseIterable, Sendable {
        case address, all
    }

    private struct State {
        var minute: Int64 = 0
        var counts: [[UInt8]: Int] = [:]
        var total = 0
    }

    private let limits: Limits
    /// Counts what is refused.
    private let label: String?
    private let state = Mutex(State())

    /// - Parameter label: The counter of what is refused; nil where the caller counts.
    init(_ limits: Limits = Limits(), counting label: String? = "muster_reports_refused") {
        (self.limits, self.label) = (limits, label)
    }

    /// Counts one report.
    ///
    /// - Parameter seconds: What the clock says, of whatever beginning.
    /// - Returns: Nil when it is taken, else after how many seconds to try again.
    func admit(reporter: [UInt8], at seconds: Int64) -> Int? {
        let limit: Limit? = state.withLock { state in
            let minute = seconds / 60
            if minute != state.minute { state = State(minute: minute) }
            guard state.total < limits.perMinute else { return .all }
            guard state.counts[reporter, default: 0] < limits.perReporter else { return .address }
            state.counts[reporter, default: 0] += 1
            state.total += 1
            return nil
        }
        guard let limit else { return nil }
        if let label { Counter(label: label, dimensions: [("limit", limit.rawValue)]).increment() }
        return Int(60 - seconds % 60)
    }

    /// How many addresses are remembered.
    var remembered: Int { state.withLock { $0.counts.count } }
}
