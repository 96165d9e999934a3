import ArgumentParser
import MusterClient
import Synchronization

/// `muster watch`: the board or an incident's room, live.
struct Watch: RemoteCommand {
    static let configuration = CommandConfiguration(
        abstract: "Watch everything that is open, or one incident, live.",
        discussion: """
            In a terminal it is drawn in place; Ctrl-C ends it. Elsewhere each event is a line, and with -o json an object.
            """)

    @OptionGroup var named: IncidentArgument
    @OptionGroup(title: "Options of every command") var shared: DaemonOptions

    func run(_ session: Session) async throws {
        let number = try named.named.map { try Session.number($0) }
        // Wrong numbers and tokens show now.
        let scene = Scene(session: session, number: number)
        try await scene.load()
        if Terminal.isOutput && shared.output == .table {
            try await draw(scene, number, session)
        } else {
            try await follow(number, session)
        }
    }

    // MARK: - Lines

    private func follow(_ number: String?, _ session: Session) async throws {
        let form = shared.output
        let moments = Moments(now: session.connection.now, areAbsolute: true)
        try await Self.events(session) { _ in
        } take: { event in
            guard let entry = try? JSONReader.read(event.data) else { return }
            guard number == nil || entry["incident"].plain == number else { return }
            switch form {
            case .json: Terminal.say(entry.compact)
            case .yaml: Terminal.write("---\n" + YAMLText.write(entry))
            case .table:
                Terminal.say(
                    "\(moments.say(entry["occurred_at"]))  INC-\(entry["incident"].plain)  \(SafeText.line(entry["text"].plain))  (\(SafeText.line(entry["actor"].plain)))"
                )
            }
        }
    }

    /// The longest pause before the stream is opened again, in seconds.
    private static let pauseMax = 30.0

    /// Events for ever: the stream is opened again where it ended, so that none is missed.
    ///
    /// - Parameter connected: Told when the stream is open, and when it is not.
    private static func events(
        _ session: Session, connected: @escaping @Sendable (Bool) -> Void,
        take: @escaping @Sendable (ServerSentEvent) -> Void
    ) async throws {
        let last = Mutex<String?>(nil)
        var pause = 1.0
        while true {
            let isOpened = Mutex(false)
            do {
                try await session.connection.stream(after: last.withLock { $0 }) {
                    isOpened.withLock { $0 = true }
                    connected(true)
                } _: { event in
                    if let id = event.id { last.withLock { $0 = id } }
                    take(event)
                }
            } catch let failure as Failure where failure.ending == .noAccess || failure.ending == .usage {
                throw failure
            } catch let error as CancellationError {
                throw error
            } catch {
                // It is opened again below.
            }
            connected(false)
            // A stream that was open is opened again soon; a daemon that is away is asked less and less often.
            pause = isOpened.withLock { $0 } ? 1 : min(pause * 2, pauseMax)
            try await Task.sleep(for: .seconds(pause))
        }
    }

    // MARK: - In place

    /// How often it is drawn, for the clocks, in seconds.
    private static let drawn = 0.5
    /// After how long all is asked again though nothing was heard; and how long news wait for those that come with them.
    private static let (asked, gathered) = (30.0, 1.5)

    private func draw(_ scene: Scene, _ number: String?, _ session: Session) async throws {
        Terminal.enterScreen()
        defer { Terminal.leaveScreen() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await Self.events(session) { isOpen in
                    scene.heard(isConnected: isOpen)
                } take: { event in
                    // Of other incidents nothing is shown in a room.
                    if number == nil || (try? JSONReader.read(event.data))?["incident"].plain == number {
                        scene.heard(isConnected: true)
                    }
                }
            }
            group.addTask {
                var loaded = Moments.machineNow
                while true {
                    let age = Moments.machineNow - loaded
                    if age > Self.asked || age > Self.gathered && scene.takeNews() {
                        loaded = Moments.machineNow
                        do {
                            try await scene.load()
                        } catch let failure as Failure where failure.ending == .unreachable || failure.ending == .broken
                        {
                            // What is shown gets old, and says so.
                        }
                    }
                    Terminal.draw(scene.lines())
                    // The clocks on the screen run, also when nothing is heard.
                    try await Task.sleep(for: .seconds(Self.drawn))
                }
            }
            // None of them ends but by throwing.
            try await group.next()
            group.cancelAll()
        }
    }
}

/// What is shown, and how old it is.
private final class Scene: Sendable {
    private struct State {
        var board = BoardView()
        var incident = JSON.null
        var plan: (first: JSON, steps: [JSON])?
        var timeline: [JSON] = []
        var loadedAt = Moments.machineNow
        var isConnected = false
        var hasNews = false
    }

    private let session: Session
    private let number: String?
    private let state = Mutex(State())

    init(session: Session, number: String?) {
        self.session = session
        self.number = number
    }

    func heard(isConnected: Bool) {
        state.withLock { state in
            state.isConnected = isConnected
            state.hasNews = state.hasNews || isConnected
        }
    }

    func takeNews() -> Bool {
        state.withLock { state in
            defer { state.hasNews = false }
            return state.hasNews
        }
    }

    // MARK: - Asking

    /// Of how many incidents the progress is asked for.
    private static let plansMax = 10

    func load() async throws {
        if let number { try await loadRoom(number) } else { try await loadBoard() }
        state.withLock { $0.loadedAt = Moments.machineNow }
    }

    private func loadRoom(_ number: String) async throws {
        let connection = session.connection
        let incident = try await connection.get("/v1/incidents/\(number)")
        let isRestoring = ["mitigate", "restore"].contains(incident["phase"].text)
        let plan = isRestoring ? try await Restore.plan(number, [], connection) : nil
        let timeline = try await connection.get("/v1/incidents/\(number)/timeline?order=desc&limit=30")["items"].items
        state.withLock { state in
            state.incident = incident
            state.plan = plan
            state.timeline = timeline.reversed()
        }
    }

    private func loadBoard() async throws {
        let connection = session.connection
        var board = BoardView()
        board.incidents = try await connection.get(
            "/v1/incidents?open=true&sort=severity&limit=50&fields=\(IncidentView.fields)")["items"].items
        board.alerts = try await connection.get("/v1/alerts?status=firing&orphaned=true&limit=10")["items"].items
        board.overdue = try await connection.get("/v1/actions?overdue=true&limit=10")["items"].items
        for incident in board.incidents.filter({ $0["phase"].text == "restore" }).prefix(Self.plansMax) {
            guard let number = incident["number"].int else { continue }
            board.plans[number] = try await connection.get("/v1/incidents/\(number)/restoration?limit=1")
        }
        let loaded = board
        state.withLock { $0.board = loaded }
    }

    // MARK: - Showing

    func lines() -> [String] {
        let (moments, style, size) = (session.moments, session.style, Terminal.size ?? (80, 24))
        return state.withLock { state in
            let age = Moments.machineNow - state.loadedAt
            let health =
                state.isConnected
                ? style.paint("live", .green)
                : style.paint("not connected; \(Moments.length(age)) old", .red)
            let head = "Muster \(session.connection.settings.address.text)  \(Moments.date(moments.now))  \(health)"
            let body =
                number == nil
                ? state.board.lines(moments, style, width: size.columns) : Self.room(state, moments, style, size)
            return Array(([head, ""] + body).prefix(size.lines))
        }
    }

    private static func room(_ state: State, _ moments: Moments, _ style: Style, _ size: (columns: Int, lines: Int))
        -> [String]
    {
        var lines = IncidentView(state.incident, moments: moments, style: style, width: size.columns).lines.flatMap {
            $0.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        }
        if let plan = state.plan {
            lines += ["", style.paint("Restoration", .bold)]
            lines += RestorationTree(plan.first, steps: plan.steps, moments: moments, style: style).lines
        }
        // The newest entries have the rest of the screen, and never less than five lines.
        let rest = max(5, size.lines - 2 - lines.count - 2)
        let entries = TimelineView.lines(state.timeline, moments: moments, style: style).suffix(rest)
        return lines.prefix(max(0, size.lines - 4 - entries.count)) + ["", style.paint("Timeline", .bold)] + entries
    }
}
