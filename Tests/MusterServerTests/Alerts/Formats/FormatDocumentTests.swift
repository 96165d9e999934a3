import Foundation
import Testing

@testable import MusterServer

/// docs/alert-formats.md says what there is, and the code has what it says.
struct FormatDocumentTests {
    private static let document: String = {
        let package = (0..<5).reduce(URL(filePath: #filePath)) { url, _ in url.deletingLastPathComponent() }
        return (try? String(contentsOf: package.appending(path: "docs/alert-formats.md"), encoding: .utf8)) ?? ""
    }()

    /// The cells of the lines that begin with a kind.
    private static let rows: [[String]] = document.split(separator: "\n").filter { $0.hasPrefix("| `") }.map { line in
        line.split(separator: "|", omittingEmptySubsequences: false).map { $0.trimmingCharacters(in: .whitespaces) }
    }

    @Test func `the table has every kind, in order, under the tool's name`() {
        let kinds = SourceKind.allCases.filter { $0.rawValue != "internal" }
        #expect(Self.rows.map { $0[1] } == kinds.map(\.rawValue).sorted().map { "`\($0)`" })
        let titles = Dictionary(uniqueKeysWithValues: kinds.map { ("`\($0.rawValue)`", $0.title) })
        for row in Self.rows { #expect(row[2] == titles[row[1]], "\(row[1])") }
    }

    @Test func `every kind says where its URL goes, what tells alerts apart, what begins and what ends them`() {
        for row in Self.rows {
            #expect(row.count == 9 && row[3...6].allSatisfy { !$0.isEmpty }, "\(row)")
        }
    }

    @Test func `the mapping that the document shows is one`() throws {
        let text = try #require(Self.document.firstMatch(of: /```json\n(.*?)```/.dotMatchesNewlines()))
        let mapping = try PayloadMapping(JSONParser.parse(text.output.1.utf8))
        #expect(mapping.rules.count == PayloadMapping.Field.allCases.count)
    }

    @Test func `the names in the code are stable: small letters and hyphens`() {
        #expect(SourceKind.allCases.allSatisfy { $0.rawValue.allSatisfy { ("a"..."z").contains($0) || $0 == "-" } })
    }
}
