import Glibc

/// A daemon that somebody logged in to, under the name that they gave it.
package struct ClientContext: Hashable, Sendable {
    package var name: String
    package var url: String
    package var token: String
    package var caFile: String?
    package var isOpenAllowed = false
    /// The incident that commands are about which name none.
    package var incident: String?

    package init(name: String, url: String, token: String) {
        self.name = name
        self.url = url
        self.token = token
    }
}

/// `~/.config/muster/contexts.json`: the daemons with their tokens, for the owner's eyes only.
package struct Contexts: Sendable {
    package var current: String?
    package var all: [ClientContext] = []

    package static let contextsMax = 100

    package init() {}

    package func named(_ name: String) -> ClientContext? { all.first { $0.name == name } }

    package mutating func put(_ context: ClientContext) throws(Failure) {
        guard context.name.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._-]{0,63}/) != nil else {
            throw Failure(
                .usage, "A context's name has up to 64 letters, digits, dots, dashes and underscores.")
        }
        all.removeAll { $0.name == context.name }
        guard all.count < Self.contextsMax else {
            throw Failure(.usage, "There are \(Self.contextsMax) contexts already; muster context rm NAME.")
        }
        all.append(context)
    }
}

// MARK: - The file

extension Contexts {
    /// Beside the environment's `XDG_CONFIG_HOME`, or `HOME`.
    package static func directory(_ environment: [String: String]) throws(Failure) -> String {
        if let own = environment["XDG_CONFIG_HOME"], own.hasPrefix("/") { return own + "/muster" }
        guard let home = environment["HOME"], home.hasPrefix("/") else {
            throw Failure(.usage, "HOME is not set, so there is no place for the configuration.")
        }
        return home + "/.config/muster"
    }

    /// - Parameter warn: Told when others can read the file.
    package static func load(_ directory: String, warn: (String) -> Void) throws(Failure) -> Contexts {
        let path = directory + "/contexts.json"
        var status = stat()
        guard stat(path, &status) == 0 else { return Contexts() }
        if status.st_mode & 0o077 != 0 {
            warn("\(path) can be read by others, and holds tokens: chmod 600 \(path)")
        }
        let value: JSON
        do {
            value = try JSONReader.read(try LocalFile.read(path))
        } catch let mistake as JSONReader.Mistake {
            throw Failure(.usage, "\(path) is \(mistake.description). Mend it, or remove it and log in again.")
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(.usage, "\(path) cannot be read.")
        }
        var contexts = Contexts()
        contexts.current = value["current"].text
        contexts.all = value["contexts"].items.compactMap { item in
            guard let name = item["name"].text, let url = item["url"].text, let token = item["token"].text else {
                return nil
            }
            var context = ClientContext(name: name, url: url, token: token)
            context.caFile = item["ca_file"].text
            context.isOpenAllowed = item["insecure_http"].isTrue
            context.incident = item["incident"].text
            return context
        }
        return contexts
    }

    /// Reads, changes and writes it while no other `muster` does; the old file is there until the new one is whole.
    package static func change<T>(
        _ directory: String, _ body: (inout Contexts) throws(Failure) -> T
    ) throws(Failure) -> T {
        try makeDirectory(directory)
        let lock = open(directory + "/.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw Failure(.usage, "Cannot write in \(directory).") }
        defer { close(lock) }
        flock(lock, LOCK_EX)
        var contexts = try load(directory) { _ in }
        let value = try body(&contexts)
        let (path, fresh) = (directory + "/contexts.json", directory + "/contexts.json.\(getpid())")
        unlink(fresh)
        try LocalFile.write(Array((contexts.json.pretty + "\n").utf8), to: fresh, mode: 0o600, isNew: true)
        guard rename(fresh, path) == 0 else {
            unlink(fresh)
            throw Failure(.usage, "Cannot write \(path).")
        }
        return value
    }

    private static func makeDirectory(_ directory: String) throws(Failure) {
        var path = ""
        for part in directory.split(separator: "/") {
            path += "/" + part
            if mkdir(path, 0o700) != 0 && errno != EEXIST && errno != EISDIR {
                throw Failure(.usage, "Cannot make \(path): \(String(cString: strerror(errno))).")
            }
        }
    }

    private var json: JSON {
        .of([
            "current": current.map { .string($0) },
            "contexts": .array(
                all.map { context in
                    .of([
                        "name": .string(context.name), "url": .string(context.url), "token": .string(context.token),
                        "ca_file": context.caFile.map { .string($0) },
                        "insecure_http": context.isOpenAllowed ? true : nil,
                        "incident": context.incident.map { .string($0) },
                    ])
                }),
        ])
    }
}
