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
