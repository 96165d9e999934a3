/// Reads one vendor's messages: bytes in, alerts out. Nothing is looked up and nothing is stored; unknown fields are
/// ignored; identity, status, group and times are what matters.
protocol AlertFormat {
    /// - Throws: `Problem` when the message is not of this format; it is then kept as a dead letter.
    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage
}
