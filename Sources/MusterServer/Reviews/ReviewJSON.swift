// STAND-IN by the lead until helper-3's file replaces this one.
import IncidentDomain
enum ReviewJSON { static func bytes(_ document: ReviewDocument) -> [UInt8] { [] } }
