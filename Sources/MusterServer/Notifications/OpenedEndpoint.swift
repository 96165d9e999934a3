import FoundationEssentials
import IncidentDomain
import Synchronization

/// An endpoint with its secrets open.
struct OpenedEndpoint: Sendable {
    let id: UUID
    let settings: EndpointSettings
    let secrets: EndpointSecrets
    let changedAt: Timestamp
    private let mask: SecretMask

    init(id: UUID, settings: EndpointSettings, secrets: EndpointSecrets, changedAt: Timestamp) {
        self.id = id
        self.settings = settings
        self.secrets = secrets
        self.changedAt = changedAt
        mask = SecretMask(secrets)
    }

    /// An answer as it is kept: its beginning. Receivers sometimes say what they were sent, so that secrets are taken out first.
    func shown(_ answer: String) -> String {
        ForeignText.cut(mask.masked(ForeignText.clean(answer)), scalars: 1_000)
    }

    /// The same with words of the receiver that can be kept, whatever came of it, since each reason may quote what he answered: without secrets and U+0000, and not longer than they may be.
    func cleaned(_ verdict: OutboundVerdict) -> OutboundVerdict {
        switch verdict {
        case .delivered(let reference):
            .delivered(reference: reference.map { ForeignText.cut(ForeignText.clean($0), scalars: 1_000) })
        case .retry(let reason, let seconds): .retry(reason: shown(reason), afterSeconds: seconds)
        case .failed(let reason): .failed(reason: shown(reason))
        case .anew(let reason): .anew(reason: shown(reason))
        case .disabled(let reason): .disabled(reason: shown(reason))
        }
    }
}

/// Endpoints as they were opened last, by when they were changed. There are few.
final class OpenedEndpoints: Sendable {
    private let held = Mutex<[UUID: OpenedEndpoint]>([:])

    /// Nil when its row or its secrets cannot be read.
    func endpoint(_ lane: ClaimedLane, in store: EndpointStore) async throws -> OpenedEndpoint? {
        if let known = held.withLock({ $0[lane.endpoint] }), known.changedAt == lane.endpointChangedAt { return known }
        guard let endpoint = try await store.find(lane.endpoint)?.readable else { return nil }
        do {
            let secrets = try await EndpointSecrets(opening: endpoint.secrets, with: store.box, of: endpoint.id)
            let opened = OpenedEndpoint(
                id: endpoint.id, settings: endpoint.settings, secrets: secrets, changedAt: endpoint.updatedAt)
            held.withLock { held in
                if held.count >= EndpointStore.endpointsMax { held = [:] }
                held[endpoint.id] = opened
            }
            return opened
        } catch is EndpointSecrets.Unopenable {
            return nil
        }
    }
}
