/// What a statement answered: its rows, and how many rows it touched.
package struct PostgresResult: Sendable {
    private let handle: ResultHandle
    private let rowCount: Int

    init(handle: ResultHandle) {
        self.handle = handle
        self.rowCount = handle.rowCount
    }

    /// Rows inserted, updated, deleted or selected, as the command tag counts them.
    package var affectedRows: Int { handle.affectedRows }

    /// The command tag, such as `INSERT 0 1`. A `COMMIT` of a failed transaction answers `ROLLBACK`.
    var commandTag: String { handle.commandTag }
}

extension PostgresResult: RandomAccessCollection {
    package var startIndex: Int { 0 }
    package var endIndex: Int { rowCount }

    package subscript(position: Int) -> PostgresRow {
        precondition(position >= 0 && position < rowCount, "row \(position) of \(rowCount)")
        return PostgresRow(handle: handle, index: position)
    }
}

/// One row of a result.
package struct PostgresRow: Sendable {
    private let handle: ResultHandle
    private let index: Int

    init(handle: ResultHandle, index: Int) {
        self.handle = handle
        self.index = index
    }

    /// The names of the columns, in order.
    package var columns: [String] { handle.columns }

    /// Reads a column by its name, as the server gives it (unquoted names are lower case). Throws
    /// `PostgresError.decoding`.
    package func decode<T: PostgresDecodable>(_ column: String, as: T.Type = T.self) throws -> T {
        guard let position = handle.position(of: column) else {
            throw PostgresError.decoding(column: column, reason: "there is no such column in the result")
        }
        return try decode(position)
    }

    /// Reads a column by its position, from 0. Throws `PostgresError.decoding`.
    package func decode<T: PostgresDecodable>(_ column: Int, as: T.Type = T.self) throws -> T {
        guard column >= 0, column < handle.columnCount else {
            throw PostgresError.decoding(column: "\(column)", reason: "the result has \(handle.columnCount) columns")
        }
        do {
            return try handle.withCell(row: index, column: column) { try T(postgres: $0) }
        } catch let problem as PostgresDecodingProblem {
            throw PostgresError.decoding(column: handle.name(of: column), reason: problem.reason)
        }
    }
}
