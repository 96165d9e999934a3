@testable import MusterServer

/// What checks from outside send.
extension FormatStory {
    static let checks: [FormatStory] = [
        FormatStory(
            .uptimeKuma, identity: "29", title: "Shop",
            """
            {"heartbeat":{"monitorID":29,"status":STATE,"time":"2026-09-21 10:00:00.527","msg":"ENOTFOUND"},
            "monitor":{"id":29,"name":"Shop","type":"http","url":"https://shop.example","tags":[{"name":"team","value":"a"}]},
            "msg":"[Shop]"}
            """, ["0": .firing, "2": nil, "3": nil, "1": .resolved]),
        FormatStory(
            .pingdom, identity: "803", title: "Shop",
            #"{"check_id":803,"check_name":"Shop","current_state":"STATE","state_changed_timestamp":1790000000,"tags":["a"]}"#,
            ["DOWN": .firing, "UNCONFIRMED_DOWN": nil, "UP": .resolved, "FAILING": .firing, "SUCCESS": .resolved]),
        FormatStory(
            .uptimerobot, "json", identity: "https://shop.example", title: "Shop",
            #"{"monitorURL":"https://shop.example","monitorFriendlyName":"Shop","alertType":STATE,"alertDateTime":1790000000}"#,
            ["1": .firing, "2": .resolved]),
        FormatStory(
            .uptimerobot, "certificate", identity: "https://shop.example|certificate", title: "Shop",
            #"{"monitor_url":"https://shop.example","monitor_friendly_name":"Shop","alert_type":"3"}"#, ["": .firing]),
        FormatStory(
            .updown, identity: "t0", title: "It is so",
            """
            {"event":"check.STATE","description":"It is so","check":{"token":"t0","url":"https://shop.example"},
            "downtime":{"started_at":"2026-09-21T10:00:00Z","ended_at":null}}
            """, ["down": .firing, "still_down": .firing, "performance_drop": nil, "up": .resolved]),
        FormatStory(
            .updown, "certificate", identity: "t0|certificate", title: "It ends soon",
            #"[{"event":"check.ssl_STATE","description":"It ends soon","check":{"token":"t0"}}]"#,
            ["expiration": .firing, "invalid": .firing, "renewed": .resolved, "valid": .resolved]),
        FormatStory(
            .checkly, identity: "c1", title: "Login",
            #"{"check_id":"c1","check_name":"Login","alert_type":"ALERT_STATE","started_at":"2026-09-21T10:00:00.544Z"}"#,
            ["FAILURE": .firing, "FAILURE_REMAIN": .firing, "DEGRADED": .firing, "RECOVERY": .resolved]),
        FormatStory(
            .checkly, "certificate", identity: "c1|certificate", title: "Login",
            #"{"check_id":"c1","check_name":"Login","alert_type":"ALERT_SSL","ssl_days_remaining":"3"}"#, ["": .firing]),
    ]
}
