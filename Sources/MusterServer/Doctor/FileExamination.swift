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
                    key, "\(path) does not exist, and \(parent) is not writable",
                    "create it, owned by the daemon's account, with mode 700")
            }
            return .ok(key, "\(path) does not exist yet; the daemon creates it")
        }
        guard access(path, R_OK | W_OK | X_OK) == 0 else {
            return .problem(
                key, "\(path) is not writable by this account", "chown it to the account that the daemon runs as")
        }
        if let complaint = DataDirectory.complaint(about: path) {
            return .problem(key, complaint.says, complaint.advice)
        }
        return .ok(key, "\(path) is writable, and not accessible to others")
    }

    private func tokenFinding(_ directory: String) -> Finding? {
        let path = DataDirectory.tokenFile(in: directory)
        guard configuration.bootstrapToken == nil, let mode = SecretExamination.mode(path) else { return nil }
        guard mode & 0o077 == 0 else {
            return .problem("admin-token", "others can read \(path)", "chmod 600 \(path), and replace the token")
        }
        return .ok("admin-token", "\(path) is readable by its owner only")
    }

    /// The room on the disk of a directory; nil when nobody can say.
    static func room(at path: String) -> Finding? {
        var facts = statvfs()
        guard statvfs(path, &facts) == 0 else { return nil }
        return room(free: UInt64(facts.f_bavail) * UInt64(facts.f_frsize), at: path)
    }

    static func room(free: UInt64, at path: String) -> Finding {
        let said = "\(free >> 20) MiB free at \(path)"
        if free < bytesScarce {
            return .problem("disk", said, "free up space: PostgreSQL stops when it cannot write")
        }
        if free < bytesFew { return .warning("disk", said, "free up space soon, or lower the retention") }
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
                "limits", "\(descriptors) open files are allowed, \(needed) may be needed",
                "set LimitNOFILE= in the unit, or lower http.connections_max (this is the limit of the current shell)")
        }
        return .ok("limits", "\(descriptors) open files are allowed")
    }
}

/// Whether secrets are where only the daemon can read them.
struct SecretExamination {
    let source: SettingSource
    /// The keys whose values are secrets.
    let secrets: Set<String>

    var findings: [Finding] {
        let inFile = secrets.filter { isInFile($0) }.sorted()
        var findings: [Finding] = []
        if let file = source.fileName, !inFile.isEmpty, let mode = Self.mode(file), mode & 0o004 != 0 {
            findings.append(
                .problem(
                    inFile.joined(separator: ", "), "\(file) is world-readable and contains it",
                    "chmod 640 \(file) and give it the daemon's group, or use \(inFile[0])_file"))
        }
        for key in secrets.sorted() {
            guard case .scalar(let path)? = source.value("\(key)_file", isList: false) else { continue }
            findings.append(Self.finding("\(key)_file", path))
        }
        return findings
    }

    private func isInFile(_ key: String) -> Bool {
        guard source.environment[SettingSource.environmentName(key)] == nil, let entry = source.file[key] else {
            return false
        }
        return entry.value != .empty
    }

    private static func finding(_ key: String, _ path: String) -> Finding {
        guard let mode = mode(path) else {
            return .problem(key, "\(path) does not exist", "create it, with the secret as its first line")
        }
        guard mode & 0o007 == 0 else {
            return .problem(key, "\(path) is world-readable", "chmod 600 \(path)")
        }
        return .ok(key, "\(path) is not world-readable")
    }

    /// The permissions of a file; nil when it is not there.
    static func mode(_ path: String) -> UInt32? {
        var facts = stat()
        return stat(path, &facts) == 0 ? facts.st_mode & 0o7777 : nil
    }
}

/// Whether anybody can call the API, and not by the token that was only for the beginning.
struct CredentialExamination {
    let configuration: ServerConfiguration
    /// How many tokens with the role admin there are in the database.
    let adminTokens: Int

    var finding: Finding {
        guard let token = configuration.bootstrapToken else {
            if adminTokens == 0, configuration.database.url != nil {
                return .problem(
                    "auth.bootstrap_token", "no token with role admin exists, so nobody can configure anything",
                    "musterd token create --name NAME --role admin")
            }
            guard configuration.database.url == nil else {
                return .ok("auth.bootstrap_token", "tokens with role admin: \(adminTokens); no bootstrap token")
            }
            let file = DataDirectory.tokenFile(in: configuration.data.directory)
            let place =
                SecretExamination.mode(file) == nil ? "the daemon writes one to \(file)" : "the one in \(file) is used"
            return .ok(
                "auth.bootstrap_token", "not set, so \(place); other tokens with role admin: \(adminTokens)")
        }
        if token.utf8.count < 16 {
            return .problem(
                "auth.bootstrap_token", "only \(token.utf8.count) characters, can be guessed",
                "create a token with musterd token create, and remove this one")
        }
        if adminTokens > 0 {
            return .warning(
                "auth.bootstrap_token", "still set, although there are \(adminTokens) tokens with role admin",
                "remove it: it is for the initial setup and cannot be revoked")
        }
        return .ok("auth.bootstrap_token", "set, and no other token has role admin yet")
    }
}
