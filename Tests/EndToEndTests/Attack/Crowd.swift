import FoundationEssentials
import Glibc

/// Many clients at once, each with its connection, in one thread: what they send is made before, what they are answered is
/// counted, and whatever the daemon does to them they go on until their time is over.
struct Crowd {
    /// What one client does.
    struct Script: Sendable {
        /// Sent as soon as the connection is there.
        var opening: [UInt8] = []
        /// Sent after it, over and over.
        var turns: [[UInt8]] = []
        var turnsMax = Int.max
        /// Before each turn, and before a connection that has ended is opened again.
        var pause = Duration.zero
        /// Answers that may be outstanding when the next turn is sent; nil waits for none.
        var awaitingMax: Int?
        var reads = true
        /// Whether one that does not read leaves its end open when the daemon closes the other.
        var lingers = false
        /// Whether it comes again when the daemon ends its connection.
        var reopens = true
        /// Whether it ends the connection with a reset as soon as everything is sent.
        var hangsUp = false
        var receiveBuffer: Int32?
    }

    /// What a crowd came to.
    struct Outcome: Sendable {
        var opened = 0
        var endedByDaemon = 0
        var bytesSent = 0
        var bytesRead = 0
        /// How often each status was answered.
        var statuses: [Int: Int] = [:]
        /// How an answer of each status began.
        var samples: [Int: String] = [:]
        /// What is wrong beyond statuses, in words.
        var complaints: [String] = []

        var answers: Int { statuses.values.reduce(0, +) }

        static func + (one: Outcome, other: Outcome) -> Outcome {
            var sum = one
            sum.opened += other.opened
            sum.endedByDaemon += other.endedByDaemon
            sum.bytesSent += other.bytesSent
            sum.bytesRead += other.bytesRead
            sum.statuses.merge(other.statuses) { $0 + $1 }
            sum.samples.merge(other.samples) { first, _ in first }
            sum.complaints += other.complaints
            return sum
        }
    }

    let port: Int
    let until: ContinuousClock.Instant
    private var clients: [Client] = []
    private var outcome = Outcome()
    private let began = ContinuousClock.now
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)

    /// Lets so many clients act until the time is over, or until each has done what it had to do.
    static func run(
        _ port: Int, _ count: Int, until: ContinuousClock.Instant, _ script: @escaping @Sendable (Int) -> Script
    ) async -> Outcome {
        await OwnThread.run(isMeek: true) {
            var crowd = Crowd(port: port, until: until, count, script)
            return crowd.run()
        }
    }

    private init(port: Int, until: ContinuousClock.Instant, _ count: Int, _ script: (Int) -> Script) {
        self.port = port
        self.until = until
        clients = (0..<count).map { Client(script($0)) }
    }

    private mutating func run() -> Outcome {
        defer { buffer.deallocate() }
        var now = ContinuousClock.now
        while now < until, clients.contains(where: { !$0.isDone }) {
            var next = until
            var polled: [pollfd] = []
            var indices: [Int] = []
            for (index, client) in clients.enumerated() {
                // On a machine that is busy a walk over thousands takes its time.
                if index.isMultiple(of: 256), ContinuousClock.now >= until { break }
                step(client, now)
                if let wake = client.wake { next = min(next, wake) }
                if let socket = client.socket {
                    polled.append(pollfd(fd: socket.descriptor, events: client.events, revents: 0))
                    indices.append(index)
                }
            }
            let wait = max(0, min(now.duration(to: next) / .milliseconds(1), 100))
            poll(&polled, nfds_t(polled.count), Int32(wait.rounded(.up)))
            for (place, entry) in polled.enumerated() where entry.revents != 0 {
                react(clients[indices[place]], entry.revents)
            }
            now = .now
        }
        for client in clients { client.socket?.close() }
        return outcome
    }

    /// Opens what has to be opened, and sends what may be sent.
    private mutating func step(_ client: Client, _ now: ContinuousClock.Instant) {
        guard !client.isDone, client.wake.map({ $0 <= now }) ?? true else { return }
        client.wake = nil
        if client.socket == nil {
            guard mayOpen(now) else {
                client.wake = now + .milliseconds(2)
                return
            }
            client.socket = RawSocket(port: port, receiveBuffer: client.script.receiveBuffer)
            guard client.socket != nil else {
                client.wake = now + .milliseconds(200)
                return
            }
            outcome.opened += 1
            client.begin()
            // The first turn comes after a pause, too.
            if client.script.pause > .zero { client.nextTurn = now + client.script.pause }
        }
        client.takeTurn(now)
    }

    /// Attackers from elsewhere would not take their processor from the daemon, as these do: so all of them together open only
    /// so many connections in a second.
    private func mayOpen(_ now: ContinuousClock.Instant) -> Bool {
        Double(outcome.opened) <= 100 + Self.openedPerSecond * began.duration(to: now).seconds
    }

    /// Fewer where `musterd` was built for debugging, and takes five times as long for each.
    private static let openedPerSecond = AttackLimits.current.isStrict ? 6_000.0 : 2_500.0

    private mutating func react(_ client: Client, _ events: Int16) {
        let events = Int32(events)
        if events & POLLOUT != 0 {
            guard let count = client.sendPending() else { return end(client) }
            outcome.bytesSent += count
            if client.hasSentAll, client.script.hangsUp {
                client.socket?.close(hangsUp: true)
                return reopen(client)
            }
        }
        if client.script.reads, events & (POLLIN | POLLHUP | POLLERR) != 0 {
            read(client)
        } else if events & (Client.hangUp | POLLHUP | POLLERR) != 0 {
            end(client)
        }
    }

    private mutating func read(_ client: Client) {
        // A few times only, so that one that is answered without end does not keep the others.
        for _ in 0..<4 {
            let kept = client.copyTail(to: buffer)
            switch client.socket?.receive(into: .init(rebasing: buffer[kept...])) ?? .ended {
            case .nothing: return
            case .ended: return end(client)
            case .bytes(let count):
                outcome.bytesRead += count
                client.scan(.init(rebasing: buffer[..<(kept + count)])) { status, sample in
                    outcome.statuses[status, default: 0] += 1
                    if outcome.samples[status] == nil { outcome.samples[status] = sample() }
                }
            }
        }
    }

    private mutating func end(_ client: Client) {
        outcome.endedByDaemon += 1
        client.socket?.close()
        reopen(client)
    }

    private func reopen(_ client: Client) {
        client.socket = nil
        guard client.script.reopens, !client.hasTakenAllTurns || client.script.turns.isEmpty else {
            client.isDone = true
            return
        }
        client.wake = .now + max(client.script.pause, .milliseconds(50))
    }
}

/// One client of a crowd; it lives in the crowd's thread.
private final class Client {
    let script: Crowd.Script
    var socket: RawSocket?
    /// When it has to be looked at again without the daemon's doing.
    var wake: ContinuousClock.Instant?
    var nextTurn: ContinuousClock.Instant?
    var isDone = false
    private var turnsTaken = 0
    private var awaited = 0
    private var pending: [UInt8] = []
    private var sent = 0
    /// The end of what was read: the head of an answer may lie across two readings.
    private var tail: [UInt8] = []

    private static let mark = Array("HTTP/1.1 ".utf8)
    /// POLLRDHUP, which Swift's Glibc leaves out: the other end has closed.
    static let hangUp: Int32 = 0x2000

    init(_ script: Crowd.Script) {
        self.script = script
    }

    var hasSentAll: Bool { sent == pending.count }
    var hasTakenAllTurns: Bool { turnsTaken >= script.turnsMax || script.turns.isEmpty }

    /// What it waits for.
    var events: Int16 {
        Int16((hasSentAll ? 0 : POLLOUT) | (script.reads ? POLLIN : script.lingers ? 0 : Self.hangUp))
    }

    /// On a new connection.
    func begin() {
        pending = script.opening
        sent = 0
        awaited = 0
        tail = []
        nextTurn = nil
    }

    /// Takes what is to be sent next, if it is time.
    func takeTurn(_ now: ContinuousClock.Instant) {
        guard hasSentAll else { return }
        if let awaitingMax = script.awaitingMax, awaited >= awaitingMax { return }
        guard !hasTakenAllTurns else {
            if script.awaitingMax != nil, awaited == 0, !script.turns.isEmpty {
                isDone = true
                socket?.close()
                socket = nil
            }
            return
        }
        if let nextTurn, nextTurn > now {
            wake = nextTurn
            return
        }
        pending = script.turns[turnsTaken % script.turns.count]
        sent = 0
        turnsTaken += 1
        awaited += 1
        nextTurn = script.pause > .zero ? now + script.pause : nil
    }

    /// How much went out; nil when the connection has ended.
    func sendPending() -> Int? {
        guard let socket, let count = socket.send(pending, from: sent) else { return nil }
        sent += count
        return count
    }

    func copyTail(to buffer: UnsafeMutableRawBufferPointer) -> Int {
        buffer.copyBytes(from: tail)
        return tail.count
    }

    /// Counts the answers that begin in the bytes.
    func scan(_ bytes: UnsafeMutableRawBufferPointer, _ found: (Int, () -> String) -> Void) {
        guard let base = bytes.baseAddress else { return }
        let length = Self.mark.count + 3
        var place = 0
        while place + length <= bytes.count,
            let hit = memchr(base + place, Int32(Self.mark[0]), bytes.count - place)
        {
            let start = UnsafeRawPointer(base).distance(to: UnsafeRawPointer(hit))
            guard start + length <= bytes.count else { break }
            guard memcmp(base + start, Self.mark, Self.mark.count) == 0 else {
                place = start + 1
                continue
            }
            place = start + length
            let digits = bytes[(start + Self.mark.count)..<place]
            guard let status = Int(String(decoding: digits, as: UTF8.self)) else { continue }
            // What only says "go on" is no answer.
            if status >= 200 { awaited = max(0, awaited - 1) }
            found(status) { String(decoding: bytes[start..<min(start + 600, bytes.count)], as: UTF8.self) }
        }
        tail = Array(bytes[max(place, bytes.count - length + 1)...])
    }
}

/// Requests as bytes.
enum RawRequest {
    static func make(
        _ method: String, _ path: String, token: String? = nil, type: String? = "application/json",
        headers: [String] = [], body: [UInt8]? = nil
    ) -> [UInt8] {
        var head = "\(method) \(path) HTTP/1.1\r\nHost: muster\r\n"
        if let token { head += "Authorization: Bearer \(token)\r\n" }
        if let body {
            if let type { head += "Content-Type: \(type)\r\n" }
            head += "Content-Length: \(body.count)\r\n"
        }
        for header in headers { head += header + "\r\n" }
        return Array((head + "\r\n").utf8) + (body ?? [])
    }

    static func make(_ method: String, _ path: String, token: String? = nil, json: JSON) -> [UInt8] {
        make(method, path, token: token, body: (try? json.bytes) ?? [])
    }
}
