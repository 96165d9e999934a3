/// What a listener is told.
package enum PostgresNotification: Sendable, Equatable {
    /// A `NOTIFY` on one of the channels.
    case notified(channel: String, payload: String)
    /// The connection listens (also the first time): whatever was notified before now may have been missed, so read
    /// everything.
    case reconnected
}
