import FoundationEssentials
import Glibc

/// Making a cluster where there is none, and its access rules at every start.
struct ClusterMaking {
    let directory: ClusterDirectory
    let account: ServerAccount
    let installation: PostgresInstallation

    /// The database role that everybody logs in as.
    static let role = "postgres"

    /// Runs initdb in a directory beside, which takes its place when it is complete: killed at any moment, the next
    /// start begins anew.
    func makeIfMissing(syncs: Bool) throws(PostgresError) {
        guard !directory.isMade else { return }
        let unfinished = directory.unfinishedData
        try remove(unfinished)
        try directory.makePrivate(unfinished, account)
        var arguments = [
            installation.initdb, "--pgdata=\(unfinished)", "--username=\(Self.role)", "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--data-checksums", "--auth=peer", "--no-instructions",
        ]
        if !syncs { arguments.append("--no-sync") }
        // initdb's own helpers end when it does; it is tied to us so that two can never work in one directory.
        let result = try ChildProcess.run(try account.command(arguments, endsWithUs: true))
        guard result.status == 0 else { throw .embedded(reason: "initdb failed: \(result.output)") }
        guard rename(unfinished, directory.data) == 0 else {
            throw .embedded(reason: "rename to \(directory.data): \(String(cString: strerror(errno)))")
        }
        if syncs { Glibc.sync() }
    }

    /// Who may log in: by the socket only, and only our account and the server's, as the kernel tells their names
    /// (`peer`); both are the role `postgres`. Trusting whoever can open the socket would rest on the directory's mode
    /// alone.
    func writeAccessRules() throws(PostgresError) {
        let names = Set([account.name, ServerAccount.named(uid: geteuid())?.name ?? account.name]).sorted()
        try write("pg_hba.conf", "local all \(Self.role) peer map=daemon\n")
        try write("pg_ident.conf", names.map { "daemon \($0) \(Self.role)\n" }.joined())
    }

    private func write(_ name: String, _ text: String) throws(PostgresError) {
        let path = directory.data + "/" + name
        do {
            try text.write(toFile: path, atomically: false, encoding: .utf8)
        } catch {
            throw .embedded(reason: "cannot write \(path): \(error)")
        }
        if geteuid() == 0 { chown(path, account.uid, account.gid) }
    }

    private func remove(_ path: String) throws(PostgresError) {
        guard access(path, F_OK) == 0 else { return }
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw .embedded(reason: "cannot remove \(path): \(error)")
        }
    }
}
