import FoundationEssentials
import Glibc

/// Where PostgreSQL's server programs are.
struct PostgresInstallation {
    let directory: String

    var initdb: String { directory + "/initdb" }
    var postgres: String { directory + "/postgres" }

    /// The newest of Debian's `/usr/lib/postgresql/*/bin`, else a directory on PATH. With `major`, only that version
    /// will do: a cluster is readable by the version that made it alone.
    static func find(major: Int?) throws(PostgresError) -> PostgresInstallation {
        let root = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        let numbered = versions.compactMap { name in Int(name).map { (number: $0, path: "\(root)/\(name)/bin") } }
        let known = numbered.sorted { $0.number > $1.number }.filter { major == nil || $0.number == major }.map(\.path)
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        for directory in known + path.split(separator: ":").map(String.init) where isComplete(directory) {
            return PostgresInstallation(directory: directory)
        }
        let wanted = major.map { "PostgreSQL \($0), which made the existing cluster," } ?? "the PostgreSQL server"
        throw .embedded(
            reason: "\(wanted) is not installed (looked in \(root)/*/bin and PATH); Debian's package is postgresql-15")
    }

    private static func isComplete(_ directory: String) -> Bool {
        access(directory + "/initdb", X_OK) == 0 && access(directory + "/postgres", X_OK) == 0
    }
}

extension EmbeddedPostgres {
    /// Throws `PostgresError.embedded` when the programs are missing that a server on this directory needs; changes
    /// nothing.
    package static func checkInstallation(of directory: String) throws(PostgresError) {
        let version = (try? String(contentsOfFile: directory + "/data/PG_VERSION", encoding: .utf8)) ?? ""
        _ = try PostgresInstallation.find(major: Int(version.prefix { $0.isNumber }))
    }
}
