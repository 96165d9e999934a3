import FoundationEssentials

/// The files of this repository, as they lie beside this test.
enum SourceTree {
    /// A text file of the repository.
    struct File: Sendable, CustomStringConvertible {
        /// From the repository's root, as in `Sources/Postgres/LibPQ.swift`.
        let path: String
        let text: String
        /// The lines without comments and texts, and the lines of the texts alone; empty where the file is not Swift.
        let codeLines: [String]
        let literalLines: [String]

        init(path: String, text: String) {
            self.path = path
            self.text = text
            let swift = path.hasSuffix(".swift") ? SwiftText(text) : nil
            codeLines = swift?.codeLines ?? []
            literalLines = swift?.literalLines ?? []
        }

        var description: String { path }
        var name: String { String(path.split(separator: "/").last ?? "") }
        /// The name without what follows the first `.` or `+`: `IncidentDesk` for `IncidentDesk+redact.swift`.
        var topic: String { String(name.prefix { $0 != "." && $0 != "+" }) }
        var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
        /// The part of the path after `Sources/` or `Tests/`.
        var target: String {
            let parts = path.split(separator: "/")
            return parts.count > 2 ? String(parts[1]) : ""
        }
        var isTest: Bool { path.hasPrefix("Tests/") }
    }

    /// Where `Package.swift` is, above this file.
    static let root: String = {
        var directory = #filePath.split(separator: "/")[...]
        while !directory.isEmpty {
            directory.removeLast()
            let path = "/" + directory.joined(separator: "/")
            if FileManager.default.fileExists(atPath: path + "/Package.swift") { return path }
        }
        return "."
    }()

    /// Every Swift file of ours.
    static let swift: [File] = files(in: ["Sources", "Tests"], suffixes: [".swift"])

    /// The Swift files of the product itself.
    static let sources: [File] = swift.filter { !$0.isTest }

    /// Every text of ours that somebody may read or run.
    static let texts: [File] =
        swift
        + files(
            in: ["Sources", "Tests", "docs", "deploy", "config", ".ci"],
            suffixes: [
                ".sql", ".md", ".yaml", ".yml", ".sh", ".py", ".lua", ".json", ".service", ".h", ".modulemap",
                ".mustache", ".css", "/run",
            ])
        + ["Package.swift", "Makefile", "README.md", "CONTRIBUTING.md"].compactMap(file)

    /// One file by its path from the root; nil when there is none.
    static func file(_ path: String) -> File? {
        FileManager.default.contents(atPath: "\(root)/\(path)").map {
            File(path: path, text: String(decoding: $0, as: UTF8.self))
        }
    }

    /// The names of the folders directly in a folder that hold anything; git knows no empty ones.
    static func folders(in path: String) -> [String] {
        names(in: path).filter { !names(in: "\(path)/\($0)").isEmpty }
    }

    static func files(in directories: [String], suffixes: [String]) -> [File] {
        directories.flatMap { files(below: $0) }.filter { path in suffixes.contains { path.hasSuffix($0) } }
            .compactMap(file)
    }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(root)/\(path)")
    }

    private static func files(below path: String) -> [String] {
        names(in: path).flatMap { name -> [String] in
            let found = "\(path)/\(name)"
            return isDirectory(found) ? files(below: found) : [found]
        }
    }

    private static func names(in path: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(path)")) ?? []).sorted()
    }

    private static func isDirectory(_ path: String) -> Bool {
        (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(path)")) != nil
    }
}
