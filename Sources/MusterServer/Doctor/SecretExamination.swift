import Glibc

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
                    inFile.joined(separator: ", "), "everybody on this machine can read \(file), which holds it",
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
            return .problem(key, "\(path) is not there", "make it, with the secret as its first line")
        }
        guard mode & 0o007 == 0 else {
            return .problem(key, "everybody on this machine can read \(path)", "chmod 600 \(path)")
        }
        return .ok(key, "\(path) is readable to those who may")
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
                    "auth.bootstrap_token", "there is no token with role admin, so nobody can set anything up",
                    "musterd token create --name NAME --role admin")
            }
            guard configuration.database.url == nil else {
                return .ok("auth.bootstrap_token", "\(adminTokens) tokens with role admin, and no bootstrap token")
            }
            let file = DataDirectory.tokenFile(in: configuration.data.directory)
            let place =
                SecretExamination.mode(file) == nil ? "the daemon writes one to \(file)" : "that in \(file) holds"
            return .ok(
                "auth.bootstrap_token", "not set, so \(place); beside it \(adminTokens) tokens with role admin")
        }
        if token.utf8.count < 16 {
            return .problem(
                "auth.bootstrap_token", "it has \(token.utf8.count) characters and can be guessed",
                "make one with musterd token create, and take this one out")
        }
        if adminTokens > 0 {
            return .warning(
                "auth.bootstrap_token", "it is still set, beside \(adminTokens) tokens with role admin",
                "take it out: it is for the beginning, and nobody can revoke it")
        }
        return .ok("auth.bootstrap_token", "set, and no other token has role admin yet")
    }
}
