import Glibc

/// The directory of the state, and the room on its disk.
struct FileExamination {
    let configuration: ServerConfiguration

    private static let bytesScarce: UInt64 = 64 << 20
    private static let bytesFew: UInt64 = 1 << 30

    var findings: [Finding] {
        // With a database elsewhere, nothing is kept here.
        guard configuration.database.url == nil else { return [] }
        let directory = configuration.data.directory
        return [directoryFinding(directory), tokenFinding(directory)].compactMap(\.self)
            + [Self.room(at: Self.nearest(directory))].compactMap(\.self)
    }

    private func directoryFinding(_ path: String) -> Finding {
        let key = "data.directory"
        guard SecretExamination.mode(path) != nil else {
            let parent = Self.nearest(path)
            guard access(parent, W_OK | X_OK) == 0 else {
                return .problem(
                    key, "\(path) is not there, and \(parent) is not writable",
                    "make it, owned by the daemon's account, with mode 700")
            }
            return .ok(key, "\(path) is not there yet; the daemon makes it")
        }
        guard access(path, R_OK | W_OK | X_OK) == 0 else {
            return .problem(
                key, "\(path) is not writable to this account", "chown it to the account that the daemon runs as")
        }
        if let complaint = DataDirectory.complaint(about: path) {
            return .problem(key, complaint.says, complaint.advice)
        }
        return .ok(key, "\(path) is writable, and closed to others")
    }

    private func tokenFinding(_ directory: String) -> Finding? {
        let path = DataDirectory.tokenFile(in: directory)
        guard configuration.bootstrapToken == nil, let mode = SecretExamination.mode(path) else { return nil }
        guard mode & 0o077 == 0 else {
            return .problem("admin-token", "others can read \(path)", "chmod 600 \(path), and make another token")
        }
        return .ok("admin-token", "\(path) is readable to its owner alone")
    }

    /// The room on the disk of a directory; nil when nobody can say.
    static func room(at path: String) -> Finding? {
        var facts = statvfs()
        guard statvfs(path, &facts) == 0 else { return nil }
        return room(free: UInt64(facts.f_bavail) * UInt64(facts.f_frsize), at: path)
    }

    static func room(free: UInt64, at path: String) -> Finding {
        let said = "\(free >> 20) MiB are free at \(path)"
        if free < bytesScarce {
            return .problem("disk", said, "make room: PostgreSQL stops when it cannot write")
        }
        if free < bytesFew { return .warning("disk", said, "make room soon, or lower the retention") }
        return .ok("disk", said)
    }

    /// The directory itself, or the nearest one above it that is there.
    private static func nearest(_ path: String) -> String {
        var path = path
        while path.count > 1, access(path, F_OK) != 0 {
            path = String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex))
        }
        return path.isEmpty ? "/" : path
    }
}

/// What the system lets the daemon have.
struct LimitExamination {
    let configuration: ServerConfiguration
    /// Beside connections: the pool, files, pipes and sockets of our own.
    private static let descriptorsSpare = 64

    var findings: [Finding] {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return [] }
        return [finding(descriptors: Int(clamping: limit.rlim_cur))]
    }

    func finding(descriptors: Int) -> Finding {
        let needed = configuration.http.connectionsMax + configuration.database.connections + Self.descriptorsSpare
        guard descriptors >= needed else {
            return .warning(
                "limits", "\(descriptors) open files are allowed here, and \(needed) may be needed",
                "set LimitNOFILE= in the unit, or lower http.connections_max; this is the limit of this shell")
        }
        return .ok("limits", "\(descriptors) open files are allowed here")
    }
}
