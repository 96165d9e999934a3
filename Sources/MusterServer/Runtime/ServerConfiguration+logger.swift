package import Logging

extension ServerConfiguration {
    /// The daemon's logger, on standard error.
    ///
    /// - Parameter environment: Tells whether journald reads it.
    package func makeLogger(label: String = "musterd", environment: [String: String] = [:]) -> Logger {
        let level = log.level
        let output = LogOutput.standardError(environment: environment)
        switch log.format {
        case .json: return Logger(label: label) { JSONLogHandler(label: $0, output: output, level: level) }
        case .text: return Logger(label: label) { TextLogHandler(label: $0, output: output, level: level) }
        }
    }
}
