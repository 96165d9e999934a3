import FoundationEssentials
import Testing

@testable import MusterServer

/// Holds `config/musterd.yaml` and the table above `ServerConfiguration` to the keys that are really read.
struct ConfigurationFileTests {
    private func text(_ path: String) throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// The file with every commented key made a real one.
    private func uncommented() throws -> String {
        try text("config/musterd.yaml").split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let indent = line.prefix { $0 == " " }
            let rest = line.dropFirst(indent.count)
            guard rest.hasPrefix("#"), rest.dropFirst().first?.isLowercase == true else { return String(line) }
            return String(indent + rest.dropFirst())
        }.joined(separator: "\n")
    }

    @Test func `the file as it is shipped is right and changes nothing`() throws {
        let source = SettingSource(yaml: try text("config/musterd.yaml"), fileName: nil, environment: [:])
        #expect(source.file.values.allSatisfy { $0.value == .empty })
        _ = try ServerConfiguration(source)
    }

    @Test func `every key of the file is known, its default is valid, and every known key is in the file`() throws {
        let source = SettingSource(yaml: try uncommented(), fileName: nil, environment: [:])
        _ = try ServerConfiguration(source)
        var reader = SettingReader(SettingSource(yaml: nil, fileName: nil, environment: [:]))
        _ = ServerConfiguration(&reader)
        let missing = reader.known.filter { source.file[$0] == nil }
        #expect(missing.sorted() == [])
    }
}
