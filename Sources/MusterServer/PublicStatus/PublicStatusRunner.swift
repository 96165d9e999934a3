import FoundationEssentials
import IncidentDomain
import Logging
import Postgres
import Synchronization

/// Keeps the public page up to date: looks after each commit and once a second whether anything public changed, and renders it then.
/// Every daemon does so for itself.
struct PublicStatusRunner: PeriodicRunner {
    static let name = "public_status"
    static let failure = "the public page could not be brought up to date"

    let board: StatusBoard
    let settings: StatusSettings
    let store: PublicStatusStore
    let catalog: CatalogCache
    let installation: Installation
    /// Nil where nothing is written to disk.
    let file: StatusFile?
    let signal: WakeSignal?
    let logger: Logger
    var interval: Duration { .seconds(1) }
    /// After so many seconds what was looked at last is no longer taken for the present.
    var interruptedAfter: Double = 60
    /// The file is written no more often.
    var writeEvery: Duration = .seconds(2)

    private let state = Memory()

    init(
        board: StatusBoard, settings: StatusSettings, store: PublicStatusStore, catalog: CatalogCache,
        installation: Installation, file: StatusFile?, signal: WakeSignal?, logger: Logger
    ) {
        (self.board, self.settings, self.store, self.catalog) = (board, settings, store, catalog)
        (self.installation, self.file, self.signal, self.logger) = (installation, file, signal, logger)
    }

    /// What the passes of one runner remember.
    private final class Memory: Sendable {
        struct Known: Sendable {
            /// When the database was looked at, by its clock: everything that was committed before is in the record.
            var at: Timestamp
            var position: PublicStatusStore.Position
            var mark: PublicStatusStore.Mark
            var readAt: ContinuousClock.Instant
            var record: PublicRecord
            var catalog: PublicCatalog
            /// Into which incident those were merged that may have been public.
            var merged: [Int: Int]
        }

        struct State: Sendable {
            /// Nil before everything was read once.
            var known: Known?
            var writtenAt: ContinuousClock.Instant?
            var written: PublicRecord?
            var complainedOfFile = false
            /// When the database answered last, by its clock.
            var lookedAt: Timestamp?

            /// So old that its age would be wrong by minutes.
            var isWriteOld: Bool { writtenAt.map { $0.duration(to: .now) > .seconds(60) } ?? true }
        }

        let state = Mutex(State())
    }

    /// Everything is read anew so often, in case something was missed.
    private static let rereadAfter: Duration = .seconds(600)
    private var rule: PublicationRule { PublicationRule(severities: settings.severities) }

    func pass() async throws {
        do {
            let looked = try await tellingAge { try await look() }
            try await show(looked.record, asOf: looked.now, isInterrupted: false)
        } catch {
            await tellAge()
            throw error
        }
        try await writeFile()
    }

    /// Shows what is on disk until the database answers.
    func restore() async {
        guard board.snapshot == nil, let file,
            let found = try? await WorkerPool.run({ file.read() })
        else { return }
        try? await show(found.record, asOf: found.asOf, isInterrupted: true)
        logger.notice("the public page is shown from disk", metadata: ["as_of": .string("\(found.asOf)")])
    }

    /// What is public as the database said it last, with when that was by its clock: everything that was committed before is in it. Nil before
    /// the database was asked.
    var looked: (record: PublicRecord, at: Timestamp)? {
        state.state.withLock { state in state.known.map { ($0.record, $0.at) } }
    }

    // MARK: Looking

    private func look() async throws -> (record: PublicRecord, now: Timestamp) {
        let known = state.state.withLock { $0.known }
        guard let known, known.readAt.duration(to: .now) < Self.rereadAfter else { return try await readAll() }
        let look = try await store.look(after: known.position)
        guard let changed = look.changed, look.mark.catalog == known.mark.catalog else { return try await readAll() }
        var next = known
        (next.at, next.position, next.mark) = (look.now, look.position, look.mark)
        if !changed.isEmpty {
            let found = try await store.incidents(changed, rule)
            let fresh = try await incidents(found, known.catalog)
            next.merged = known.merged.filter { !changed.contains($0.key) }.merging(Self.merged(found)) { $1 }
            let kept = known.record.incidents.filter { !changed.contains($0.number) }
            next.record = PublicRecord(
                components: known.record.components, incidents: Self.bounded(kept + fresh),
                maintenance: known.record.maintenance, help: known.record.help, merged: next.merged)
        }
        if look.mark.maintenance != known.mark.maintenance {
            next.record.maintenance = try await maintenance(known.catalog)
        }
        state.state.withLock { [next] in $0.known = next }
        return (next.record, look.now)
    }

    private func readAll() async throws -> (record: PublicRecord, now: Timestamp) {
        // Before anything is read: what changes meanwhile is read again.
        let look = try await store.look(after: nil)
        let (catalog, book) = try await publicCatalog()
        let found = try await store.incidents(rule)
        let (incidents, merged) = (try await incidents(found, catalog), Self.merged(found))
        let record = PublicRecord(
            components: catalog.components, incidents: Self.bounded(incidents),
            maintenance: try await maintenance(catalog), help: book.outside(catalog), merged: merged)
        state.state.withLock {
            $0.known = Memory.Known(
                at: look.now, position: look.position, mark: look.mark, readAt: .now, record: record, catalog: catalog,
                merged: merged)
        }
        return (record, look.now)
    }

    /// Ids are made of the installation's id, so that nobody can try slugs.
    private func publicCatalog() async throws -> (PublicCatalog, HelpBook) {
        let snapshot = try await catalog.snapshot()
        let components = snapshot.graph.components.values.filter { $0.publicListing != nil }
        let key = Array(try await installation.id().text.utf8)
        let ages = try await store.ages(of: components.map(\.slug))
        let known = components.compactMap { component in
            ages[component.slug].map { age in
                let code = OpenSSL.hmacSHA256(key: key, Array("component \(component.slug)".utf8))
                return (
                    component.slug,
                    PublicCatalog.Known(
                        id: HashChain.hex(Array(code.prefix(6))), createdAt: age.createdAt, updatedAt: age.updatedAt)
                )
            }
        }
        let causes = CauseCategory.allCases.map { category in
            (category, HashChain.hex(Array(OpenSSL.hmacSHA256(key: key, Array("cause \(category)".utf8)).prefix(4))))
        }
        let catalog = PublicCatalog(
            components, known: Dictionary(known) { first, _ in first },
            causeCodes: Dictionary(causes) { first, _ in first })
        return (catalog, snapshot.help)
    }

    private func incidents(_ found: [Incident], _ catalog: PublicCatalog) async throws -> [PublicIncident] {
        var made: [PublicIncident] = []
        for incident in found where incident.phase != .merged {
            guard let timeline = try await store.timeline(of: incident.number) else { continue }
            let rule = rule
            let shown = try await WorkerPool.run {
                PublicIncident(incident, timeline: timeline, catalog: catalog, rule: rule)
            }
            if let shown { made.append(shown) }
        }
        return made
    }

    private static func merged(_ found: [Incident]) -> [Int: Int] {
        Dictionary(found.compactMap { incident in incident.publicGoesOnAs.map { (incident.number, $0) } }) { $1 }
    }

    private func maintenance(_ catalog: PublicCatalog) async throws -> [PublicMaintenance] {
        guard !catalog.isEmpty else { return [] }
        let key = Array(try await installation.id().text.utf8)
        return try await store.maintenance(of: catalog.slugs).compactMap { found in
            let name = "maintenance \(found.maintenance.id.text) \(found.occurrence.local)"
            let code = OpenSSL.hmacSHA256(key: key, Array(name.utf8))
            return PublicMaintenance(
                found.occurrence, of: found.maintenance.window, id: HashChain.hex(Array(code.prefix(8))),
                version: found.maintenance.version, createdAt: found.maintenance.createdAt,
                updatedAt: found.maintenance.updatedAt, catalog: catalog)
        }
    }

    /// All that go on, as far as there is room, and the newest of the others.
    private static func bounded(_ incidents: [PublicIncident]) -> [PublicIncident] {
        let sorted = incidents.sorted { ($0.startedAt, $0.number) > ($1.startedAt, $1.number) }
        return Array(sorted.filter { !$0.status.isResolved }.prefix(PublicRecord.openMax))
            + sorted.filter(\.status.isResolved).prefix(PublicRecord.pastMax)
    }

    // MARK: Showing

    /// Renders what is known where it is new, or time has gone on.
    private func show(_ record: PublicRecord, asOf: Timestamp, isInterrupted: Bool) async throws {
        let before = board.snapshot
        if let before, !isInterrupted, !before.isInterrupted, before.settings == settings, before.record == record,
            !Self.hasMoved(before, to: asOf)
        {
            // Nothing changed: it is only known to be so at a later time.
            state.state.withLock { $0.lookedAt = asOf }
            return
        }
        state.state.withLock { $0.lookedAt = asOf }
        let now = isInterrupted ? Timestamp.now() : asOf
        let renderer = StatusRenderer(
            record: record, settings: settings, asOf: asOf, age: isInterrupted ? StatusAge(of: asOf, at: now) : nil,
            previous: before, now: now)
        board.show(try await WorkerPool.run { renderer.render() })
    }

    /// Whether the figures are of another minute, or something has begun or ended by itself.
    private static func hasMoved(_ before: StatusSnapshot, to now: Timestamp) -> Bool {
        before.asOf.milliseconds / 60_000 != now.milliseconds / 60_000
            || PublicStatus.changes(before.record, after: before.asOf) <= now
    }

    /// The database did not answer. What is shown stays, and says how old it is when it is too old, each minute anew.
    func tellAge() async {
        guard let before = board.snapshot else { return }
        let (asOf, now) = (state.state.withLock { $0.lookedAt } ?? before.asOf, Timestamp.now())
        guard now.seconds(since: asOf) > interruptedAfter, before.age != StatusAge(of: asOf, at: now) else { return }
        try? await show(before.record, asOf: asOf, isInterrupted: true)
    }

    /// A database that answers nothing at all is waited for much longer than what is shown may be taken for the present.
    private func tellingAge<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
        try await withThrowingTaskGroup(of: T?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                while !Task.isCancelled {
                    // Nothing tells that nothing happens but the time.
                    try? await Task.sleep(for: .seconds(1))
                    if !Task.isCancelled { await tellAge() }
                }
                return nil
            }
            defer { group.cancelAll() }
            while let found = try await group.next() {
                if let found { return found }
            }
            throw CancellationError()
        }
    }

    private func writeFile() async throws {
        guard let file, let snapshot = board.snapshot else { return }
        let isDue = state.state.withLock { state in
            guard state.written != snapshot.record || state.isWriteOld else { return false }
            if let last = state.writtenAt, last.duration(to: .now) < writeEvery { return false }
            (state.written, state.writtenAt) = (snapshot.record, .now)
            return true
        }
        guard isDue else { return }
        let asOf = state.state.withLock { $0.lookedAt } ?? snapshot.asOf
        do {
            try await WorkerPool.run { try file.write(snapshot.record, asOf: asOf) }
            state.state.withLock { $0.complainedOfFile = false }
        } catch {
            let isFirst = state.state.withLock { state in
                defer { state.complainedOfFile = true }
                return !state.complainedOfFile
            }
            guard isFirst else { return }
            logger.warning(
                "the public page cannot be written to data.directory; a daemon that starts without PostgreSQL has none to show",
                metadata: ["file": .string(file.path), "error": .string("\(error)")])
        }
    }
}
