import FoundationEssentials
import MusterClient
import Testing

@testable import MusterServer

/// What the documents tell people to type.
struct DocumentTests {
    private static func text(_ path: String) throws -> String {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return try String(contentsOfFile: "/\(root)/\(path)", encoding: .utf8)
    }

    @Test(arguments: ["README.md", "deploy/demo/outage.sh", "docs/command-line.md"])
    func `every command in a document parses`(path: String) throws {
        let lines = try Self.text(path).split(separator: "\n").filter {
            $0.hasPrefix("muster ") && !$0.contains("--generate-completion-script")
        }
        #expect(lines.count > 2)
        for line in lines {
            // Without what the shell does.
            let command = line.split(separator: " <", maxSplits: 1)[0]
            TypedLine.parses(String(command))
        }
    }

    @Test func `the exit statuses are the documented ones`() throws {
        let text = try Self.text("docs/command-line.md")
        for ending in Ending.allCases {
            #expect(text.contains("\n| \(ending.rawValue) | \(ending.meaning) |\n"), "\(ending)")
        }
    }

    @Test func `command line and daemon have one version`() {
        #expect(ClientVersion.current == MusterVersion.current)
    }
}
