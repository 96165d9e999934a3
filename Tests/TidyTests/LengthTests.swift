import Testing

/// A page is what somebody can hold in the head. What is longer has its reason here.
struct LengthTests {
    private static let fileLines = 500
    private static let functionLines = 70

    /// Longer files, how long they may be, and why.
    private static let longFiles: [String: (lines: Int, reason: String)] = [
        "Sources/MusterServer/HTTP/HTTPConnection.swift": (
            700, "one connection's state machine, from its first byte to its last"
        )
    ]

    /// Longer functions, by file and name, how long they may be, and why.
    private static let longFunctions: [String: (lines: Int, reason: String)] = [
        "Sources/IncidentDomain/Incidents/IncidentDecider.swift events": (
            110, "the table of contents of all commands: one line a command, and nothing else"
        )
    ]

    @Test func `no file is longer than 500 lines`() {
        let complaints = SourceTree.swift.compactMap { file -> Complaint? in
            let limit = Self.longFiles[file.path]?.lines ?? Self.fileLines
            let lines = file.lines.count - 1
            guard lines > limit else { return nil }
            return Complaint(
                file,
                "\(lines) lines, \(limit) are allowed; it holds two ideas, give the second a file of its own, or "
                    + "argue for the length in LengthTests.longFiles")
        }
        #expect(complaints.isEmpty, "\(report(complaints))")
    }

    @Test func `no function is longer than 70 lines`() {
        let complaints = SourceTree.swift.flatMap { file in
            FunctionLengths(file.codeLines).functions.compactMap { function -> Complaint? in
                let limit = Self.longFunctions["\(file.path) \(function.name)"]?.lines ?? Self.functionLines
                guard function.lines > limit else { return nil }
                return Complaint(
                    file, line: function.line,
                    "\(function.name) has \(function.lines) lines, \(limit) are allowed; keep the control flow and give "
                        + "its leaves names, or argue for the length in LengthTests.longFunctions")
            }
        }
        #expect(complaints.isEmpty, "\(report(complaints))")
    }

    @Test func `every argued exception is still needed`() {
        let unneeded = Self.longFiles.keys.filter { path in
            (SourceTree.file(path)?.lines.count ?? 0) - 1 <= Self.fileLines
        }
        #expect(unneeded.isEmpty, "take these out of LengthTests.longFiles: they are short enough, or gone")
    }

    @Test func `a function's length is counted from its first line to its closing brace`() {
        let text = SwiftText(
            """
            protocol P { func required(_ a: Int) -> Int }
            func one(
                a: Int = { 1 }()
            ) -> String {
                "}" // }
            }
            init?() {}
            """)
        let found = FunctionLengths(text.codeLines).functions.map { "\($0.name) \($0.line) \($0.lines)" }
        #expect(found == ["one 2 5", "init 7 1"])
    }
}

/// The functions of a source, found by their keyword and by counting brackets.
struct FunctionLengths {
    struct Function {
        let name: String
        /// Counts from 1.
        let line: Int
        let lines: Int
    }

    private(set) var functions: [Function] = []

    init(_ lines: [String]) {
        for (index, line) in lines.enumerated() {
            guard
                line.contains("func ") || line.contains("init") || line.contains("subscript")
                    || line.contains("deinit"),
                let match = line.firstMatch(of: /^[^=(]*\b(func|init|subscript|deinit)\b[?!]?\s*(\w+)?/)
            else { continue }
            let keyword = match.output.1
            let name = keyword == "func" ? match.output.2 ?? "" : keyword
            let rest = [String(line[keyword.startIndex...])] + lines[(index + 1)...].prefix(400)
            if let count = Self.length(of: rest) {
                functions.append(Function(name: String(name), line: index + 1, lines: count))
            }
        }
    }

    /// How many lines a declaration spans up to the end of its body; nil when it has none, as in a protocol, where the
    /// protocol's own closing brace comes first.
    private static func length(of lines: some Sequence<String>) -> Int? {
        var count = 0
        var brackets = 0
        var braces = 0
        for line in lines {
            count += 1
            for byte in line.utf8 {
                switch byte {
                case UInt8(ascii: "("), UInt8(ascii: "["): brackets += 1
                case UInt8(ascii: ")"), UInt8(ascii: "]"): brackets -= 1
                case UInt8(ascii: "{") where brackets == 0: braces += 1
                case UInt8(ascii: "}") where brackets == 0:
                    braces -= 1
                    if braces < 0 { return nil }
                    if braces == 0 { return count }
                default: break
                }
            }
        }
        return nil
    }
}
