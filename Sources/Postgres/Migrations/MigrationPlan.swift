/// What is to be done to bring a database up to a list of migrations, decided from what the database says it has.
struct MigrationPlan: Equatable {
    /// A row of `schema_migration`.
    struct Applied: Equatable {
        let number: Int
        let name: String
        let checksum: String
        var needs = 0
    }

    private(set) var status: MigrationStatus

    /// Refuses a list with gaps, a changed migration, a database that lacks one in the middle, and one that this program is
    /// too old for.
    init(known: [Migration], applied: [Applied]) throws(PostgresError) {
        for (index, migration) in known.enumerated() where migration.number != index + 1 {
            throw .migration(
                reason:
                    "the program's migration '\(migration.name)' should have number \(index + 1), not \(migration.number)"
            )
        }
        var newer: [Int] = []
        for (index, row) in applied.sorted(by: { $0.number < $1.number }).enumerated() {
            guard row.number == index + 1 else {
                throw .migration(reason: "the database has migration \(row.number) but lacks \(index + 1)")
            }
            guard index < known.count else {
                newer.append(row.number)
                continue
            }
            guard known[index].checksum == row.checksum else {
                throw .migration(
                    reason:
                        "migration \(row.number) '\(row.name)' was changed after it was applied: the database has checksum "
                        + "\(row.checksum), the program \(known[index].checksum)")
            }
        }
        if let demanding = applied.max(by: { $0.needs < $1.needs }), demanding.needs > known.count {
            throw .migration(
                reason:
                    "migration \(demanding.number) '\(demanding.name)' needs a program that knows migration \(demanding.needs), and "
                    + "this one ends at \(known.count); install the version that the other daemons have")
        }
        self.status = MigrationStatus(
            applied: (0..<min(applied.count, known.count)).map { $0 + 1 },
            pending: Array(known.dropFirst(applied.count)),
            newer: newer
        )
    }
}
