import Testing

/// Where SQL may stand, and in which order the schema came to be.
struct SQLTests {
    private static let homes = ["Store", "Search", "Queue"]

    /// Files outside these that hold SQL, and why.
    private static let exceptions: [String: String] = [:]

    @Test func `SQL stands in stores, searches, queues and migrations`() {
        let statement = /\b(SELECT\b.*\b(FROM|AS)|INSERT INTO|UPDATE \w+ SET|DELETE FROM|(CREATE|ALTER|DROP) TABLE)\b/
        let complaints = SourceTree.sources.filter { file in
            file.target != "Postgres" && Self.exceptions[file.path] == nil
                && !Self.homes.contains(where: file.topic.hasSuffix)
        }.flatMap { file in
            file.literalLines.enumerated().filter { $0.element.contains(statement) }.map {
                Complaint(file, line: $0.offset + 1, "move this statement into a file named *Store, *Search or *Queue")
            }
        }
        #expect(complaints.isEmpty, "\(report(complaints))")
    }

    @Test func `the Postgres module knows none of our tables`() throws {
        let tables = Self.migrations.flatMap { migration in
            migration.text.matches(of: /CREATE TABLE (\w+)/).map { String($0.output.1) }
        }
        #expect(!tables.isEmpty)
        let complaints = SourceTree.sources.filter { $0.target == "Postgres" }.flatMap { file in
            file.literalLines.enumerated().compactMap { index, line -> Complaint? in
                let named = tables.first { line.contains("FROM \($0)") || line.contains("INTO \($0)") }
                return named.map { Complaint(file, line: index + 1, "\($0) is a table of MusterServer; use it there") }
            }
        }
        #expect(complaints.isEmpty, "\(report(complaints))")
    }

    @Test func `migrations are numbered without gaps, and each is in the list`() {
        let list = SourceTree.file("Sources/MusterServer/Migrations/Migrations.swift")?.text ?? ""
        let names = Self.migrations.map(\.name)
        for (index, name) in names.enumerated() {
            let digits = String(index + 1)
            let number = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
            #expect(
                name.hasPrefix("m\(number)_"), "\(name) should be number \(number): mNNNN_verb_noun.sql, without gaps")
            let constant = name.replacing(".", with: "_")
            #expect(list.contains("PackageResources.\(constant)"), "add \(name) to Migrations.all, in its order")
        }
        #expect(!names.isEmpty)
    }

    private static var migrations: [SourceTree.File] {
        SourceTree.files(in: ["Sources/MusterServer/Migrations"], suffixes: [".sql"])
    }
}
