import FoundationEssentials
import IncidentDomain

/// What `Retry-After` says (RFC 9110 10.2.3): seconds, or a date.
enum RetryAfter {
    /// No receiver keeps an endpoint waiting for longer.
    static let secondsMax: Double = 86_400

    /// What a receiver asks for, within what we do.
    static func bounded(_ seconds: Double) -> Double { min(max(seconds, 0), secondsMax) }

    /// Seconds from the answer, 0 to `secondsMax`; nil when there is no such header, or it says neither. A broken number of
    /// seconds, as Discord sends it, is taken as well.
    static func seconds(_ answer: OutboundAnswer) -> Double? {
        guard let text = answer.headers["retry-after"] else { return nil }
        if let seconds = Double(text), seconds.isFinite { return bounded(seconds) }
        guard let moment = HTTPDate.read(text) else { return nil }
        return bounded(moment.seconds(since: answer.receivedAt))
    }
}
