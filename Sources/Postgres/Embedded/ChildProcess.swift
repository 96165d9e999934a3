import CLibPQ
import FoundationEssentials
import Glibc

/// Starting programs with posix_spawn, without a shell, with an environment of our choosing
/// and none of our open files.
package enum ChildProcess {
    /// All that a child gets to see: nothing of our environment.
    private static let environment = ["PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8"]

    /// Starts a program in a session of its own, so that Ctrl-C in our terminal reaches us alone. Output goes to
    /// `output`.
    static func spawn(_ arguments: [String], output: Int32) throws(PostgresError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, output, 2)
        posix_spawn_file_actions_addclosefrom_np(&actions, 3)
        posix_spawn_file_actions_addchdir_np(&actions, "/")

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Signals that we ignore would stay ignored in the child.
        var all = sigset_t()
        var none = sigset_t()
        sigfillset(&all)
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | newSession))

        var pid: pid_t = 0
        let code = withCStrings(arguments) { argv in
            withCStrings(environment) { envp in posix_spawn(&pid, arguments[0], &actions, &attributes, argv, envp) }
        }
        guard code == 0 else {
            throw .embedded(reason: "cannot start \(arguments[0]): \(String(cString: strerror(code)))")
        }
        return pid
    }

    /// Runs a program (by its path) to its end, blocking; returns its exit status and the end of what it printed.
    package static func run(_ arguments: [String]) throws(PostgresError) -> (status: Int32, output: String) {
        var template = Array("/tmp/muster-output-XXXXXX".utf8CString)
        let file = mkstemp(&template)
        guard file >= 0 else { throw .embedded(reason: "no temporary file: \(String(cString: strerror(errno)))") }
        defer { close(file) }
        unlink(template)
        _ = fcntl(file, F_SETFD, FD_CLOEXEC)
        let pid = try spawn(arguments, output: file)
        let status = waitForExit(pid)
        var text = [UInt8](repeating: 0, count: 16_384)
        let size = lseek(file, 0, SEEK_END)
        let count = pread(file, &text, text.count, max(0, size - off_t(text.count)))
        return (status, String(decoding: text.prefix(max(0, count)), as: UTF8.self))
    }

    /// Blocks until the child ends and reaps it. The status is the exit code, or 128 and the signal's number, as in a
    /// shell.
    static func waitForExit(_ pid: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }

    /// POSIX_SPAWN_SETSID of <spawn.h>, which Swift does not see.
    private static let newSession: Int32 = 0x80

    private static func withCStrings<T>(
        _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> T
    ) -> T {
        var pointers = strings.map { strdup($0) } + [nil]
        defer { pointers.forEach { free($0) } }
        return pointers.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else {
                preconditionFailure("the array ends with nil, so it is not empty")
            }
            return body(base)
        }
    }
}
