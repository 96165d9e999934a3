import FoundationEssentials
import IncidentDomain

/// What `Retry-After` says (RFC 9110 10.2.3): seconds, or a date.
enum RetryAfter {
    /// No receiver keeps an endpoint waiting for longer.
    static let secondsMax: Double = 86_400

    /// Seconds from the answer, 0 to `secondsMax`; nil when there is no such header, or it says neither. A broken number of
    /// seconds, as Discord sends it, is taken as well.
    static func seconds(_ answer: OutboundAnswer) -> Double? {
        guard let text = answer.headers["retry-after"] else { return nil }
        if let seconds = Double(text), seconds.isFinite { return min(max(seconds, 0), secondsMax) }
        guard let moment = HTTPDate.read(text) else { return nil }
        return min(max(moment.seconds(since: answer.receivedAt), 0), secondsMax)
    }
}
