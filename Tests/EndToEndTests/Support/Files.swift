import FoundationEssentials
import Glibc

/// Where the package and what was built of it are, found from the running test program.
enum Files {
    /// The directory of the built products: `musterd` lies beside the test bundle.
    static let products: String = {
        let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return parent(program)
    }()

    /// The program under test. `MUSTER_TEST_MUSTERD` names another build of it, as the release.
    static let musterd = getenv("MUSTER_TEST_MUSTERD").map { String(cString: $0) } ?? products + "/musterd"

    /// The command line, built beside it.
    static let muster = products + "/muster"

    /// The directory of `Package.swift`.
    static let package: String = {
        var directory = products
        while directory.count > 1, !exists(directory + "/Package.swift") { directory = parent(directory) }
        return directory
    }()

    static func parent(_ path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// What a file holds; empty when there is none.
    static func text(_ path: String) -> String {
        (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    }

    static func bytes(_ path: String) -> [UInt8] {
        FileManager.default.contents(atPath: path).map { Array($0) } ?? []
    }

    /// No child that is started meanwhile inherits the file: a program that somebody has open for writing cannot be run.
    static func write(_ text: String, to path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw Child.Failure(description: "cannot write \(path)") }
        defer { close(file) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard count > 0 else { throw Child.Failure(description: "cannot write all of \(path)") }
            rest = rest.dropFirst(count)
        }
    }
}

/// A directory that is there for a while. Others may pass through it: PostgreSQL runs as another user when we are root.
enum TemporaryDirectory {
    static func with<T>(_ body: (String) async throws -> T) async throws -> T {
        let path = try make()
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try await body(path)
    }

    private static func make() throws -> String {
        var template = Array("/tmp/muster-e2e-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Child.Failure(description: "no temporary directory") }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        chmod(path, 0o711)
        return path
    }
}
