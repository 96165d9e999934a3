import FoundationEssentials
import Glibc

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
