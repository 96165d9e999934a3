import Testing

/// The walls between the targets, and between the kinds of file within one. Docs/architecture.md says why.
struct ImportTests {
    /// What each target may import.
    private static let allowed: [String: Set<String>] = [
        // Glibc for `LogNormal`: the standard library has no logarithm (decision 0047).
        "IncidentDomain": ["FoundationEssentials", "Collections", "Glibc"],
        "Postgres": [
            "CLibPQ", "FoundationEssentials", "Glibc", "Logging", "Metrics", "ServiceLifecycle", "Synchronization",
        ],
        "MusterServer": [
            "AsyncHTTPClient", "CMarkdown", "COpenAPI", "COpenSSL", "CZlib", "CoreMetrics", "FoundationEssentials",
            "Glibc", "HTTPTypes", "IncidentDomain", "Logging", "Metrics", "Mustache", "NIOCore", "NIOHTTP1", "NIOPosix",
            "NIOSSL", "NIOTLS", "Postgres", "ServiceLifecycle", "Subprocess", "Synchronization", "SystemPackage",
            "UnixSignals", "Yams",
        ],
        "MusterClient": [
            "AsyncHTTPClient", "Glibc", "NIOCore", "NIOHTTP1", "NIOPosix", "NIOSSL", "Synchronization",
        ],
        "muster": ["ArgumentParser", "Glibc", "MusterClient", "Synchronization"],
        "musterd": ["ArgumentParser", "FoundationEssentials", "Glibc", "IncidentDomain", "Logging", "MusterServer"],
        "TidyTests": ["FoundationEssentials", "Testing"],
    ]

    /// The files that may import a C library, or another with one purpose here. (CLibPQ also declares what Glibc leaves out, for the loop that owns the
    /// connections; who calls libpq is a test of its own.)
    private static let gates = [
        "CMarkdown": ["MarkdownReader"], "COpenSSL": ["OpenSSL"], "COpenAPI": ["OpenAPIRoutes"],
        "CZlib": ["ContentCoding"],
        "Mustache": ["Pages", "TextTemplate", "UpdateTemplates"],
    ]

    /// What a kind of file may not import, and where to go instead.
    private static let forbidden: [(suffix: String, module: String, advice: String)] = [
        ("Routes", "Postgres", "routes read and answer HTTP; let a Store, Search or Desk do what needs the database"),
        ("Bodies", "Postgres", "bodies turn JSON into commands and know no database"),
        ("Format", "Postgres", "a format turns a foreign payload into values and knows no database"),
        ("Format", "NIOHTTP1", "a format turns bytes into values and knows no HTTP"),
        ("Store", "HTTPTypes", "a store holds SQL and knows no HTTP"),
        ("Search", "HTTPTypes", "a search holds SQL and knows no HTTP"),
    ]

    @Test func `each target imports only what its wall lets through`() {
        let complaints = SourceTree.swift.flatMap { file -> [Complaint] in
            guard let allowed = Self.allowed[file.target] else { return [] }
            return Self.imports(of: file).filter { !allowed.contains($0.module) }.map {
                Complaint(
                    file, line: $0.line,
                    "\(file.target) may not import \($0.module); put this code where \($0.module) is known, or argue "
                        + "for the import in docs/decisions and add it to ImportTests.allowed")
            }
        }
        #expect(complaints.isEmpty, "\(report(complaints))")
    }

    @Test func `each library with one purpose has one gate`() {
        let complaints = SourceTree.sources.flatMap { file -> [Complaint] in
            Self.imports(of: file).compactMap { found in
                guard let gates = Self.gates[found.module], !gates.contains(file.topic) else { return nil }
                return Complaint(
                    file, line: found.line,
                    "only \(gates.joined(separator: ".swift and ")).swift imports \(found.module); give it a function for what is needed here"
                )
            }
        }
        #expect(complaints.isEmpty, "\(report(complaints))")
    }

    @Test func `only LibPQ calls libpq`() {
        let complaints = SourceTree.sources.filter { $0.topic != "LibPQ" }.flatMap { file in
            file.codeLines.enumerated().filter { $0.element.contains("PQ") && $0.element.contains(/\bPQ[a-z]\w*\s*\(/) }
                .map {
                    Complaint(file, line: $0.offset + 1, "only LibPQ.swift calls libpq; give it a function for this")
                }
        }
        #expect(complaints.isEmpty, "\(report(complaints))")
    }

    @Test func `routes, bodies, formats and stores keep to their side`() {
        let complaints = SourceTree.sources.flatMap { file -> [Complaint] in
            Self.imports(of: file).flatMap { found in
                Self.forbidden.filter { file.topic.hasSuffix($0.suffix) && $0.module == found.module }.map {
                    Complaint(file, line: found.line, "a *\($0.suffix) file may not import \($0.module): \($0.advice)")
                }
            }
        }
        #expect(complaints.isEmpty, "\(report(complaints))")
    }

    @Test func `the domain has no clock, no randomness and no output`() {
        let impure = /\bDate\(\)|\bDate\.now\b|\bUUID\(\)|ContinuousClock|SuspendingClock|\.random\(|\bprint\(/
        let complaints = SourceTree.sources.filter { $0.target == "IncidentDomain" }.flatMap { file in
            file.codeLines.enumerated().filter { $0.element.contains(impure) }.map {
                Complaint(file, line: $0.offset + 1, "decisions are functions of values: take this as an argument")
            }
        }
        #expect(complaints.isEmpty, "\(report(complaints))")
    }

    private static func imports(of file: SourceTree.File) -> [(module: String, line: Int)] {
        file.codeLines.enumerated().compactMap { index, line in
            guard line.contains("import ") else { return nil }
            let words = line.split(separator: " ")
            guard let keyword = words.firstIndex(of: "import"), words[..<keyword].allSatisfy(isImportModifier),
                words.count > keyword + 1
            else { return nil }
            // `import struct Module.Name` imports from Module.
            let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
            let named = kinds.contains(words[keyword + 1]) && words.count > keyword + 2
            let module = words[keyword + (named ? 2 : 1)].prefix { $0 != "." }
            return (String(module), index + 1)
        }
    }

    private static func isImportModifier(_ word: Substring) -> Bool {
        word.hasPrefix("@") || ["public", "package", "internal", "fileprivate", "private"].contains(word)
    }
}
