import FoundationEssentials
import HTTPTypes
import Logging

/// Carries out a request once per `Idempotency-Key`, however often it is sent: the first is claimed, its answer is kept
/// for a day, and repetitions get that answer.
///
/// A daemon that dies between the change and the keeping of its answer leaves a claim behind; when its lease is over the
/// next repetition runs again, under the same command id, by which the stores recognise what is done already.
struct IdempotencyDesk: Sendable {
    let store: IdempotencyStore
    let logger: Logger

    /// Longer than any request may take, so that two never run at once; and how long a key stays taken when a daemon dies.
    var lease: Duration = .seconds(60)
    /// How long an answer waits for the end of its claim: whoever repeats at once shall find it ended, as it nearly always is
    /// after a round trip; and nobody shall wait twice for a database that hangs.
    var releasePatience: Duration = .seconds(1)

    func carryOut(
        _ request: IdempotentRequest, _ work: (_ commandID: UUID) async throws -> Answer
    ) async throws -> Answer {
        let claimID = UUID.random()
        switch try await store.claim(request, claimID: claimID, lease: lease) {
        case .claimed(let commandID):
            return try await run(request, claimID: claimID, commandID: commandID, work)
        case .answered(let sealed):
            return try replay(sealed, of: request)
        case .inFlight(let secondsLeft):
            throw Problem.later(
                .idempotencyInFlight, "The request with this key has not ended yet.",
                seconds: min(max(secondsLeft, 1), 5))
        case .otherBody:
            throw Problem(.idempotencyKeyReused, "This key was used with another body.")
        }
    }

    private func run(
        _ request: IdempotentRequest, claimID: UUID, commandID: UUID, _ work: (UUID) async throws -> Answer
    ) async throws -> Answer {
        do {
            let answer = try await work(commandID)
            await keep(answer, of: request, claimID: claimID)
            return answer
        } catch {
            await release(request, claimID: claimID)
            throw error
        }
    }

    /// A fault is not kept: the repetition shall try again. What was committed before the fault is recognised by the
    /// command id, which the row keeps.
    private func keep(_ answer: Answer, of request: IdempotentRequest, claimID: UUID) async {
        guard answer.status.code < 500, let bytes = StoredAnswer.encode(answer) else {
            await release(request, claimID: claimID)
            return
        }
        do {
            let sealed = try OpenSSL.seal(bytes, key: request.answerKey)
            try await store.keep(sealed, of: request, incident: request.incident ?? Self.made(answer), claimID: claimID)
        } catch {
            // The caller has its answer; a repetition waits for the lease and is then recognised.
            logger.warning("an idempotent answer was not kept", metadata: ["error": .string(String(reflecting: error))])
        }
    }

    /// The incident that a request opened.
    private static func made(_ answer: Answer) -> Int? {
        answer.headers[.location].flatMap(IdempotentRequest.incident)
    }

    /// Ends the claim, so that a repetition may run at once. Where the database hangs this may take as long as the request
    /// did: the caller is then told first. Where the daemon ends before, the claim ends with its lease.
    private func release(_ request: IdempotentRequest, claimID: UUID) async {
        let (released, said) = AsyncStream<Void>.makeStream()
        Task {
            do {
                try await store.release(request, claimID: claimID)
            } catch {
                logger.warning(
                    "an idempotency claim was not released", metadata: ["error": .string(String(reflecting: error))])
            }
            said.finish()
        }
        let patience = Task {
            // Not a wait for something to settle but the limit of one: the end of the claim cancels it.
            try? await Task.sleep(for: releasePatience)
            said.finish()
        }
        for await _ in released {}
        patience.cancel()
    }

    private func replay(_ sealed: [UInt8], of request: IdempotentRequest) throws -> Answer {
        guard let bytes = try OpenSSL.open(sealed, key: request.answerKey), var answer = StoredAnswer.decode(bytes)
        else {
            throw Problem(.idempotencyKeyReused, "This key was used by another token.")
        }
        answer.headers.append(HTTPField(name: .idempotencyReplayed, value: "true"))
        return answer
    }
}
