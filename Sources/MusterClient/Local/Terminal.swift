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

    package static func say(_ text: String) {
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
        let isHidden = isSecret && TerminalState.hideTyping()
        defer {
            if isHidden {
                TerminalState.restore()
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

// MARK: - A screen drawn in place

extension Terminal {
    package static func enterScreen() { TerminalState.enterScreen() }
    package static func leaveScreen() { TerminalState.restore() }

    /// Draws the lines over what stands there, without flicker.
    package static func draw(_ lines: [String]) {
        write("\u{1B}[H" + lines.map { $0 + "\u{1B}[K" }.joined(separator: "\r\n") + "\u{1B}[J")
    }
}

/// What was changed of the terminal, and has to be as before however the program ends.
private enum TerminalState {
    // Unsafe, since a signal's handler may take no lock. They are written by one thread, that of the command, before the handler is set
    // that reads them; the handler ends the process.
    private nonisolated(unsafe) static var before = termios()
    private nonisolated(unsafe) static var isHidden = false
    private nonisolated(unsafe) static var isScreen = false

    /// - Returns: Whether there is a terminal that shows what is typed, and does no more.
    static func hideTyping() -> Bool {
        guard tcgetattr(0, &before) == 0 else { return false }
        isHidden = true
        setHandlers()
        var hidden = before
        hidden.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(0, TCSAFLUSH, &hidden)
        return true
    }

    /// Another screen, no cursor, and lines that are too long are cut.
    static func enterScreen() {
        isScreen = true
        setHandlers()
        // Whoever stops it would be left on this screen, without a cursor.
        signal(SIGTSTP, SIG_IGN)
        send("\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l")
    }

    static func restore() {
        putBack()
        for number in [SIGINT, SIGTERM, SIGHUP, SIGTSTP] { signal(number, SIG_DFL) }
    }

    private static func setHandlers() {
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signal(number) { number in
                TerminalState.putBack()
                _exit(128 + number)
            }
        }
    }

    /// Only calls that a signal's handler may make.
    private static func putBack() {
        if isHidden {
            tcsetattr(0, TCSANOW, &before)
            isHidden = false
        }
        if isScreen {
            send("\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l")
            isScreen = false
        }
    }

    private static func send(_ text: StaticString) {
        _ = Glibc.write(1, text.utf8Start, text.utf8CodeUnitCount)
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
