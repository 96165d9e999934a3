/// Everything that can go wrong between us and PostgreSQL. No case ever holds a parameter, so that any of them can be
/// logged.
package enum PostgresError: Error, Sendable, Equatable {
    /// The server refused a statement; what the statement's transaction did is undone.
    case server(PostgresServerError)
    /// The connection died. With `outcomeUnknown` the work may have been committed: repeat it only under a key that
    /// makes that safe.
    case connectionLost(outcomeUnknown: Bool, reason: String)
    /// Our own deadline passed and the connection was closed (a frozen server trips no other limit).
    case deadlineExceeded(outcomeUnknown: Bool)
    /// No connection could be had in `acquireTimeout`; nothing was sent.
    case unavailable(reason: String)
    /// Too many statements wait already; nothing was sent.
    case overloaded
    /// The task was cancelled; the statement was not sent, or was cancelled on the server and undone.
    case cancelled
    /// The pool is closed or closing; nothing was sent.
    case closed
    /// A parameter has no form in PostgreSQL, such as a NUL character in text; nothing was sent. `position` counts from
    /// 1.
    case invalidParameter(position: Int, reason: String)
    /// A column is missing, NULL, or not of the type that was asked for.
    case decoding(column: String, reason: String)
    /// The transaction had failed before (an error in it was swallowed), so its `COMMIT` rolled back; or it is over
    /// already.
    case transactionFailed(reason: String)
    /// The connection string, or something else that we were configured with, makes no sense.
    case misconfigured(reason: String)
    /// The schema is not what the program expects; see `Migrator`.
    case migration(reason: String)
    /// The private server could not be installed, started or reached; see `EmbeddedPostgres`.
    case embedded(reason: String)
}

extension PostgresError {
    /// The SQLSTATE of a server's error, such as `23505`.
    package var sqlState: String? {
        if case .server(let error) = self { error.sqlState } else { nil }
    }

    /// The constraint that a server's error names.
    package var constraint: String? {
        if case .server(let error) = self { error.constraint } else { nil }
    }

    /// Whether a text was refused for a character that PostgreSQL stores nowhere.
    package var isUnstorableText: Bool {
        switch self {
        case .invalidParameter(_, let reason): reason.contains("NUL")
        // character_not_in_repertoire, and untranslatable_character, as jsonb says of \\u0000.
        case .server(let error): ["22021", "22P05"].contains(error.sqlState)
        case .connectionLost, .deadlineExceeded, .unavailable, .overloaded, .cancelled, .closed, .decoding,
            .transactionFailed, .misconfigured, .migration, .embedded:
            false
        }
    }

    /// Whether the same work, if it is safe to repeat, may well succeed a moment later.
    package var isTransient: Bool {
        switch self {
        case .connectionLost, .deadlineExceeded, .unavailable, .overloaded: true
        case .server(let error): error.isTransient
        case .cancelled, .closed, .invalidParameter, .decoding, .transactionFailed, .misconfigured, .migration,
            .embedded:
            false
        }
    }
}

extension PostgresError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .server(let error): error.description
        case .connectionLost(let unknown, let reason): "connection lost\(Self.outcome(unknown)): \(reason)"
        case .deadlineExceeded(let unknown): "PostgreSQL did not answer before the deadline\(Self.outcome(unknown))"
        case .unavailable(let reason): "PostgreSQL is unavailable: \(reason)"
        case .overloaded: "too many statements wait for PostgreSQL"
        case .cancelled: "the statement was cancelled"
        case .closed: "the connection pool is closed"
        case .invalidParameter(let position, let reason): "parameter $\(position) cannot be sent: \(reason)"
        case .decoding(let column, let reason): "column '\(column)': \(reason)"
        case .transactionFailed(let reason): "transaction failed: \(reason)"
        case .misconfigured(let reason): "PostgreSQL is misconfigured: \(reason)"
        case .migration(let reason): "migration: \(reason)"
        case .embedded(let reason): "embedded PostgreSQL: \(reason)"
        }
    }

    private static func outcome(_ unknown: Bool) -> String {
        unknown ? " (outcome unknown)" : " (nothing was committed)"
    }
}

/// An error as the server reports it (`PG_DIAG_*`). Its detail may quote the row's values, so `description` leaves it
/// out.
package struct PostgresServerError: Error, Sendable, Equatable {
    /// Five characters; the classes are in PostgreSQL's appendix A.
    package var sqlState: String
    /// `ERROR`, `FATAL` or `PANIC`, never translated.
    package var severity: String
    /// The primary message. It may name tables and columns, rarely a value.
    package var message: String
    /// May hold values of the row, such as `Key (id)=(7) already exists.`: not for logs.
    package var detail: String?
    package var hint: String?
    package var table: String?
    package var column: String?
    package var constraint: String?
    /// Where in the statement's text the error is, counted in characters from 1.
    package var position: Int?
    /// The function in the server's source that raised it: the only way to tell some errors apart whatever the language
    /// of messages.
    var sourceFunction: String?

    package init(
        sqlState: String, severity: String = "ERROR", message: String, detail: String? = nil, hint: String? = nil,
        table: String? = nil, column: String? = nil, constraint: String? = nil, position: Int? = nil
    ) {
        self.sqlState = sqlState
        self.severity = severity
        self.message = message
        self.detail = detail
        self.hint = hint
        self.table = table
        self.column = column
        self.constraint = constraint
        self.position = position
    }

    /// The server ended the connection with this error.
    var isFatal: Bool { severity == "FATAL" || severity == "PANIC" }

    /// Conflicts of concurrent transactions (class 40), lack of resources (53), an operator's intervention (57 but a
    /// cancellation), and a server that has become read-only by a switchover (25006).
    package var isTransient: Bool {
        let state = sqlState.prefix(2)
        return ["08", "40", "53"].contains(state) || state == "57" && sqlState != "57014" || sqlState == "25006"
    }
}

extension PostgresServerError: CustomStringConvertible {
    /// Class 22 errors quote the value in the message (`invalid input syntax for type uuid: "..."`): up to the colon,
    /// then.
    package var description: String {
        var text = "\(severity) \(sqlState): "
        text += sqlState.hasPrefix("22") ? String(message.prefix { $0 != ":" && $0 != "\"" }) : message
        if let constraint { text += " [constraint \(constraint)]" }
        if let position { text += " [at character \(position)]" }
        return text
    }
}
