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
