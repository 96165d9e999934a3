import Testing

/// What we do not write, and what we write instead.
struct HabitTests {
    /// Files and folders that switch over cases with a `default`, and why a new case may pass them unnoticed.
    private static let defaults: [String: String] = [
        "Sources/MusterServer/Incidents/IncidentDesk.swift": "a fault of a new kind is thrown on, like most",
        "Sources/Postgres/Values/": "PostgresType is an open set of numbers and no enum",
        "Sources/MusterServer/Notifications/OutboundClient.swift": "errors of async-http-client, which has dozens",
    ]

    /// Tests that wait for time to pass, and why there is no signal to wait for.
    private static let sleepers: [String: String] = [
        "Tests/EndToEndTests/Support/Eventually.swift": "looks at other processes, which give no signal",
        "Tests/EndToEndTests/Support/FullIntake.swift": "a sender that was refused comes again after a while",
        "Tests/EndToEndTests/StopTests.swift": "asks another process to stop at moments that nothing announces",
        "Tests/EndToEndTests/WrongClockTests+alerts.swift": "moments that the clocks of two daemons tell apart",
        "Tests/MusterServerTests/HTTP/EdgeTests.swift": "a lookup that takes longer than a body may",
        "Tests/MusterServerTests/Runtime/LoopMonitorTests.swift": "a loop that stands still is what it is about",
        "Tests/PostgresTests/Pool/Waiting.swift": "looks at the server's own tables, which give no signal",
        "Tests/TestSupport/TestServer.swift": "runs when the process ends, where nothing can be awaited",
    ]

    @Test func `nothing crashes on a value that was promised`() {
        let complaints = Self.lines(of: SourceTree.swift) { line in
            if line.contains(/\btry!/) { return "throw on, or catch and say what it means; try! ends the daemon" }
            if line.contains(/\bas!/) { return "use as? and say what it means when it is something else" }
            return nil
        }
        #expect(complaints.isEmpty, "\(report(complaints))")
    }

    @Test func `nothing is left for later in a comment`() {
        // Put together here, so that this file does not find itself.
        let marks = ["TO" + "DO", "FIX" + "ME"]
        let complaints = SourceTree.texts.flatMap { file -> [Complaint] in
            guard marks.contains(where: file.text.contains) else { return [] }
            return file.lines.enumerated().compactMap { index, line in
                marks.first { line.contains($0) }.map {
                    Complaint(file, line: index + 1, "do it, or write an issue; a \($0) is found by nobody")
                }
            }
        }
        #expect(complaints.isEmpty, "\(report(complaints))")
    }

    @Test func `the product logs and never prints`() {
        let printing = SourceTree.sources.filter { $0.target != "musterd" }
        let complaints = Self.lines(of: printing) { line in
            line.contains(/(^|[^.\w])(print|debugPrint|dump)\(/)
                ? "standard output belongs to the commands in Sources/musterd; log it" : nil
        }
        #expect(complaints.isEmpty, "\(report(complaints))")
    }

    @Test func `tests wait for signals and never for time`() {
        let tests = SourceTree.swift.filter { $0.isTest && Self.sleepers[$0.path] == nil }
        let complaints = Self.lines(of: tests) { line in
            line.contains(/\b(Task|Thread|clock)\.sleep\(|\bu?sleep\(/)
                ? "wait for what makes it true (a stream, a notification, a condition), or argue in HabitTests.sleepers"
                : nil
        }
        #expect(complaints.isEmpty, "\(report(complaints))")
    }

    /// The limit counts while a test waits for its turn, which takes minutes of a slow day for all of them alike.
    @Test func `tests that wait for their turn have twenty minutes`() {
        let tests = SourceTree.swift.filter { $0.target == "EndToEndTests" }
        let complaints = Self.lines(of: tests) { line in
            line.contains(/\.endToEnd,/) && !line.contains(/\.endToEnd, \.timeLimit\(\.minutes\(20\)\)/)
                ? "write .endToEnd, .timeLimit(.minutes(20)); the limit counts while others run" : nil
        }
        #expect(complaints.isEmpty, "\(report(complaints))")
    }

    @Test func `a switch over an enum of ours names every case`() {
        let complaints = SourceTree.sources.filter { file in
            !Self.defaults.keys.contains(where: file.path.hasPrefix)
        }.flatMap { file in
            Self.defaultsBesideCases(file.codeLines).map { line in
                Complaint(
                    file, line: line,
                    "name the other cases instead of default, so that a new one has to be thought about here; if the enum "
                        + "is somebody else's, or a new case may pass, argue in HabitTests.defaults")
            }
        }
        #expect(complaints.isEmpty, "\(report(complaints))")
    }

    @Test func `no path of one machine stands in the repository`() {
        let roots = ["work", "root", "home", "farm", "Users", "opt/swift"].map { "/\($0)/" }
        let complaints = SourceTree.texts.flatMap { file -> [Complaint] in
            guard roots.contains(where: file.text.contains) else { return [] }
            return file.lines.enumerated().compactMap { index, line -> Complaint? in
                let found = roots.first { root in
                    line.ranges(of: root).contains { range in
                        range.lowerBound == line.startIndex
                            || !Self.continuesPath(line[line.index(before: range.lowerBound)])
                    }
                }
                return found.map { Complaint(file, line: index + 1, "\($0)... exists on one machine only") }
            }
        }
        #expect(complaints.isEmpty, "\(report(complaints))")
    }

    /// Whether a character before a slash makes it the middle of a longer path or address, and not the root.
    private static func continuesPath(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || "._-~}*)".contains(character)
    }

    /// The lines with a `default:` whose switch also has cases written with a leading dot, and so is over an enum.
    static func defaultsBesideCases(_ lines: [String]) -> [Int] {
        lines.indices.filter { index in
            let indentation = lines[index].prefix { $0 == " " }
            guard lines[index].dropFirst(indentation.count).hasPrefix("default:") else { return false }
            for line in lines[..<index].reversed() {
                let own = line.prefix { $0 == " " }
                if own.count < indentation.count, !line.allSatisfy(\.isWhitespace) { return false }
                guard own == indentation else { continue }
                let rest = line.dropFirst(own.count)
                if rest.hasPrefix("case .") || rest.hasPrefix("case let .") { return true }
                if rest.contains("switch ") { return false }
            }
            return false
        }.map { $0 + 1 }
    }

    private static func lines(of files: [SourceTree.File], _ advice: (String) -> String?) -> [Complaint] {
        files.flatMap { file in
            file.codeLines.enumerated().compactMap { index, line in
                advice(line).map { Complaint(file, line: index + 1, $0) }
            }
        }
    }
}
