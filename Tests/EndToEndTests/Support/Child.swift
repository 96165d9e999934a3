import FoundationEssentials
import Glibc
import Synchronization

/// A process that a test has started; what is left of them ends with the test process.
final class Child: Sendable {
    let pid: pid_t
    private let status = Mutex<Int32?>(nil)

    /// What could not be started.
    struct Failure: Eventually.Final, CustomStringConvertible {
        let description: String
    }

    private static let running = Mutex<Set<pid_t>>([])
    private static let cleaning: Void = { _ = atexit { Child.killAll() } }()

    /// Starts a program, found in PATH unless it has a slash, with nothing but the given environment. Output is appended
    /// to the files.
    ///
    /// - Parameter descriptor: Becomes the child's descriptor 3, as systemd hands sockets over.
    init(
        _ arguments: [String], environment: [String: String] = Child.plainEnvironment, output: String, errors: String,
        directory: String? = nil, handing descriptor: Int32? = nil
    ) throws {
        Self.cleaning
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        if let descriptor { posix_spawn_file_actions_adddup2(&actions, descriptor, 3) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        let arguments = (directory.map { ["env", "--chdir", $0] } ?? []) + arguments
        var argv = arguments.map { strdup($0) } + [nil]
        var envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in argv + envp { free(text) } }
        var pid: pid_t = 0
        let code = posix_spawnp(&pid, arguments[0], &actions, &attributes, &argv, &envp)
        guard code == 0 else { throw Failure(description: "\(arguments[0]): \(String(cString: strerror(code)))") }
        self.pid = pid
        Self.running.withLock { _ = $0.insert(pid) }
    }

    /// What every child may know of our environment.
    static var plainEnvironment: [String: String] {
        var environment = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"]
        for name in ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH"] {
            if let value = getenv(name) { environment[name] = String(cString: value) }
        }
        return environment
    }

    func signal(_ number: Int32) {
        // Once waited for, the number may be somebody else's.
        status.withLock { if $0 == nil { kill(pid, number) } }
    }

    /// How it ended, as a shell says it; nil while it runs.
    var exitStatus: Int32? {
        status.withLock { status in
            if let status { return status }
            var raw: Int32 = 0
            guard waitpid(pid, &raw, WNOHANG) == pid else { return nil }
            let signal = raw & 0x7F
            status = signal == 0 ? (raw >> 8) & 0xFF : 128 + signal
            Self.running.withLock { _ = $0.remove(pid) }
            return status
        }
    }

    func ended(within limit: Duration = .seconds(30)) async throws -> Int32 {
        try await Eventually.get("the end of process \(pid)", within: limit) { exitStatus }
    }

    private static func killAll() {
        for pid in running.withLock({ $0 }) {
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
        }
    }
}

/// A program that ran to its end.
struct Finished: Sendable, CustomStringConvertible {
    let status: Int32
    let output: String
    let errors: String

    var description: String { "status \(status)\n\(output)\(errors)" }

    static func run(
        _ arguments: [String], environment: [String: String] = Child.plainEnvironment, directory: String? = nil,
        within limit: Duration = .seconds(60)
    ) async throws -> Finished {
        try await TemporaryDirectory.with { files in
            let (output, errors) = (files + "/output", files + "/errors")
            let child = try Child(
                arguments, environment: environment, output: output, errors: errors, directory: directory)
            let status = try await child.ended(within: limit)
            return Finished(status: status, output: Files.text(output), errors: Files.text(errors))
        }
    }
}
