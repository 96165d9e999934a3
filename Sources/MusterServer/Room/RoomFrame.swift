import FoundationEssentials
import IncidentDomain

/// What all pages of somebody who is signed in have: who it is, where else one can go, and what every form sends.
struct RoomFrame: Sendable {
    /// A link of the navigation.
    struct Place: Sendable {
        let url: String
        let text: String
        let isHere: Bool
    }

    let user: String
    let role: String
    /// Whether there are forms at all.
    let canAct: Bool
    let formCode: String
    let once: String
    let version: Int
    /// Every kind of event, for the script that follows the stream.
    let kinds: String
    let places: [Place]
    private let level: Role

    private static let allKinds = IncidentEvent.types.map { $0.kind }.joined(separator: " ")

    /// - Parameter here: The list that the page is of.
    init(_ session: Session, version: Int, here: RoomList? = nil, isBoard: Bool = false) {
        user = session.principal.name
        level = session.principal.role
        role = level.rawValue
        canAct = level >= .responder
        formCode = session.formCode
        kinds = Self.allKinds
        once = UUID.random().text
        self.version = version
        places =
            [Place(url: "/", text: "Board", isHere: isBoard)]
            + RoomList.all.filter { session.principal.role >= $0.role }.map {
                Place(url: "/lists/\($0.name)", text: $0.title, isHere: $0.name == here?.name)
            }
    }

    /// Whether the API lets somebody of this role do it.
    func may(_ route: Route?) -> Bool { canAct && level >= route?.role ?? .admin }
}
