/// The format of the built-in sources, whose alerts Muster makes itself: no message is of it.
enum InternalFormat: AlertFormat {
    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        throw Problem(.notFound, "This source is built in: Muster itself raises its alerts.")
    }
}
