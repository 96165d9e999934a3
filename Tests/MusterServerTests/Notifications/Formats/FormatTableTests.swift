import FoundationEssentials
import Testing

@testable import MusterServer

/// The table of formats for people, beside the one of the program.
struct FormatTableTests {
    @Test func `every format and every option of it stands in docs/notifications`() throws {
        let root = #filePath.split(separator: "/").dropLast(5).joined(separator: "/")
        let text = try String(contentsOfFile: "/\(root)/docs/notifications.md", encoding: .utf8)
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `") }
        for format in EndpointFormat.allCases {
            let row = try #require(
                rows.first { $0.hasPrefix("| `\(format.rawValue)` |") },
                "docs/notifications.md has no row of \(format.rawValue)")
            for option in format.format.options {
                let name = option.isRequired ? "**`\(option.name)`**" : "`\(option.name)`"
                #expect(row.contains(name), "the row of \(format.rawValue) does not name \(name)")
            }
        }
    }
}
