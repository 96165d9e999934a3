import FoundationEssentials
import IncidentDomain

/// What carries messages out of the daemon: HTTP, or the machine's mail program.
struct MessageCarrier: Sendable {
    let client: OutboundClient
    /// Nil where `mail.command` is not set.
    let mail: MailProgram?

    /// - Throws: `OutboundFault`, or that it was cancelled.
    func send(_ request: OutboundRequest, timeout: Duration) async throws -> OutboundAnswer {
        switch request.carrier {
        case .http: return try await client.send(request, timeout: timeout)
        case .mail:
            guard let mail else {
                throw OutboundFault.refused("mail is not configured: set mail.command, such as /usr/sbin/sendmail")
            }
            return try await mail.send(request.body, timeout: timeout)
        }
    }

    func tidy() async { await client.clients.tidy() }

    func shutdown() async { await client.clients.shutdown() }
}
