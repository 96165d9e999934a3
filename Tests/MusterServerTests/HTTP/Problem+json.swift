@testable import MusterServer

extension Problem {
    /// The document, as a client reads it.
    var json: JSONValue { (try? JSONParser.parse(body)) ?? .null }
}
