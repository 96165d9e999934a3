package import Logging

extension ServerConfiguration {
    /// The daemon's logger, on standard error.
    package func makeLogger(label: String = "musterd") -> Logger {
        let level = log.level
        switch log.format {
        case .json: return Logger(label: label) { JSONLogHandler(label: $0, level: level) }
        case .text: return Logger(label: label) { TextLogHandler(label: $0, level: level) }
        }
    }
}
