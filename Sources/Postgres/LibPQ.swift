import CLibPQ
import Glibc

/// The one file that calls libpq. A `LibPQConnection` owns one `PGconn`, always non-blocking and in pipeline mode once
/// `open` returned it; only one thread may hold it at a time.
/// (https://www.postgresql.org/docs/current/libpq-pipeline-mode.html)
final class LibPQConnection {
    private let raw: OpaquePointer
    private let arena = ParameterArena()

    private init(raw: OpaquePointer) {
        self.raw = raw
    }

    deinit {
        PQfinish(raw)
    }

    /// Connects, blocking for up to `connect_timeout` a host: never on a thread of the cooperative pool.
    static func open(_ parameters: [ConnectionParameters.Pair]) throws(PostgresError) -> LibPQConnection {
        let keys = parameters.map { strdup($0.key) }
        let values = parameters.map { strdup($0.value) }
        defer { (keys + values).forEach { free($0) } }
        let opened = PQconnectdbParams(
            keys.map { UnsafePointer($0) } + [nil], values.map { UnsafePointer($0) } + [nil], 0
        )
        guard let opened else { throw .unavailable(reason: "out of memory") }
        let connection = LibPQConnection(raw: opened)
        guard PQstatus(opened) == CONNECTION_OK else { throw .unavailable(reason: connection.errorMessage) }
        // Without a receiver of our own libpq prints notices to standard error.
        PQsetNoticeReceiver(opened, { _, _ in }, nil)
        guard PQsetnonblocking(opened, 1) == 0 else { throw .unavailable(reason: connection.errorMessage) }
        return connection
    }

    func enterPipelineMode() -> Bool {
        PQenterPipelineMode(raw) == 1
    }

    /// The descriptor to wait on; it stays the same for the connection's life.
    var socket: Int32 { PQsocket(raw) }
    var host: String { PQhost(raw).map { String(cString: $0) } ?? "" }
    var port: String { PQport(raw).map { String(cString: $0) } ?? "" }
    var isOutsideTransaction: Bool { PQtransactionStatus(raw) == PQTRANS_IDLE }

    /// What libpq says went wrong last, on one line. It names hosts, users and databases, never a password.
    var errorMessage: String {
        guard let message = PQerrorMessage(raw) else { return "unknown" }
        let lines = String(cString: message).split(whereSeparator: \.isNewline)
        return lines.isEmpty ? "the server closed the connection" : lines.joined(separator: "; ")
    }

    /// Makes every later read and write fail at once, so that closing a connection to a frozen server cannot wait.
    func shutDown() {
        _ = shutdown(socket, Int32(SHUT_RDWR))
    }
}

// MARK: - Sending

extension LibPQConnection {
    func sendPrepare(name: String, statement: SQL) -> Bool {
        statement.binds.map(\.type.rawValue).withUnsafeBufferPointer { types in
            PQsendPrepare(raw, name, statement.text, Int32(types.count), types.baseAddress) == 1
        }
    }

    /// Parameters and results in binary format.
    func sendExecute(name: String, binds: [PostgresBind]) -> Bool {
        arena.fill(binds)
        return PQsendQueryPrepared(raw, name, Int32(binds.count), arena.values, arena.lengths, arena.formats, 1) == 1
    }

    /// A statement that is not worth preparing, without parameters.
    func sendPlain(_ text: String) -> Bool {
        PQsendQueryParams(raw, text, 0, nil, nil, nil, nil, 1) == 1
    }

    /// Ends an implicit transaction, and flushes what it can.
    func sendSync() -> Bool {
        PQpipelineSync(raw) == 1
    }

    /// A simple query of any number of statements, outside of pipeline mode only.
    func sendSimple(_ text: String) -> Bool {
        PQsendQuery(raw, text) == 1
    }

    enum Flush {
        case done, blocked, failed
    }

    func flush() -> Flush {
        switch PQflush(raw) {
        case 0: .done
        case 1: .blocked
        default: .failed
        }
    }
}

/// The arrays that `PQsendQueryPrepared` wants, kept from one statement to the next. (It copies them before it
/// returns.)
private final class ParameterArena {
    private(set) var values: [UnsafePointer<CChar>?] = []
    private(set) var lengths: [Int32] = []
    private(set) var formats: [Int32] = []
    private var memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 1_024, alignment: 8)
    private let keptMax_bytes = 1 << 20

    deinit {
        memory.deallocate()
    }

    func fill(_ binds: [PostgresBind]) {
        values.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
        formats.removeAll(keepingCapacity: true)
        reserve(binds.reduce(1) { $0 + ($1.bytes?.count ?? 0) })
        var rest = memory[...]
        for bind in binds {
            formats.append(1)
            guard let bytes = bind.bytes else {
                values.append(nil)
                lengths.append(0)
                continue
            }
            let place = UnsafeMutableRawBufferPointer(rebasing: rest)
            place.copyBytes(from: bytes)
            // An empty value needs an address too: without one it would be NULL.
            values.append(UnsafePointer(place.baseAddress?.assumingMemoryBound(to: CChar.self)))
            lengths.append(Int32(bytes.count))
            rest = rest.dropFirst(bytes.count)
        }
    }

    private func reserve(_ count: Int) {
        guard count > memory.count || memory.count > keptMax_bytes else { return }
        memory.deallocate()
        memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 1_024), alignment: 8)
    }
}

// MARK: - Receiving

extension LibPQConnection {
    /// Reads what has arrived, without blocking. False when the connection is gone.
    func consumeInput() -> Bool {
        PQconsumeInput(raw) == 1
    }

    /// Whether `nextReply` would have to wait.
    var isBusy: Bool { PQisBusy(raw) == 1 }

    func nextReply() -> PipelineReply<ResultHandle, PostgresServerError> {
        guard let result = PQgetResult(raw) else { return .end }
        let status = PQresultStatus(result)
        switch status {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: return .value(ResultHandle(owning: result))
        case PGRES_PIPELINE_SYNC:
            PQclear(result)
            return .sync
        case PGRES_PIPELINE_ABORTED:
            PQclear(result)
            return .aborted
        default:
            defer { PQclear(result) }
            guard let error = PostgresServerError(result: result) else { return .lost(reason: errorMessage) }
            return error.isFatal ? .lost(reason: error.description) : .failure(error)
        }
    }

    func nextNotification() -> (channel: String, payload: String)? {
        guard let notification = PQnotifies(raw) else { return nil }
        defer { PQfreemem(notification) }
        return (String(cString: notification.pointee.relname), String(cString: notification.pointee.extra))
    }
}

extension PostgresServerError {
    /// Nil for an error that libpq made itself: it has no SQLSTATE.
    fileprivate init?(result: OpaquePointer) {
        func field(_ code: Character) -> String? {
            PQresultErrorField(result, Int32(code.asciiValue ?? 0)).map { String(cString: $0) }
        }
        // The letters are those of the protocol (PG_DIAG_* in postgres_ext.h).
        guard let sqlState = field("C") else { return nil }
        self.init(
            sqlState: sqlState, severity: field("V") ?? field("S") ?? "ERROR", message: field("M") ?? "",
            detail: field("D"),
            hint: field("H"), table: field("t"), column: field("c"), constraint: field("n"),
            position: field("P").flatMap { Int($0) }
        )
        self.sourceFunction = field("R")
    }
}

/// A `PGresult`: rows as the server sent them, decoded when they are asked for.
///
/// `@unchecked Sendable`: nobody changes a `PGresult` after libpq has returned it, and libpq's manual (section
/// 'Behavior in Threaded Programs') allows such results to be read by any thread. It is freed with its last owner.
final class ResultHandle: @unchecked Sendable {
    private let raw: OpaquePointer
    let columnCount: Int
    let rowCount: Int

    fileprivate init(owning raw: OpaquePointer) {
        self.raw = raw
        self.columnCount = Int(PQnfields(raw))
        self.rowCount = Int(PQntuples(raw))
    }

    deinit {
        PQclear(raw)
    }

    var columns: [String] { (0..<columnCount).map(name(of:)) }
    var affectedRows: Int { Int(String(cString: PQcmdTuples(raw))) ?? 0 }
    var commandTag: String { String(cString: PQcmdStatus(raw)) }

    func name(of column: Int) -> String {
        PQfname(raw, Int32(column)).map { String(cString: $0) } ?? "\(column)"
    }

    /// Compares bytes: `PQfnumber` would fold case and allocate.
    func position(of name: String) -> Int? {
        name.withCString { wanted in
            (0..<columnCount).first { strcmp(PQfname(raw, Int32($0)), wanted) == 0 }
        }
    }

    func withCell<T>(row: Int, column: Int, _ body: (PostgresCell) throws -> T) rethrows -> T {
        let (row, column) = (Int32(row), Int32(column))
        let type = PostgresType(rawValue: PQftype(raw, column))
        guard PQgetisnull(raw, row, column) == 0 else { return try body(PostgresCell(type: type, bytes: nil)) }
        let bytes = UnsafeRawBufferPointer(
            start: PQgetvalue(raw, row, column), count: Int(PQgetlength(raw, row, column)))
        return try withExtendedLifetime(self) { try body(PostgresCell(type: type, bytes: bytes)) }
    }

    /// For results in text format, as simple queries give them.
    func text(row: Int, column: Int) -> String? {
        withCell(row: row, column: column) { cell in cell.bytes.map { String(decoding: $0, as: UTF8.self) } }
    }
}

// MARK: - Cancelling, parsing

/// What it takes to cancel whatever a connection is doing, without touching the connection.
///
/// `@unchecked Sendable`: a `PGcancel` is a copy of the connection's address and key, which libpq only reads; the
/// manual calls `PQcancel` safe from any thread.
final class CancelHandle: @unchecked Sendable {
    private let raw: OpaquePointer

    fileprivate init(owning raw: OpaquePointer) {
        self.raw = raw
    }

    deinit {
        PQfreeCancel(raw)
    }

    /// Opens a connection of its own and blocks until the server has taken the request: never on a thread of the
    /// cooperative pool.
    func cancel() {
        var message = [CChar](repeating: 0, count: 256)
        _ = PQcancel(raw, &message, Int32(message.count))
    }
}

extension LibPQConnection {
    func cancelHandle() -> CancelHandle? {
        PQgetCancel(raw).map { CancelHandle(owning: $0) }
    }
}

extension ConnectionParameters {
    /// Reads a connection string, as URI or keywords, as libpq does. The error never quotes the string: it may hold a
    /// password.
    init(parsing conninfo: String) throws(PostgresError) {
        var message: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(conninfo, &message) else {
            PQfreemem(message)
            throw .misconfigured(reason: "the connection string is not one that libpq can read")
        }
        defer { PQconninfoFree(options) }
        var pairs: [Pair] = []
        var option = options
        while let key = option.pointee.keyword {
            if let value = option.pointee.val { pairs.append((String(cString: key), String(cString: value))) }
            option += 1
        }
        self.init(pairs: pairs)
    }
}
