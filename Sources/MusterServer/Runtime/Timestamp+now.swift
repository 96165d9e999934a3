import FoundationEssentials
import IncidentDomain

extension Timestamp {
    /// The present moment by this machine's clock, cut to the millisecond.
    static func now() -> Timestamp {
        Timestamp(milliseconds: Int64((Date().timeIntervalSince1970 * 1000).rounded(.down)))
    }
}
