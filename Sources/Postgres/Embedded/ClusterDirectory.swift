import FoundationEssentials
import Glibc

/// The directory of an embedded server: `data` (PostgreSQL's own), `run` (the socket), `server.log`, `lock`.
struct ClusterDirectory {
    let path: String

    var data: String { path + "/data" }
    /// Where initdb works; it becomes `data` when it is complete, so that a half-made cluster is never mistaken for
    /// one.
    var unfinishedData: String { path + "/data.unfinished" }
    var log: String { path + "/server.log" }
    /// Whether there is a whole cluster.
    var isMade: Bool { access(data + "/PG_VERSION", F_OK) == 0 }
    private var lock: String { path + "/lock" }

    /// A socket's path may have 107 bytes; deep directories get a short one under /tmp, always the same for the same
    /// path.
    var socketDirectory: String {
        let usual = path + "/run"
        guard usual.utf8.count + "/.s.PGSQL.5432".utf8.count > 107 else { return usual }
        return "/tmp/muster-" + Migration(number: 1, name: "", sql: path).checksum
    }

    /// Makes the directories. Only the server's account (and root) can enter `data` and `run`: whoever can open the
    /// socket may try to log in, and `pg_hba.conf` then asks the kernel who it is.
    func make(for account: ServerAccount) throws(PostgresError) {
        try makePath()
        try makePrivate(socketDirectory, account)
        if let blocked = unsearchableParent(for: account) {
            throw .embedded(
                reason:
                    "user '\(account.name)', whom the server runs as, cannot enter \(blocked); choose another directory or "
                    + "make that one searchable (chmod o+x)")
        }
    }

    private func makePath() throws(PostgresError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o711])
        } catch {
            throw .embedded(reason: "cannot make \(path): \(error)")
        }
    }

    /// Makes a directory with mode 0700 for the account. An existing one must belong to it already: /tmp is
    /// everybody's.
    func makePrivate(_ directory: String, _ account: ServerAccount) throws(PostgresError) {
        if mkdir(directory, 0o700) == 0 {
            guard geteuid() != 0 || chown(directory, account.uid, account.gid) == 0 else {
                throw failure("chown", directory)
            }
            return
        }
        var info = stat()
        guard errno == EEXIST, lstat(directory, &info) == 0 else { throw failure("mkdir", directory) }
        guard info.st_mode & S_IFMT == S_IFDIR, info.st_uid == account.uid || info.st_uid == geteuid() else {
            throw .embedded(reason: "\(directory) exists and does not belong to '\(account.name)'")
        }
        guard chmod(directory, 0o700) == 0, geteuid() != 0 || chown(directory, account.uid, account.gid) == 0 else {
            throw failure("chmod", directory)
        }
    }

    private func failure(_ call: String, _ path: String) -> PostgresError {
        .embedded(reason: "\(call) \(path): \(String(cString: strerror(errno)))")
    }

    /// The first directory on the way down that the account may not search. Judged by the mode alone; where that says
    /// no, the account itself tries, as an access list may say yes.
    private func unsearchableParent(for account: ServerAccount) -> String? {
        guard geteuid() == 0 else { return nil }
        var parents: [String] = []
        var rest = path
        while !rest.isEmpty {
            parents.append(rest)
            rest = String(rest[..<(rest.lastIndex(of: "/") ?? rest.startIndex)])
        }
        for parent in parents.reversed() {
            var info = stat()
            guard stat(parent, &info) == 0 else { return parent }
            let needed: mode_t = info.st_uid == account.uid ? S_IXUSR : info.st_gid == account.gid ? S_IXGRP : S_IXOTH
            if info.st_mode & needed != 0 { continue }
            let attempt = try? ChildProcess.run(
                try account.command(["/usr/bin/test", "-x", parent], endsWithUs: false))
            if attempt?.status != 0 { return parent }
        }
        return nil
    }

    /// The process id in `postmaster.pid`, and whether the server says there that it takes connections (its eighth
    /// line).
    var postmaster: (pid: pid_t, isReady: Bool)? {
        guard let text = try? String(contentsOfFile: data + "/postmaster.pid", encoding: .utf8) else { return nil }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let pid = lines.first.flatMap({ pid_t($0) }), pid > 0 else { return nil }
        return (pid, lines.count > 7 && lines[7].hasPrefix("ready"))
    }

    /// The end of the server's log, for error messages.
    func logTail(lines: Int = 8) -> String {
        guard let text = try? String(contentsOfFile: log, encoding: .utf8) else { return "" }
        return text.split(separator: "\n").suffix(lines).joined(separator: "\n")
    }

    /// Opens the log for appending; a long one is put aside first.
    func openLog() throws(PostgresError) -> Int32 {
        var info = stat()
        if stat(log, &info) == 0, info.st_size > 8 << 20 { rename(log, log + ".1") }
        let file = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure("open", log) }
        return file
    }

    /// Takes the directory for this process, until the descriptor is closed. No child inherits it, so it goes with us.
    func takeLock() throws(PostgresError) -> Int32 {
        let file = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure("open", lock) }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            var text = [UInt8](repeating: 0, count: 32)
            let count = pread(file, &text, text.count, 0)
            close(file)
            let owner = String(decoding: text.prefix(max(0, count)).prefix { $0 != 10 }, as: UTF8.self)
            throw .embedded(reason: "\(path) is in use by process \(owner.isEmpty ? "unknown" : owner)")
        }
        let text = "\(getpid())\n"
        ftruncate(file, 0)
        pwrite(file, text, text.utf8.count, 0)
        return file
    }

    /// Unlocks, then closes: a child that another thread is just starting has the descriptor too until it executes its
    /// program.
    func releaseLock(_ file: Int32) {
        _ = flock(file, LOCK_UN)
        close(file)
    }
}

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

/// The account that the server runs as. PostgreSQL refuses to run as root, so then it is another one.
struct ServerAccount: Equatable {
    let name: String
    let uid: uid_t
    let gid: gid_t

    /// The account to use: ours, unless we are root; then `user`, else the owner of the existing cluster, else
    /// `postgres`.
    static func choose(user: String?, dataDirectory: String) throws(PostgresError) -> ServerAccount {
        let ours = geteuid()
        guard ours == 0 else {
            guard let account = named(uid: ours) else {
                throw .embedded(reason: "user id \(ours) has no entry in the user database")
            }
            return account
        }
        if let user { return try named(user) }
        var info = stat()
        if stat(dataDirectory, &info) == 0, info.st_uid != 0, let owner = named(uid: info.st_uid) { return owner }
        return try named("postgres")
    }

    static func named(uid: uid_t) -> ServerAccount? {
        getpwuid(uid).map { ServerAccount(name: String(cString: $0.pointee.pw_name), uid: uid, gid: $0.pointee.pw_gid) }
    }

    private static func named(_ name: String) throws(PostgresError) -> ServerAccount {
        guard let entry = getpwnam(name), entry.pointee.pw_uid != 0 else {
            throw .embedded(
                reason: "the server needs a user to run as, and '\(name)' is none (PostgreSQL refuses to run as root)")
        }
        return ServerAccount(name: name, uid: entry.pointee.pw_uid, gid: entry.pointee.pw_gid)
    }

    /// Puts in front of a command what makes it run as this account and, for the server, makes the kernel stop it
    /// (SIGINT is PostgreSQL's fast shutdown) when the thread that started it is gone, whatever ended it.
    func command(_ arguments: [String], endsWithUs: Bool) throws(PostgresError) -> [String] {
        let changesUser = geteuid() == 0
        guard changesUser || endsWithUs else { return arguments }
        let places: [String] = ["/usr/bin/setpriv", "/bin/setpriv"]
        guard let setpriv = places.first(where: { access($0, X_OK) == 0 }) else {
            throw .embedded(reason: "setpriv (package util-linux) is not installed")
        }
        var command = [setpriv]
        if changesUser { command += ["--reuid=\(uid)", "--regid=\(gid)", "--clear-groups"] }
        if endsWithUs { command += ["--pdeathsig=INT"] }
        return command + arguments
    }
}

/// What can be chosen about an embedded server.
package struct EmbeddedPostgresSettings: Sendable {
    /// Created when it is missing.
    package var database = "muster"
    /// Which account the server runs as when we are root; nil: the owner of an existing cluster, else `postgres`.
    package var user: String?
    /// Settings of postgresql.conf, over our own.
    package var parameters: [String: String] = [:]
    /// How long a start may take before it fails; recovery after a crash is part of it.
    package var startTimeout: Duration = .seconds(60)
    /// How long a fast shutdown may take before the server is stopped without a checkpoint.
    package var stopTimeout: Duration = .seconds(20)
    /// False only for tests: initdb does not wait for the disk.
    package var syncsNewCluster = true

    package init() {}

    /// Our defaults: a small server for one daemon, quiet in its log (clients get their errors anyway), in UTC.
    private static let defaults = [
        "client_connection_check_interval": "10s",
        "jit": "off",
        "log_checkpoints": "off",
        "log_line_prefix": "%m [%p] ",
        "log_min_messages": "log",
        "log_timezone": "UTC",
        "max_connections": "64",
        "recovery_init_sync_method": "syncfs",
        "shared_buffers": "64MB",
        "timezone": "UTC",
    ]

    /// Command line options of `postgres`: no TCP, the socket, then the settings, sorted so that `ps` reads the same
    /// every time.
    func arguments(socketDirectory: String) -> [String] {
        let fixed = ["-p", "5432", "-c", "listen_addresses=", "-c", "unix_socket_directories=\(socketDirectory)"]
        let chosen = Self.defaults.merging(parameters) { $1 }
        return fixed + chosen.sorted { $0.key < $1.key }.flatMap { ["-c", "\($0.key)=\($0.value)"] }
    }
}
