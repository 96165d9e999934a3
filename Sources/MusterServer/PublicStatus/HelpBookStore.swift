import IncidentDomain
import Postgres

/// The help book of the installation; without one, the built-in one holds.
struct HelpBookStore: Sendable {
    let pool: PostgresPool

    struct Stored: Sendable {
        let book: HelpBook
        /// The catalog's when it was written; zero of what is built in.
        let version: Int
        let isBuiltIn: Bool

        static let builtIn = Stored(book: HelpBodies.builtIn, version: 0, isBuiltIn: true)
    }

    func current() async throws -> Stored { try await Self.current(in: pool) }

    /// One that cannot be read is left alone, and the built-in one holds.
    static func current(in runner: some SQLRunner) async throws -> Stored {
        try await runner.query(all).first.flatMap { reader.read($0, in: runner).readable } ?? .builtIn
    }

    private static let all: SQL = "SELECT body, version FROM help_book"

    private static let reader = RowReader(table: "help_book", key: { _ in "help" }, decode: stored)

    static let examined = ExaminedTable(reader, all: all) { _ in "PUT or DELETE /v1/catalog/help" }

    private static func stored(_ row: PostgresRow) throws -> Stored {
        let body: PostgresJSON = try row.decode("body")
        return Stored(
            book: try HelpBodies.read(try JSONParser.parse(body.bytes)), version: try row.decode("version"),
            isBuiltIn: false)
    }

    /// Puts a book in place; nil takes the installation's away. It raises the catalog's version, by which every daemon hears of it.
    func replace(by book: HelpBook?, ifMatch: IfMatch, by principal: Principal) async throws -> Stored {
        try await pool.transaction { transaction in
            try await CatalogStore.lock(in: transaction)
            let before = try await Self.current(in: transaction)
            try ifMatch.require(before.version)
            let body = book.map { book in
                var json = JSONWriter(capacity: 16_384)
                json.object { HelpBodies.write(book, to: &$0) }
                return PostgresJSON(bytes: json.bytes)
            }
            let data: JSONObject = [
                "symptoms": .integer(book?.symptoms.count ?? 0), "guides": .integer(book?.guides.count ?? 0),
            ]
            _ = try await transaction.pipeline([
                "UPDATE catalog SET version = version + 1",
                "DELETE FROM help_book",
                """
                INSERT INTO help_book (body, version)
                SELECT \(body)::json, version FROM catalog WHERE \(body)::json IS NOT NULL
                """,
                AuditStore.insert(
                    actor: principal, action: book == nil ? "help.remove" : "help.change", subject: "help", data: data),
            ])
            transaction.unreadable.forget("help", of: Self.reader.table)
            return try await Self.current(in: transaction)
        }
    }
}
