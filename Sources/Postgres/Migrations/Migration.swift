/// One step of the schema: a number, a name and SQL. Once released it never changes; its checksum proves that.
package struct Migration: Sendable, Equatable {
    /// From 1, without gaps.
    package let number: Int
    package let name: String
    /// Any number of statements; they run in one transaction, so none may be of the few that cannot (`CREATE INDEX
    /// CONCURRENTLY`).
    package let sql: String
    /// The migration that a program must know to work with the schema from here on: 0 for one that only adds, and for one that
    /// takes something away the number as of which no program uses it.
    package let needs: Int

    package init(number: Int, name: String, sql: String, needs: Int = 0) {
        self.number = number
        self.name = name
        self.sql = sql
        self.needs = needs
    }

    /// 64-bit FNV-1a of the SQL's UTF-8 bytes as 16 hex digits. It guards against an edit by mistake, not against an
    /// attacker: one who can write the table can write the checksum as well. (The constants are those of the
    /// algorithm's authors.)
    package var checksum: String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in sql.utf8 {
            hash ^= UInt64(byte)
            hash &*= 0x0000_0100_0000_01b3
        }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
