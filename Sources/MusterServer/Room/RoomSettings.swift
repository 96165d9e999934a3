/// What an operator can choose of the pages for engineers.
struct RoomSettings: Sendable {
    var isEnabled = true
    /// How long somebody stays signed in.
    var session: Duration = .seconds(12 * 3600)
    /// Whether browsers send the cookie over TLS only.
    var isSecure = false

    /// - Parameter publicURL: What says, where `room.secure_cookie` does not, whether browsers come by TLS.
    init(_ reader: inout SettingReader, publicURL: String?) {
        isEnabled = reader.bool("room.enabled", default: true)
        session = .seconds(3600 * reader.integer("room.session_hours", default: 12, 1...168))
        isSecure = reader.bool(
            "room.secure_cookie", default: publicURL?.lowercased().hasPrefix("https://") ?? false)
    }
}
