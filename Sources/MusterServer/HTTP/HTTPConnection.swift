import HTTPTypes
import Metrics
import NIOCore
import NIOHTTP1

/// One connection: HTTP/1.0 and 1.1 (RFC 9112) on NIO's parser, in front of the dispatcher.
///
/// It gathers a request, has the dispatcher answer it (from memory at once, else in a task on this loop), and writes the answer, one request
/// after the other. Nothing that a client does or does not do may cost more than is counted here:
/// - a request is carried out, and takes a place among those in flight, when it is complete;
/// - until then it costs bytes, of a budget that all connections share (`ConnectionBudgets`), and of more than its beginning
///   only where its sender is known or nobody needs to be;
/// - what follows on a connection is read when the answer before has been sent;
/// - each wait has its limit: for a head, a body, and for a client that reads (`checkTime`).
///
/// It is longer than other files, as it is one state machine: each part of it reads and sets `phase`.
final class HTTPConnection: ChannelInboundHandler, ChannelOutboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Phase {
        /// Between two requests, or within a head.
        case waiting
        /// A body comes.
        case gathering(Gathering)
        /// The dispatcher works, or the answer is being sent.
        case answering(keepsAlive: Bool)
        /// The last answer was sent: what still comes is thrown away until the client closes, so that it gets the answer.
        case leaving
        case closed
    }

    private enum Sender {
        /// Nobody has to be known here.
        case anybody
        /// Somebody has to be, and was not looked up yet.
        case unknown
        case known
    }

    private struct Gathering {
        let arrival: Arrival
        let dispatcher: Dispatcher
        let keepsAlive: Bool
        let bytesMax: Int
        var sender: Sender
        var startedAt = NIODeadline.now()
    }

    private let departure = Departure()
    private let settings: ConnectionSettings
    private let table: ConnectionTable
    private var context: ChannelHandlerContext?
    private var phase = Phase.waiting
    /// What is here of the body that comes. It stands outside of `phase`, as taking it out of there would copy it.
    private var body = ByteBuffer()
    /// Whether it is a buffer of its own, and no part of a larger one.
    private var isBodyOwn = false
    /// Parts of requests that came with the one that is being answered.
    private var queue = CircularBuffer<HTTPServerRequestPart>()
    /// Whether all of the request that is being answered is here; what of it is not is thrown away as it comes.
    private var isInputComplete = true
    /// Whether a read was asked for that has to wait for the answer.
    private var isReadHeld = false
    private var isAskingForSender = false
    /// Which request of this connection it is, so that what is learnt late is not taken for another's.
    private var requestNumber = 0
    private var isInputClosed = false
    private var isQuiescing = false
    private var isAdvancing = false
    /// Bytes of a head that is not complete yet, and those of them that the budget knows.
    private var headBytes = 0
    private var bodyBytesThrownAway = 0
    private var charge = BodyCharge()
    private var queueCharge = BodyCharge()
    private var sending = AnswerSending()
    private var streamTask: Task<Void, Never>?
    /// HTTP/1.0: no chunks, and a connection that lives on says so.
    private var isOld = false
    private var isStreaming = false

    // What the table looks at.
    var index = -1
    /// When the phase began, or the last byte of an answer went.
    private(set) var since = NIODeadline.now()
    /// Whether a request was answered that only somebody known can have answered so: such connections are kept longest.
    private(set) var isProven = false

    init(settings: ConnectionSettings, table: ConnectionTable) {
        self.settings = settings
        self.table = table
    }

    /// Nil of one that has to stay.
    func dispensability(at now: NIODeadline) -> Dispensability? {
        switch phase {
        case .leaving: .leaving
        // Answered; the rest of its body is thrown away.
        case .answering where sending.isDone && !isInputComplete: .leaving
        case .waiting where queue.isEmpty:
            isProven ? .idle : now - since > .seconds(1) ? .strangerIdle : .strangerFresh
        case .gathering(let gathering) where gathering.sender != .known && !isProven: .strangerSending
        case .answering where sending.unsent > 0 && now - since > .seconds(1): .notReading
        case .waiting, .gathering, .answering, .closed: nil
        }
    }
}

// MARK: - What comes

extension HTTPConnection {
    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        if table.add(self) == .full { refuse(Problem.later(.overloaded, "Too many connections are open.", seconds: 1)) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
        self.context = nil
    }

    private func end() {
        if case .closed = phase { return }
        phase = .closed
        departure.note()
        queue.removeAll()
        forgetBody()
        queueCharge.giveBack(to: settings.budgets)
        sending.end(settings.budgets)
        streamTask?.cancel()
        streamTask = nil
        table.remove(self)
    }

    /// Told of all bytes before they are parsed; whether they should be. After the last answer nobody wants them.
    func received(_ bytes: Int) -> Bool {
        switch phase {
        case .waiting: headBytes += bytes
        case .gathering, .answering: break
        case .leaving:
            bodyBytesThrownAway += bytes
            if bodyBytesThrownAway > settings.thrownAwayBytesMax { close(.endlessBody) }
            return false
        case .closed: return false
        }
        return true
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = Self.unwrapInboundIn(data)
        switch phase {
        case .waiting where queue.isEmpty && !isAdvancing: take(part)
        case .gathering: take(part)
        case .waiting: enqueue(part)
        case .answering where isInputComplete: enqueue(part)
        case .answering: throwAway(part)
        case .leaving: throwAway(part)
        case .closed: break
        }
    }

    private func enqueue(_ part: HTTPServerRequestPart) {
        // Nothing follows the last answer.
        if case .answering(keepsAlive: false) = phase { return }
        guard queue.count < settings.queuedPartsMax else { return closeAfterAnswer() }
        queue.append(part)
    }

    /// More was sent without waiting for answers than is kept: the answer that is under way is the last.
    private func closeAfterAnswer() {
        guard case .answering = phase else { return close(.pipelining) }
        settings.metrics.closed(.pipelining)
        phase = .answering(keepsAlive: false)
        queue.removeAll()
        queueCharge.giveBack(to: settings.budgets)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        switch phase {
        case .waiting where headBytes > 0: keepHead()
        case .gathering: keepBody()
        case .waiting, .answering, .leaving, .closed: break
        }
        guard !queue.isEmpty else { return }
        let held = queue.count * Self.queuedPartBytes
        if !queueCharge.raise(to: held, isKnown: isProven, of: settings.budgets) { closeAfterAnswer() }
    }

    /// About what a head of a request takes, of which half of all parts are.
    private static let queuedPartBytes = 512

    /// Reads nothing while what it would bring has to wait.
    func read(context: ChannelHandlerContext) {
        let mayRead =
            switch phase {
            case .waiting: queue.isEmpty
            case .gathering: !isAskingForSender
            case .answering: !isInputComplete
            case .leaving, .closed: true
            }
        if mayRead { context.read() } else { isReadHeld = true }
    }

    private func readOn() {
        guard isReadHeld, let context else { return }
        isReadHeld = false
        read(context: context)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case ChannelEvent.inputClosed = event else { return context.fireUserInboundEventTriggered(event) }
        isInputClosed = true
        switch phase {
        case .waiting where queue.isEmpty: context.close(promise: nil)
        case .leaving: context.close(promise: nil)
        // A stream has no end of its own by which it would be seen that nobody is there any more.
        case .answering where isStreaming: context.close(promise: nil)
        // Within a body it is the parser that says so (`errorCaught`).
        case .waiting, .gathering, .answering, .closed: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch (error, phase) {
        case (_, .closed): break
        // Already answered; the client sends what cannot be read.
        case (_, .leaving): context.close(promise: nil)
        case (_, .answering):
            phase = .answering(keepsAlive: false)
            isInputComplete = true
            if sending.isDone { finish() }
        case (HTTPParserError.headerOverflow, _):
            refuse(Problem(.headerTooLarge, "The header fields may have \(settings.headBytesMax) bytes in all."))
        case (is HTTPParserError, _), (is ByteToMessageDecoderError, _):
            refuse(Problem(.malformedRequest, "The request is not valid HTTP/1.1 (RFC 9112)."))
        case (_, .waiting), (_, .gathering): context.close(promise: nil)
        }
    }
}

// MARK: - One request

extension HTTPConnection {
    private func take(_ part: HTTPServerRequestPart) {
        switch part {
        case .head(let head): begin(head)
        case .body(let bytes): gather(bytes)
        case .end:
            guard case .gathering(let gathering) = phase else { return }
            isInputComplete = true
            start(gathering, body)
        }
    }

    private func forgetBody() {
        body = ByteBuffer()
        isBodyOwn = false
        charge.giveBack(to: settings.budgets)
    }

    private func begin(_ head: HTTPRequestHead) {
        headBytes = 0
        requestNumber += 1
        forgetBody()
        bodyBytesThrownAway = 0
        isInputComplete = false
        isAskingForSender = false
        isOld = head.version.minor == 0
        since = .now()
        // After an upgrade or a tunnel that nobody grants, NIO's parser reads no more.
        let keepsAlive = head.isKeepAlive && !head.headers.contains(name: "Upgrade") && head.method != .CONNECT
        if let problem = RequestFraming.problem(of: head) { return refuse(problem) }
        guard let request = RequestHead(head) else {
            return refuse(Problem(.malformedRequest, "The method is not a valid HTTP method name."))
        }
        let dispatcher = settings.dispatcher.begin()
        var arrival = dispatcher.arrive(request, from: context?.remoteAddress)
        if settings.budgets.unsent.isFull, arrival.mayAnswerMuch {
            settings.metrics.overUnsentBudget.increment()
            arrival.problem = .later(
                .overloaded, "Too many answers wait for slow clients.", seconds: 1)
        }
        switch arrival.body {
        case .ignored:
            answer(arrival, dispatcher, ByteBuffer(), keepsAlive: keepsAlive && !expectsContinue(request))
        case .gathered(let max):
            // It begins when it is complete.
            dispatcher.begun.give(1)
            let needsNobody = arrival.bound?.route.door == nil && arrival.token == nil
            phase = .gathering(
                Gathering(
                    arrival: arrival, dispatcher: dispatcher, keepsAlive: keepsAlive,
                    bytesMax: arrival.refusal == nil ? max : settings.letterBytesMax,
                    sender: needsNobody ? .anybody : .unknown))
        }
    }

    private func expectsContinue(_ head: RequestHead) -> Bool {
        !isOld && head.headerFields[.expect] != nil
    }

    private func gather(_ bytes: ByteBuffer) {
        guard case .gathering(let gathering) = phase else { return }
        if body.readableBytes == 0 { body = bytes } else { body.writeImmutableBuffer(bytes) }
        guard body.readableBytes > gathering.bytesMax else { return }
        start(gathering, body, isTooLarge: true)
    }

    /// What is left of a message when reading pauses: kept by itself, so that it holds no buffer that is much larger, and
    /// counted. Then its sender has to be known before more is read.
    private func keepBody() {
        guard case .gathering(let gathering) = phase, let context, !isAskingForSender else { return }
        if charge.bytes == 0, let expected = gathering.arrival.head.headerFields[.expect] {
            guard expected.lowercased() == "100-continue" else {
                return refuse(Problem(.malformedRequest, "The only supported Expect value is 100-continue."))
            }
        }
        if body.readableBytes > 0, !isBodyOwn {
            isBodyOwn = true
            var own = context.channel.allocator.buffer(capacity: body.readableBytes)
            own.writeImmutableBuffer(body)
            body = own
        }
        let held = max(body.readableBytes, 1)
        // Who is being looked up holds one read at most, and is not kept out by those who need not be known.
        guard charge.raise(to: held, isKnown: gathering.sender != .anybody, of: settings.budgets) else {
            start(gathering, ByteBuffer(), isOverBudget: true)
            return
        }
        guard gathering.sender == .unknown else { return sendContinue(gathering) }
        isAskingForSender = true
        let connection = NIOLoopBound(self, eventLoop: context.eventLoop)
        let (dispatcher, arrival) = (gathering.dispatcher, gathering.arrival)
        let request = requestNumber
        Task.immediate(executorPreference: table.executor) {
            let sender = await dispatcher.sender(of: arrival)
            connection.value.learnt(sender, request)
        }
    }

    private func learnt(_ sender: Dispatcher.Sender, _ request: Int) {
        guard request == requestNumber else { return }
        isAskingForSender = false
        guard case .gathering(var gathering) = phase else { return }
        switch sender {
        case .known:
            gathering.sender = .known
            // Nothing was read meanwhile, which is not the sender's fault.
            gathering.startedAt = .now()
            phase = .gathering(gathering)
            sendContinue(gathering)
        case .unknown, .refused: start(gathering, ByteBuffer(), sender: sender)
        }
        readOn()
    }

    /// A client that asks first, as curl does with large bodies, waits a second if nobody answers.
    private func sendContinue(_ gathering: Gathering) {
        guard body.readableBytes == 0, !sending.hasContinued, expectsContinue(gathering.arrival.head) else {
            return
        }
        sending.hasContinued = true
        context?.writeAndFlush(Self.wrapOutboundOut(ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")), promise: nil)
    }

    private func start(
        _ gathering: Gathering, _ body: ByteBuffer, isTooLarge: Bool = false, isOverBudget: Bool = false,
        sender: Dispatcher.Sender = .known
    ) {
        var arrival = gathering.arrival
        let dispatcher = begin(&arrival, after: gathering.dispatcher)
        switch sender {
        case .known: break
        case .unknown: arrival.isStranger = true
        case .refused(let problem): arrival.problem = problem
        }
        if isTooLarge, arrival.refusal == nil { arrival.refusal = dispatcher.tooLarge(gathering.bytesMax) }
        if isOverBudget {
            settings.metrics.overBudget.increment()
            arrival.problem = .later(.overloaded, "Too many request bodies are being received.", seconds: 1)
        }
        let isAsked = expectsContinue(arrival.head) && !sending.hasContinued
        answer(arrival, dispatcher, body, keepsAlive: gathering.keepsAlive && (isInputComplete || !isAsked))
    }

    /// Hands a request over to the newest dispatcher: while it came, the configuration may have been replaced, and what carries
    /// out requests with it.
    private func begin(_ arrival: inout Arrival, after dispatcher: Dispatcher) -> Dispatcher {
        let newest = settings.dispatcher.begin()
        if newest.begun !== dispatcher.begun {
            arrival = newest.arrive(arrival.head, from: context?.remoteAddress)
        }
        return newest
    }

    private func answer(_ arrival: Arrival, _ dispatcher: Dispatcher, _ body: ByteBuffer, keepsAlive: Bool) {
        guard let context else { return dispatcher.begun.give(1) }
        phase = .answering(keepsAlive: keepsAlive)
        since = .now()
        sending = AnswerSending(isHead: arrival.head.method == .head)
        let arrival = arrival.complete(departure)
        if let answer = dispatcher.respondAtOnce(to: arrival) { return deliver(answer, to: arrival) }
        let loop = context.eventLoop
        let connection = NIOLoopBound(self, eventLoop: loop)
        // Reading a large body takes longer than a loop may be held.
        if body.readableBytes > settings.loopBodyBytesMax {
            Task(executorPreference: WorkerPool.executor) {
                let answer = await dispatcher.respond(to: arrival, body: body)
                dispatcher.begun.give(1)
                loop.execute { connection.value.deliver(answer, to: arrival) }
            }
        } else {
            Task.immediate(executorPreference: table.executor) {
                let answer = await dispatcher.respond(to: arrival, body: body)
                dispatcher.begun.give(1)
                connection.value.deliver(answer, to: arrival)
            }
        }
    }

    /// The parts that came while another request was answered, a few requests at a time: others have their turn between.
    private func advance() {
        guard !isAdvancing else { return }
        isAdvancing = true
        defer { isAdvancing = false }
        var requests = 0
        while let part = queue.first {
            switch phase {
            case .waiting:
                guard requests < settings.requestsPerTurn else {
                    let connection = NIOLoopBound(self, eventLoop: context!.eventLoop)
                    context?.eventLoop.execute { connection.value.advance() }
                    return
                }
                requests += 1
            case .gathering: break
            case .answering where !isInputComplete: break
            case .answering, .leaving, .closed: return
            }
            queue.removeFirst()
            if case .answering = phase { throwAway(part) } else { take(part) }
        }
        queueCharge.giveBack(to: settings.budgets)
        if case .gathering = phase { keepBody() }
        guard case .waiting = phase else { return readOn() }
        if isInputClosed { context?.close(promise: nil) } else { readOn() }
    }

    /// What nobody wants of a request that is refused; some of it, so that its client gets the answer.
    private func throwAway(_ part: HTTPServerRequestPart) {
        switch part {
        case .head: break
        case .body(let bytes):
            bodyBytesThrownAway += bytes.readableBytes
            if bodyBytesThrownAway > settings.thrownAwayBytesMax { close(.endlessBody) }
        case .end:
            isInputComplete = true
            if case .answering = phase, sending.isDone { finish() }
        }
    }
}

// MARK: - The answer

extension HTTPConnection {
    private func deliver(_ answer: Answer, to arrival: Arrival) {
        guard let context, case .answering(var keepsAlive) = phase else { return }
        if answer.status.code < 400, arrival.token != nil || arrival.bound?.route.door != nil { isProven = true }
        if settings.isStopping.isSet || isInputClosed && queue.isEmpty { keepsAlive = false }
        phase = .answering(keepsAlive: keepsAlive)
        forgetBody()
        since = .now()
        switch answer.body {
        case .empty, .bytes: sendWhole(answer, context)
        case .stream(let write):
            if isOld { phase = .answering(keepsAlive: false) }
            let head = AnswerText.head(
                answer, length: isOld ? .none : .chunked, connection: connectionField, context.channel.allocator)
            sending.add(head.readableBytes, settings.budgets)
            send(head)
            let writer = StreamWriter(self, loop: context.eventLoop)
            isStreaming = true
            streamTask = Task.immediate(executorPreference: table.executor) {
                do {
                    try await write(writer)
                    writer.finish()
                } catch {
                    writer.abandon()
                }
            }
        }
    }

    private var connectionField: AnswerText.Connection {
        guard case .answering(keepsAlive: true) = phase else { return .close }
        return isOld ? .keepAlive : .unsaid
    }

    private func sendWhole(_ answer: Answer, _ context: ChannelHandlerContext) {
        var body = ByteBuffer()
        if case .bytes(let bytes) = answer.body { body = bytes }
        let length: AnswerText.Length =
            sending.isHead || !AnswerText.hasBody(answer.status) ? .none : .bytes(body.readableBytes)
        var buffer = AnswerText.head(answer, length: length, connection: connectionField, context.channel.allocator)
        if body.readableBytes <= AnswerSending.sliceBytes {
            buffer.writeImmutableBuffer(body)
        } else {
            sending.rest = body
            sending.restIsShared = answer.isShared
            sending.add(body.readableBytes, settings.budgets, isShared: answer.isShared)
        }
        sending.isLast = true
        sending.add(buffer.readableBytes, settings.budgets)
        send(buffer)
    }

    /// Writes what was counted before.
    private func send(_ buffer: ByteBuffer, isShared: Bool = false, flushes: Bool = true) {
        guard let context else { return }
        let bytes = buffer.readableBytes
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { [self] result in sent(bytes, isShared, result) }
        context.write(Self.wrapOutboundOut(buffer), promise: promise)
        if flushes { context.flush() }
    }

    private func sent(_ bytes: Int, _ isShared: Bool, _ result: Result<Void, any Error>) {
        sending.remove(bytes, settings.budgets, isShared: isShared)
        guard case .success = result else { return }
        since = .now()
        if sending.rest.readableBytes > 0 {
            let length = min(AnswerSending.sliceBytes, sending.rest.readableBytes)
            if let slice = sending.rest.readSlice(length: length) { return send(slice, isShared: sending.restIsShared) }
        }
        if sending.unsent == 0 { sending.wake(.success(())) }
        if sending.isDone, isInputComplete { finish() }
    }

    private func finish() {
        guard case .answering(let keepsAlive) = phase, let context else { return }
        streamTask = nil
        isStreaming = false
        since = .now()
        guard keepsAlive, !isInputClosed || !queue.isEmpty else {
            phase = .leaving
            queue.removeAll()
            // To close while something comes would take the answer from the client (RFC 9112, 9.6).
            if isInputClosed { context.close(promise: nil) } else { context.close(mode: .output, promise: nil) }
            return readOn()
        }
        phase = .waiting
        if isQuiescing { waitForFarewell() }
        if queue.isEmpty, !isAdvancing { readOn() } else { advance() }
    }

    /// Refuses what cannot be read as a request, and closes.
    private func refuse(_ problem: Problem) {
        guard let context else { return }
        queue.removeAll()
        forgetBody()
        isInputComplete = true
        settings.metrics.refused.increment()
        phase = .answering(keepsAlive: false)
        since = .now()
        sending = AnswerSending(isHead: false)
        sendWhole(problem.answer, context)
    }

    private func close(_ reason: ConnectionMetrics.Reason) {
        settings.metrics.closed(reason)
        let context = context
        end()
        context?.close(promise: nil)
    }
}

// MARK: - Time

extension HTTPConnection {
    /// Called about twice a second by the table.
    func checkTime(_ now: NIODeadline) {
        let waited = now - since
        switch phase {
        case .waiting:
            if waited > settings.idleTimeout { close(headBytes > 0 ? .slowHead : .idle) }
        case .gathering(let gathering): checkBody(gathering, now)
        case .answering:
            if sending.unsent > 0, waited > writeTimeout { return close(.slowReader) }
            // Answered, and the rest of the body does not come.
            if sending.isDone, !isInputComplete, waited > bodyTimeout { close(.slowBody) }
        case .leaving:
            if waited > settings.lingerTimeout { context?.close(promise: nil) }
        case .closed: break
        }
    }

    private func checkBody(_ gathering: Gathering, _ now: NIODeadline) {
        // The lookup has the deadline of its statement.
        if isAskingForSender { return }
        let took = now - gathering.startedAt
        let seconds = took.nanoseconds / 1_000_000_000
        let isTooSlow =
            seconds > settings.bodyGraceSeconds
            && body.readableBytes < settings.bodyRateMin * Int(seconds - settings.bodyGraceSeconds)
        guard took > bodyTimeout || isTooSlow else { return }
        settings.metrics.closed(.slowBody)
        refuse(Problem(.requestTimeout, "The body arrived too slowly."))
    }

    /// Less when the daemon stops.
    private var bodyTimeout: TimeAmount {
        isQuiescing ? min(settings.bodyTimeout, .seconds(5)) : settings.bodyTimeout
    }

    /// Less when the daemon stops, or when too much waits for clients that do not read; and for streams, which go on where
    /// they were cut, and which must not outlive the token that they were opened with.
    private var writeTimeout: TimeAmount {
        if isQuiescing || settings.budgets.unsent.isFull { return min(settings.writeTimeout, .seconds(2)) }
        return !isStreaming ? settings.writeTimeout : min(settings.writeTimeout, .seconds(4))
    }

    /// The daemon stops. A request may be on its way on a connection that is open and silent; closing it at once would lose
    /// that request, and a client may not repeat a write. So a silent connection gets a little time.
    func quiesce() {
        isQuiescing = true
        if case .waiting = phase { waitForFarewell() }
    }

    private func waitForFarewell() {
        context?.eventLoop.assumeIsolated().scheduleTask(in: settings.farewell) { [weak self] in
            guard let self, case .waiting = phase else { return }
            context?.close(promise: nil)
        }
    }

    /// Closed in favour of a newer one.
    func evict() {
        close(.evicted)
    }

    func closeAtOnce() {
        context?.close(promise: nil)
    }

    private func keepHead() {
        guard headBytes <= settings.headBytesMax else {
            return refuse(Problem(.headerTooLarge, "The header fields may have \(settings.headBytesMax) bytes in all."))
        }
        guard charge.raise(to: headBytes, isKnown: isProven, of: settings.budgets) else {
            settings.metrics.overBudget.increment()
            return refuse(.later(.overloaded, "Too many requests are being received.", seconds: 1))
        }
    }
}

// MARK: - Streams

extension HTTPConnection {
    func sendPiece(_ bytes: ByteBuffer, _ done: CheckedContinuation<Void, any Error>) {
        guard case .answering = phase, let context else {
            return done.resume(throwing: ChannelError.ioOnClosedChannel)
        }
        guard bytes.readableBytes > 0 else { return done.resume() }
        if sending.unsent == 0 { since = .now() }
        sending.wait(done)
        // In slices, so that it is seen whether a client reads that takes long for a large one.
        var left = bytes
        var slices: [ByteBuffer] = isOld ? [] : [AnswerText.chunkHead(bytes.readableBytes)]
        while let slice = left.readSlice(length: min(left.readableBytes, AnswerSending.sliceBytes)),
            slice.readableBytes > 0
        {
            slices.append(slice)
        }
        if !isOld { slices.append(AnswerText.chunkEnd) }
        for slice in slices { sending.add(slice.readableBytes, settings.budgets) }
        for slice in slices { send(slice, flushes: false) }
        context.flush()
    }

    func finishStream() {
        guard case .answering = phase else { return }
        sending.isLast = true
        let end = isOld ? ByteBuffer() : ByteBuffer(string: "0\r\n\r\n")
        sending.add(end.readableBytes, settings.budgets)
        send(end)
    }
}
