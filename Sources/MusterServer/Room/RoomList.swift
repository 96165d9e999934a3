import IncidentDomain

/// A list of the API as pages show it: what a line of it says, how it is narrowed, and what can be done. `/lists/NAME` shows the list and
/// `/lists/NAME/KEY` one of it; both read what the API answers, with the rights of whoever looks. What has no form is shown as the call
/// that a script would send.
struct RoomList: Sendable {
    typealias Parameter = (name: String, value: String)

    /// What a line says of one item, by the names that its members have in the API.
    struct Shape: Sendable {
        /// Where the page of one is, without its key.
        let place: String
        /// The member that names one in addresses.
        let key: String
        /// The first of these that says something is its title.
        let heading: [String]
        let state: State
        /// What else its line says, in this order.
        let about: [About]
        /// The first of these that is there is the time of its line.
        let times: [About]

        init(
            _ place: String, key: String = "id", heading: [String], state: State, about: [About] = [],
            times: [About] = []
        ) {
            (self.place, self.key, self.heading, self.state) = (place, key, heading, state)
            (self.about, self.times) = (about, times)
        }
    }

    struct About: Sendable {
        let member: String
        /// What stands before it.
        let meaning: String

        init(_ member: String, _ meaning: String = "") { (self.member, self.meaning) = (member, meaning) }
    }

    /// A word for how something is, where a member says so.
    struct Flag: Sendable {
        let member: String
        let word: String
        /// What the member says then: something, or no.
        let isSaid: Bool

        init(_ member: String, _ word: String, isSaid: Bool = true) {
            (self.member, self.word, self.isSaid) = (member, word, isSaid)
        }
    }

    /// How something is.
    enum State: Sendable {
        case none
        /// What a member says, unless a flag stands.
        case member(String, unless: [Flag] = [])
        /// The first flag that stands.
        case flags([Flag], otherwise: String)
        /// How hard a component is hit by what is open.
        case impact
    }

    /// What the list is narrowed to by one click.
    struct Choice: Sendable {
        let name: String
        let title: String
        /// Parameters of the API.
        let query: [Parameter]

        init(_ name: String, _ title: String, _ query: [Parameter] = []) {
            (self.name, self.title, self.query) = (name, title, query)
        }
    }

    /// A form on the page of one item.
    struct Act: Sendable {
        let operation: String
        let title: String?
        /// What stands in its fields: the member of the item that says it.
        let members: [String: String]
        /// What stands in its fields whatever the item says.
        let texts: [String: String]
        /// The states in which it makes sense; empty for all.
        let states: Set<String>
        /// Whether it stands on the lines of the list, too.
        let isQuick: Bool

        init(
            _ operation: String, title: String? = nil, members: [String: String] = [:], texts: [String: String] = [:],
            in states: Set<String> = [], quick: Bool = false
        ) {
            (self.operation, self.title, self.members, self.texts) = (operation, title, members, texts)
            (self.states, isQuick) = (states, quick)
        }
    }

    /// What else is asked for the page of one item.
    struct Related: Sendable {
        let heading: String
        let operation: String
        /// The parameter that the item's key is given to; nil where it stands in the path.
        let parameter: String?
        let query: [Parameter]
        let shape: Shape
        /// Where its items are: what these members hold, one within the other.
        var members = ["items"]
        let none: String
    }

    let name: String
    let title: String
    /// The API's operations that list them and answer one.
    let list: String
    let get: String
    /// The least role that sees it.
    let role: Role
    let shape: Shape
    /// The first is what is shown when nothing is chosen; empty where there is no choice.
    var choices: [Choice] = []
    /// Parameters of the API that can be filled in.
    var filters: [RoomCall.Field] = []
    /// Forms for what is not there yet, and what stands in their fields.
    var makes: [(operation: String, values: [String: String])] = []
    var acts: [Act] = []
    var related: [Related] = []
    let none: String
    /// What the paths of its calls begin with.
    let path: String

    static func named(_ name: String) -> RoomList? { all.first { $0.name == name } }

    /// In the order of the navigation.
    static let all = [
        alerts, silences, maintenance, components, sources, rules, endpoints, heartbeats, probes,
    ]
}

extension RoomList {
    private static let alertShape = Shape(
        "/lists/alerts", heading: ["title", "identity"], state: .member("status"),
        about: [
            About("component"), About("severity"), About("incident", "INC-"), About("held", "held: "),
            About("occurrences", "times seen: "), About("acknowledged_by", "acknowledged by "),
        ], times: [About("resolved_at", "over since"), About("starts_at", "since")])

    private static let incidentShape = Shape(
        "/incidents", key: "number", heading: ["title"], state: .member("phase"),
        about: [About("severity")], times: [About("created_at", "opened")])

    private static let open: [Parameter] = [("open", "true")]
    private static let standing: [Parameter] = [("status", "firing,acknowledged")]

    private static let alerts = RoomList(
        name: "alerts", title: "Alerts", list: "listAlerts", get: "getAlert", role: .viewer, shape: alertShape,
        choices: [
            Choice("firing", "firing", standing), Choice("orphaned", "without an incident", [("orphaned", "true")]),
            Choice("unknown", "unknown component", [("component_unknown", "true")]), Choice("all", "all"),
        ],
        filters: [
            RoomCall.Field("component", "Component"), RoomCall.Field("label", "Label, as team=payments"),
            RoomCall.Field("incident", "Incident"),
        ],
        acts: [
            Act("acknowledgeAlert", members: ["alert": "id"], in: ["firing"], quick: true),
            Act("resolveAlert", members: ["alert": "id"], in: ["firing", "acknowledged"], quick: true),
            Act(
                "createSilence", title: "Silence this", members: ["matchers": "labels"],
                texts: ["duration_seconds": "120", "page": "/lists/silences"]),
            Act("moveAlert", members: ["alert": "id", "incident": "incident"]),
            Act("reopenAlert", members: ["alert": "id"], in: ["resolved"]),
        ], none: "No alert is like that.", path: "/v1/alerts")

    private static let silences = RoomList(
        name: "silences", title: "Silences", list: "listSilences", get: "getSilence", role: .viewer,
        shape: Shape(
            "/lists/silences", heading: ["comment", "matchers"], state: .member("state"),
            about: [About("matchers"), About("created_by", "by "), About("holding", "alerts held: ")],
            times: [About("ends_at", "until")]),
        choices: [
            Choice("now", "active and pending", [("state", "active,pending")]),
            Choice("expired", "expired", [("state", "expired")]), Choice("all", "all"),
        ], makes: [("createSilence", ["duration_seconds": "120"])],
        acts: [Act("expireSilence", members: ["id": "id"], in: ["active", "pending"], quick: true)],
        none: "Nothing is silenced.", path: "/v1/silences")

    private static let maintenance = RoomList(
        name: "maintenance", title: "Maintenance", list: "listMaintenance", get: "getMaintenance", role: .viewer,
        shape: Shape(
            "/lists/maintenance", heading: ["title"], state: .member("state"),
            about: [
                About("components"), About("regions", "in "), About("local_start", "from "), About("time_zone"),
                About("rrule"),
            ]),
        choices: [
            Choice(
                "ahead", "running and ahead",
                [("state", "running,overrun,scheduled")]),
            Choice("over", "over", [("state", "done,cancelled")]), Choice("all", "all"),
        ], filters: [RoomCall.Field("component", "Component")],
        makes: [("createMaintenance", ["time_zone": "UTC", "duration_seconds": "60", "ends": "automatic"])],
        acts: [
            Act("beginMaintenance", members: ["id": "id"], in: ["scheduled"]),
            Act("endMaintenance", members: ["id": "id"], in: ["running", "overrun"], quick: true),
            Act("extendMaintenance", members: ["id": "id"], in: ["running", "overrun"]),
            Act("cancelMaintenance", members: ["id": "id"], in: ["scheduled", "running", "overrun"]),
        ], none: "No maintenance is like that.", path: "/v1/maintenance")

    private static let components = RoomList(
        name: "components", title: "Catalog", list: "listComponents", get: "getComponent", role: .viewer,
        shape: Shape(
            "/lists/components", key: "slug", heading: ["name", "slug"], state: .impact,
            about: [
                About("slug"), About("tier", "tier "), About("owner", "owner "), About("regions", "in "),
                About("depends_on", "needs "),
            ]),
        related: [
            Related(
                heading: "Open incidents", operation: "listIncidents", parameter: "component", query: open,
                shape: incidentShape, none: "No open incident hits it."),
            Related(
                heading: "Alerts that fire", operation: "listAlerts", parameter: "component", query: standing,
                shape: alertShape, none: "No alert fires."),
            Related(
                heading: "What fails with it", operation: "getBlastRadius", parameter: nil, query: [],
                shape: Shape(
                    "/lists/components", key: "component", heading: ["component"], state: .none,
                    about: [About("name"), About("owner", "owner ")]), members: ["tiers", "fails"],
                none: "Nothing needs it."),
        ], none: "The catalog is empty.", path: "/v1/components")

    private static let sources = RoomList(
        name: "sources", title: "Sources", list: "listSources", get: "getSource", role: .admin,
        shape: Shape(
            "/lists/sources", heading: ["name"], state: .none, about: [About("kind"), About("created_by", "made by ")],
            times: [About("created_at", "made")]),
        makes: [("createSource", [:])],
        acts: [
            Act("rotateSource", members: ["id": "id"]), Act("updateSource", members: ["id": "id", "name": "name"]),
        ],
        related: [
            Related(
                heading: "Its latest alerts", operation: "listAlerts", parameter: "source", query: [],
                shape: alertShape, none: "It has sent no alert.")
        ], none: "Nothing may send alerts yet.", path: "/v1/sources")

    private static let rules = RoomList(
        name: "rules", title: "Rules", list: "listRules", get: "getRule", role: .viewer,
        shape: Shape(
            "/lists/rules", heading: ["name"], state: .none,
            about: [About("position", "place "), About("matchers", "if "), About("then", "then ")],
            times: [About("updated_at", "changed")]),
        none: "There are no rules: alerts are placed by their groups and components.", path: "/v1/rules")

    private static let endpoints = RoomList(
        name: "endpoints", title: "Endpoints", list: "listEndpoints", get: "getEndpoint", role: .viewer,
        shape: Shape(
            "/lists/endpoints", heading: ["name"],
            state: .flags(
                [
                    Flag("enabled", "off", isSaid: false), Flag("disabled_reason", "off"),
                    Flag("paused_until", "paused"), Flag("failing_since", "failing"),
                ], otherwise: "working"),
            about: [
                About("format"), About("url"), About("disabled_reason"), About("waiting", "messages waiting: "),
            ], times: [About("failing_since", "failing since")]),
        acts: [
            Act("testEndpoint", members: ["id": "id"]),
            Act("updateEndpoint", members: ["id": "id", "enabled": "enabled"]),
        ],
        related: [
            Related(
                heading: "What was sent lately", operation: "listAttempts", parameter: nil, query: [],
                shape: Shape(
                    "/incidents", key: "incident", heading: ["text", "event"], state: .member("outcome"),
                    about: [About("detail"), About("status", "status "), About("attempt", "attempt ")],
                    times: [About("at")]), none: "Nothing was sent yet.")
        ], none: "Nobody is told yet.", path: "/v1/endpoints")

    private static let senseAbout = [About("component"), About("severity"), About("interval_seconds", "every ")]

    private static let heartbeats = RoomList(
        name: "heartbeats", title: "Heartbeats", list: "listHeartbeats", get: "getHeartbeat", role: .viewer,
        shape: Shape(
            "/lists/heartbeats", key: "name", heading: ["name"], state: .member("status"),
            about: senseAbout + [About("description")],
            times: [About("late_since", "late since"), About("last_ping_at", "last heard")]),
        none: "No heartbeat is waited for.", path: "/v1/heartbeats")

    private static let probes = RoomList(
        name: "probes", title: "Probes", list: "listProbes", get: "getProbe", role: .viewer,
        shape: Shape(
            "/lists/probes", key: "name", heading: ["name"],
            state: .member("status", unless: [Flag("enabled", "off", isSaid: false)]),
            about: [About("url"), About("host")] + senseAbout + [About("detail")],
            times: [About("firing_since", "failing since"), About("checked_at", "checked")]),
        related: [
            Related(
                heading: "Its last looks", operation: "listProbeResults", parameter: nil, query: [],
                shape: Shape(
                    "", key: "checked_at", heading: ["detail", "passed"],
                    state: .flags([Flag("passed", "failing", isSaid: false)], otherwise: "passing"),
                    about: [About("latency_ms", "ms: ")], times: [About("checked_at")]),
                none: "It has not looked yet.")
        ], none: "Nothing is probed.", path: "/v1/probes")
}
