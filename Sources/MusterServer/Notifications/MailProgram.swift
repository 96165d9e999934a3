import FoundationEssentials
import Glibc
import IncidentDomain
import Subprocess
import SystemPackage

/// The machine's mail program, as `/usr/sbin/sendmail -i -t`: it gets a whole message as its input and has queued it when it ends
/// with 0. It runs apart, with an empty environment but for PATH, without our connections, and is killed when it takes too long.
struct MailProgram: Sendable {
    /// The program's path and its arguments.
    let command: [String]

    /// So many run at the same time.
    private static let turns = Turns(max: 4, waitingMax: 512, patience: .seconds(20))
    /// One that says more is ended. It is far more than any says, since then nobody knows whether the mail was queued.
    private static let outputBytesMax = 1 << 20

    /// - Returns: 202 when the message was queued, which says nothing yet about whether it arrives.
    /// - Throws: `OutboundFault`.
    func send(_ message: [UInt8], timeout: Duration) async throws -> OutboundAnswer {
        do {
            return try await Self.turns.take { try await run(message, timeout) }
        } catch is Problem {
            throw OutboundFault.network("too many mails are being handed over; it is tried again")
        }
    }

    private func run(_ message: [UInt8], _ timeout: Duration) async throws -> OutboundAnswer {
        // A program that hangs is ended: cancelling its task kills it.
        let late = OutboundFault.network("the mail program did not end within the time-out")
        let ended = try await TimeLimit.within(timeout, or: late) { try await start(message) }
        guard case .exited(0) = ended.status else { throw Self.fault(ended) }
        return OutboundAnswer(status: 202, headers: [:], body: Array(ended.said.utf8), receivedAt: .now())
    }

    private struct Ended: Sendable {
        let status: TerminationStatus
        let said: String
    }

    private func start(_ message: [UInt8]) async throws -> Ended {
        var options = PlatformOptions()
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(1))]
        let input = try Self.file(message)
        defer { try? input.close() }
        do {
            let result = try await Subprocess.run(
                .path(FilePath(command[0])), arguments: Arguments(Array(command.dropFirst())),
                environment: .custom(["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]), platformOptions: options,
                input: .fileDescriptor(input, closeAfterSpawningProcess: false), output: .discarded,
                error: .string(limit: Self.outputBytesMax))
            return Ended(status: result.terminationStatus, said: result.standardError)
        } catch let error as SubprocessError {
            throw OutboundFault.network("the mail program cannot be run: \(error)")
        }
    }

    /// The message as a file that nobody else can open, from its beginning. A pipe would not do: the library ends the daemon when a
    /// program ends, or is ended, before it has read all of one.
    private static func file(_ message: [UInt8]) throws -> FileDescriptor {
        // Under systemd /tmp is the service's own (PrivateTmp). mkstemp writes the name over the Xs: an array, and no text.
        var name = Array("\(FileManager.default.temporaryDirectory.path)/muster-mail-XXXXXX".utf8CString)
        let file = FileDescriptor(rawValue: mkstemp(&name))
        do {
            guard file.rawValue >= 0 else { throw Errno(rawValue: errno) }
            unlink(name)
            // Other programs need not have it. Glibc does it while opening (mkostemp), which Swift does not see.
            _ = fcntl(file.rawValue, F_SETFD, FD_CLOEXEC)
            try file.writeAll(message)
            _ = try file.seek(offset: 0, from: .start)
            return file
        } catch {
            try? file.close()
            throw OutboundFault.network("the message cannot be handed to the mail program: \(error)")
        }
    }

    /// What the exits of `sysexits.h` mean: a temporary failure, or one that another try does not change.
    private static func fault(_ ended: Ended) -> OutboundFault {
        let said = ForeignText.cut(ended.said.onOneLine, scalars: 200)
        let words = said.isEmpty ? "" : ": \(said)"
        guard case .exited(let code) = ended.status else {
            return .network("the mail program was killed\(words)")
        }
        let permanent: [Int32: String] = [
            64: "it does not understand its arguments", 65: "it cannot read the message",
            67: "there is no such recipient",
            68: "there is no such host", 76: "the protocol failed", 77: "it may not be used by this account",
            78: "it is misconfigured",
        ]
        if let reason = permanent[Int32(code)] {
            return .refused("the mail program exited with \(code): \(reason)\(words)")
        }
        return .network("the mail program exited with \(code)\(words)")
    }
}
