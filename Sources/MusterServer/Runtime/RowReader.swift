import FoundationEssentials
import IncidentDomain
import Postgres

/// One row of a table that is read into memory or shown in a list: what it says, or why it cannot be read.
struct ReadRow<Value: Sendable>: Sendable {
    /// What names the row in its table, as people write it.
    let key: String
    /// Where it stands in its list, for cursors.
    let place: [JSONValue]
    let value: Result<Value, UnreadableRow>

    var readable: Value? { try? value.get() }

    /// Why it cannot be read; nil when it can.
    var reason: String? {
        guard case .failure(let row) = value else { return nil }
        return row.reason
    }

    /// What it says.
    ///
    /// - Throws: `Problem` `unreadable`, for whoever asked for this very row.
    func get() throws(Problem) -> Value {
        switch value {
        case .success(let value): return value
        case .failure(let row): throw Problem(row)
        }
    }
}

extension Problem {
    init(_ row: UnreadableRow) {
        self.init(
            .unreadable,
            "\(row.key) is stored in a form that this release cannot read: \(row.reason). It is left out until it is "
                + "deleted or written anew.")
    }
}

/// How the rows of one table are read: the one way, so that a row that cannot be read never stops the others. It is
/// skipped, noted (`UnreadableRows`: one line in the log, a metric), and shown by the list that it belongs to.
struct RowReader<Value: Sendable>: Sendable {
    let table: String
    /// Reads what names a row.
    let key: @Sendable (PostgresRow) throws -> String
    /// Reads where a row stands in its list; nil where that is its key.
    var place: (@Sendable (PostgresRow) throws -> [JSONValue])?
    let decode: @Sendable (PostgresRow) throws -> Value

    /// The longest reason that is told.
    private static var reasonMax: Int { 300 }

    func read(_ row: PostgresRow, in runner: some SQLRunner) -> ReadRow<Value> {
        let name = (try? key(row)) ?? "?"
        let place = place.map { (try? $0(row)) ?? [] } ?? [.string(name)]
        let value = value(of: row)
        if case .failure(let row) = value { runner.unreadable.note(row) }
        return ReadRow(key: name, place: place, value: value)
    }

    func read(_ rows: some Sequence<PostgresRow>, in runner: some SQLRunner) -> [ReadRow<Value>] {
        rows.map { read($0, in: runner) }
    }

    /// What can be read.
    func values(_ rows: some Sequence<PostgresRow>, in runner: some SQLRunner) -> [Value] {
        rows.compactMap { read($0, in: runner).readable }
    }

    /// What a row says, or what is wrong with it.
    fileprivate func value(of row: PostgresRow) -> Result<Value, UnreadableRow> {
        do {
            return .success(try decode(row))
        } catch {
            return .failure(
                UnreadableRow(table: table, key: (try? key(row)) ?? "?", reason: Self.reason(error)))
        }
    }

    private static func reason(_ error: any Error) -> String {
        let text =
            switch error {
            case let problem as Problem: problem.detail
            case let error as PostgresError: "\(error)"
            case let error as Component.Unreadable: error.reason
            case is DecodingError: "its JSON has not the members that it should have"
            default: "\(error)"
            }
        return ForeignText.cut(text, scalars: reasonMax)
    }
}

/// A table of which every row can be looked at, whatever its rows are read as.
struct ExaminedTable: Sendable {
    let name: String
    /// What people do about a row that cannot be read.
    let remedy: @Sendable (String) -> String
    private let check: @Sendable (PostgresRow) -> UnreadableRow?
    let all: SQL

    init<Value>(_ reader: RowReader<Value>, all: SQL, remedy: @escaping @Sendable (String) -> String) {
        name = reader.table
        self.all = all
        self.remedy = remedy
        check = { row in
            guard case .failure(let unreadable) = reader.value(of: row) else { return nil }
            return unreadable
        }
    }

    /// The rows that cannot be read.
    func unreadable(in runner: some SQLRunner) async throws -> [UnreadableRow] {
        try await runner.query(all).compactMap(check)
    }
}
