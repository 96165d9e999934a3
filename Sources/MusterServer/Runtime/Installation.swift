import FoundationEssentials
import IncidentDomain
import Metrics
import Synchronization

/// Which installation this is: a random id, the same for all daemons on one database and for ever. Every message that is sent carries
/// it, so that one that comes back, under whatever name of this installation, is refused (`MessageTrail`).
final class Installation: Sendable {
    private let store: InstallationStore
    private let held = Mutex<UUID?>(nil)

    init(store: InstallationStore) {
        self.store = store
    }

    func id() async throws -> UUID {
        if let held = held.withLock({ $0 }) { return held }
        let id = try await store.id()
        held.withLock { $0 = id }
        return id
    }

    /// - Throws: `Problem` `messageLoop` for a message that was here before, or that too many installations passed on.
    func refuseLoop(_ header: String) async throws {
        let trail = MessageTrail(header)
        guard !trail.isEmpty else { return }
        let isOwn = trail.contains(try await id())
        guard isOwn || trail.isFull else { return }
        Counter(label: Self.loopsLabel).increment()
        throw Problem(
            .messageLoop,
            isOwn
                ? "This message was sent by this installation itself: an endpoint's URL leads back here. Change the endpoint."
                : "\(MessageTrail.installationsMax) installations passed this message on: their endpoints go round in a circle. Change one of them."
        )
    }

    static let loopsLabel = "muster_message_loops"
}

/// The installations that a message came through, the last one last: the header `Muster-Via` of what is sent, and the label
/// `muster_via` of the alerts, and so of the incidents, that it made elsewhere.
struct MessageTrail: Hashable, Sendable {
    static let header = "muster-via"
    static let label = "muster_via"
    /// As many as a label of an incident has room for.
    static let installationsMax = 6

    private var ids: [UUID]

    /// Reads a header or label. What is no id in it is left out.
    init(_ text: String?) {
        ids = (text ?? "").split(separator: ",").prefix(64).compactMap { part in
            UUID(uuidString: String(part.filter { $0 != " " && $0 != "\t" }))
        }
    }

    var isEmpty: Bool { ids.isEmpty }
    var isFull: Bool { ids.count >= Self.installationsMax }
    var text: String { ids.suffix(Self.installationsMax).map(\.text).joined(separator: ",") }

    func contains(_ id: UUID) -> Bool { ids.contains(id) }

    /// The same with one more at its end.
    func through(_ id: UUID) -> MessageTrail {
        var trail = self
        trail.ids.append(id)
        return trail
    }

    /// Labels that say it, beside those that there are.
    func added(to labels: [String: String]) -> [String: String] {
        isEmpty ? labels : labels.merging([Self.label: text]) { $1 }
    }
}
