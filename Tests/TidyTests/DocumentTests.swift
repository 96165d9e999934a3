import Testing

/// What the documents promise is there.
struct DocumentTests {
    private static let documents =
        ["README.md", "CONTRIBUTING.md"].compactMap(SourceTree.file)
        + SourceTree.files(in: ["docs"], suffixes: [".md"])

    @Test func `every make target in the documents exists`() {
        let targets = Set(
            (SourceTree.file("Makefile")?.text ?? "").matches(of: /(?m)^([a-z-]+):/).map { String($0.output.1) })
        for target in ["run", "test", "check", "bench", "clean"] {
            #expect(targets.contains(target), "the Makefile has no target \(target); issue and documents promise it")
        }
        let complaints = Self.documents.flatMap { file in
            file.lines.enumerated().flatMap { index, line in
                line.matches(of: /(?:`|^\s*(?:\$ )?|&& )make ([a-z-]+)/).map { String($0.output.1) }
                    .filter { !targets.contains($0) }
                    .map { Complaint(file, line: index + 1, "the Makefile has no target \($0)") }
            }
        }
        #expect(complaints.isEmpty, "\(report(complaints))")
    }

    @Test func `decisions are numbered without gaps and have a title`() {
        let decisions = SourceTree.files(in: ["docs/decisions"], suffixes: [".md"]).filter { $0.name != "README.md" }
        let list = SourceTree.file("docs/decisions/README.md")?.text ?? ""
        for (index, file) in decisions.enumerated() {
            #expect(list.contains("](\(file.name))"), "docs/decisions/README.md needs a line for \(file.name)")
            let digits = String(index + 1)
            let number = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
            #expect(
                file.name.hasPrefix("\(number)-"), "\(file.path) should have number \(number): NNNN-what-was-decided.md"
            )
            #expect(
                file.text.hasPrefix("# \(number): "), "\(file.path) should begin with '# \(number): What was decided'")
        }
        #expect(!decisions.isEmpty)
    }

    @Test func `links within the repository lead somewhere`() {
        let complaints = Self.documents.flatMap { file in
            let folder = file.path.split(separator: "/").dropLast().joined(separator: "/")
            return file.lines.enumerated().flatMap { index, line in
                line.matches(of: /\]\(([^)#\s]+)[^)]*\)/).map { String($0.output.1) }
                    .filter { !$0.contains("://") && !SourceTree.exists(folder.isEmpty ? $0 : "\(folder)/\($0)") }
                    .map { Complaint(file, line: index + 1, "there is no \($0)") }
            }
        }
        #expect(complaints.isEmpty, "\(report(complaints))")
    }

    @Test func `the map in CONTRIBUTING names every folder of the sources`() {
        let map = SourceTree.file("CONTRIBUTING.md")?.text ?? ""
        for target in SourceTree.folders(in: "Sources") {
            #expect(map.contains("`\(target)"), "add a line for Sources/\(target) to the map in CONTRIBUTING.md")
            // The folders of C targets are the package manager's.
            for folder in SourceTree.folders(in: "Sources/\(target)") where folder != "include" {
                #expect(
                    map.contains("`\(folder)/`"), "add a line for \(target)/\(folder)/ to the map in CONTRIBUTING.md")
            }
        }
    }

    @Test(arguments: ["outage", "walk-through"])
    func `README shows the walk-throughs that make run names`(name: String) throws {
        let path = "deploy/demo/\(name).sh"
        let printed = try #require(SourceTree.file(path)).lines.dropFirst(3)
        let shown = try #require(SourceTree.file("README.md")).text
        let missing = printed.filter { !$0.isEmpty && !shown.contains("\n\($0)\n") }
        #expect(missing.isEmpty, "copy these lines of \(path) into README.md")
    }

    @Test func `the demonstration catalog and its walk-through are where make run looks for them`() {
        for name in ["run.sh", "catalog.json", "outage.sh", "walk-through.sh"] {
            #expect(SourceTree.exists("deploy/demo/\(name)"), "make run needs deploy/demo/\(name)")
        }
    }
}
