import Testing

/// Names by which somebody finds things, and folders that are the same everywhere.
struct NamingTests {
    /// Words that say nothing about what something is.
    private static let emptyWords: Set<String> = [
        "Manager", "Helper", "Helpers", "Util", "Utils", "Utility", "Core", "Common", "Models",
    ]

    @Test func `no file and no type has a name that says nothing`() {
        let declaration = /\b(?:struct|class|enum|actor|protocol|typealias)\s+(\w+)/
        let complaints = SourceTree.sources.flatMap { file -> [Complaint] in
            let declared = file.codeLines.enumerated().flatMap { index, line in
                line.matches(of: declaration).map { (String($0.output.1), index + 1) }
            }
            return ([(file.topic, nil)] + declared.map { ($0.0, Optional($0.1)) }).compactMap { name, line in
                guard let word = Self.words(of: name).first(where: Self.emptyWords.contains) else { return nil }
                return Complaint(
                    file, line: line,
                    "'\(word)' in \(name) says nothing; name it by what it does or holds, as one would "
                        + "search for it")
            }
        }
        #expect(complaints.isEmpty, "\(report(complaints))")
    }

    @Test func `tests lie in the folders of what they test`() {
        for target in ["IncidentDomain", "Postgres", "MusterServer"] {
            let known = Set(SourceTree.folders(in: "Sources/\(target)")).union(["Fixtures", "Golden"])
            let unknown = SourceTree.folders(in: "Tests/\(target)Tests").filter { !known.contains($0) }
            #expect(unknown.isEmpty, "Tests/\(target)Tests has folders that Sources/\(target) has not; use its names")
        }
    }

    @Test func `nothing is public`() {
        let complaints = SourceTree.swift.flatMap { file in
            file.codeLines.enumerated().filter { $0.element.contains(/\bpublic\b|\bopen (class|func|var|subscript)\b/) }
                .map {
                    Complaint(
                        file, line: $0.offset + 1,
                        "nobody outside this package imports it; use package across a wall, and nothing within")
                }
        }
        #expect(complaints.isEmpty, "\(report(complaints))")
    }

    /// The parts of a name written in camel case.
    static func words(of name: String) -> [String] {
        name.matches(of: /[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+/).map { String($0.output) }
    }

    @Test func `words of a name are told apart by their capitals`() {
        #expect(Self.words(of: "HTTPUtilServer2") == ["HTTP", "Util", "Server2"])
        #expect(Self.words(of: "NIOHTTPCore") == ["NIOHTTP", "Core"])
    }
}
