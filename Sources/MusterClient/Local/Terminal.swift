import Glibc

/// The terminal that somebody sits at, if anybody does.
package enum Terminal {
    package static var isInput: Bool { isatty(0) == 1 }
    package static var isOutput: Bool { isatty(1) == 1 }
    package static var isErrors: Bool { isatty(2) == 1 }

    /// Columns and lines; nil where there is no terminal.
    package static var size: (columns: Int, lines: Int)? {
        var size = winsize()
        guard isOutput, ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return nil }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    package static func print(_ text: String) {
        // Whoever reads us may have gone, as `head` does; that is no failure.
        try? LocalFile.write(Array((text + "\n").utf8), descriptor: 1, "standard output")
    }

    package static func write(_ text: String) {
        try? LocalFile.write(Array(text.utf8), descriptor: 1, "standard output")
    }

    package static func tell(_ text: String) {
        try? LocalFile.write(Array((text + "\n").utf8), descriptor: 2, "standard error")
    }

    /// Asks for a line.
    ///
    /// - Parameter isSecret: Whether what is typed stays unseen.
    package static func ask(_ question: String, isSecret: Bool = false) throws(Failure) -> String {
        try? LocalFile.write(Array(question.utf8), descriptor: 2, "standard error")
        var before = termios()
        let isHidden = isSecret && tcgetattr(0, &before) == 0
        if isHidden {
            var hidden = before
            hidden.c_lflag &= ~tcflag_t(ECHO)
            tcsetattr(0, TCSAFLUSH, &hidden)
        }
        defer {
            if isHidden {
                tcsetattr(0, TCSAFLUSH, &before)
                tell("")
            }
        }
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while true {
            let count = Glibc.read(0, &byte, 1)
            if count < 0 && errno == EINTR { continue }
            if count <= 0 && line.isEmpty { throw Failure(.usage, "Nothing was typed.") }
            if count <= 0 || byte == UInt8(ascii: "\n") { break }
            line.append(byte)
            guard line.count < 10000 else { throw Failure(.usage, "That is too long.") }
        }
        return String(decoding: line, as: UTF8.self).trimmed
    }
}

// MARK: - The editor

extension Terminal {
    /// Lets somebody edit a text in `$VISUAL` or `$EDITOR`.
    ///
    /// - Returns: The text as they left it, and the file, which the caller removes when the text has arrived.
    package static func edit(_ text: String, suffix: String, _ environment: [String: String]) throws(Failure)
        -> (text: String, file: String)
    {
        guard let editor = (environment["VISUAL"] ?? environment["EDITOR"])?.trimmed, !editor.isEmpty else {
            throw Failure(.usage, "No editor is set: export EDITOR=nano, or give the text as an argument or by - .")
        }
        let directory = environment["TMPDIR"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "/tmp"
        let file = "\(directory)/muster-\(Connection.randomKey())\(suffix)"
        try LocalFile.write(Array(text.utf8), to: file, mode: 0o600, isNew: true)
        let status = try run(["/bin/sh", "-c", "\(editor) \"$1\"", "sh", file])
        guard status == 0 else {
            unlink(file)
            throw Failure(.usage, "\(SafeText.line(editor)) ended with status \(status); nothing was sent.")
        }
        return (try LocalFile.text(file), file)
    }

    private static func run(_ arguments: [String]) throws(Failure) -> Int32 {
        var argv = arguments.map { strdup($0) } + [nil]
        defer { for text in argv { free(text) } }
        // Ctrl-C is the editor's while it runs.
        let interrupt = signal(SIGINT, SIG_IGN)
        defer { signal(SIGINT, interrupt) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigaddset(&signals, SIGINT)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var pid: pid_t = 0
        guard posix_spawnp(&pid, arguments[0], nil, &attributes, &argv, environ) == 0 else {
            throw Failure(.usage, "The editor cannot be started.")
        }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
    }
}
