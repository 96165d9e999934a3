/// When an alert that begins and ends again and again is called flapping, and how that is damped: its end counts only
/// when it lasts. So an incident is not told of every turn, and never that something is over that will be back.
enum AlertFlapping {
    /// A firing within this time after the end of the one before it counts on.
    static let windowSeconds = 900
    /// So many of them in a row are flapping: from the fifth firing on.
    static let flapsMin = 4
    /// How long a flapping alert has to be quiet until it is over.
    static let quietSeconds = 300
}
