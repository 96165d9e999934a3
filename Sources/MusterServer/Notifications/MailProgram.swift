import IncidentDomain

/// The machine's mail program, as `/usr/sbin/sendmail -i -t`: it gets a whole message as its input and has queued it when it ends
/// with 0.
struct MailProgram: Sendable {
    private let program: ExternalProgram

    private let turns: Turns

    /// So many run at the same time.
    private static let forNotifications = Turns(max: 4, waitingMax: 512, patience: .seconds(20))
    /// Mails to subscribers of the public page have turns of their own: many of them delay nobody who is on call.
    private static let forSubscribers = Turns(max: 2, waitingMax: 16, patience: .seconds(20))

    /// - Parameter command: The program's path and its arguments.
    init(command: [String]) {
        self.init(command, Self.forNotifications)
    }

    private init(_ command: [String], _ turns: Turns) {
        program = ExternalProgram(command: command)
        self.turns = turns
    }

    /// The program as it sends to subscribers of the public page.
    static func forSubscribers(_ command: [String]) -> MailProgram { MailProgram(command, forSubscribers) }

    /// - Returns: 202 when the message was queued, which says nothing yet about whether it arrives.
    /// - Throws: `OutboundFault`.
    func send(_ message: [UInt8], timeout: Duration) async throws -> OutboundAnswer {
        do {
            return try await turns.take { try await run(message, timeout) }
        } catch is Problem {
            throw OutboundFault.network("too many mails are being handed over; it is tried again")
        }
    }

    private func run(_ message: [UInt8], _ timeout: Duration) async throws -> OutboundAnswer {
        do {
            let ended = try await program.run(message, within: timeout)
            guard ended.exitCode == 0 else { throw Self.fault(ended) }
            return OutboundAnswer(status: 202, headers: [:], body: Array(ended.said.utf8), receivedAt: .now())
        } catch ExternalProgram.Fault.tooSlow {
            throw OutboundFault.network("the mail program did not end within the time-out")
        } catch ExternalProgram.Fault.cannotRun(let why) {
            throw OutboundFault.network("the mail program cannot be run: \(why)")
        }
    }

    /// What the exits of `sysexits.h` mean: a temporary failure, or one that another try does not change.
    private static func fault(_ ended: ExternalProgram.Ended) -> OutboundFault {
        let said = ForeignText.cut(ended.said.onOneLine, scalars: 200)
        let words = said.isEmpty ? "" : ": \(said)"
        guard let code = ended.exitCode else {
            return .network("the mail program was killed\(words)")
        }
        let permanent: [Int32: String] = [
            64: "it does not understand its arguments", 65: "it cannot read the message",
            67: "there is no such recipient",
            68: "there is no such host", 76: "the protocol failed", 77: "it may not be used by this account",
            78: "it is misconfigured",
        ]
        if let reason = permanent[code] {
            return .refused("the mail program exited with \(code): \(reason)\(words)")
        }
        return .network("the mail program exited with \(code)\(words)")
    }
}
