@testable import MusterServer

/// What servers and networks are watched with.
extension FormatStory {
    static let servers: [FormatStory] = [
        FormatStory(
            .zabbix, identity: "db1|Disk full", title: "Disk full",
            #"{"hostname":"db1","trigger":"Disk full","status":"STATE","severity":"High","item":"97 %","link":"https://z.example"}"#,
            ["PROBLEM": .firing, "RESOLVED": .resolved, "OK": .resolved]),
        FormatStory(
            .riemann, identity: "db1|disk", title: "Disk full",
            #"{"host":"db1","service":"disk","state":"STATE","description":"Disk full","metric":0.97,"time":1790000000,"tags":["a"]}"#,
            ["critical": .firing, "warning": .firing, "expired": .firing, "ok": .resolved]),
        FormatStory(
            .graylog, "callback", identity: "s1|c1", title: "Errors",
            #"{"stream":{"id":"s1","title":"Errors"},"check_result":{"triggered":STATE,"triggered_condition":{"id":"c1"}}}"#,
            ["true": .firing, "false": nil]),
        FormatStory(
            .graylog, "event", identity: "d1|db1", title: "Errors on db1",
            """
            {"event_definition_id":"d1","event_definition_title":"Errors","event":{"id":"e","key":"db1","message":"Errors on db1",
            "priority":2,"timestamp":"2026-09-21T10:00:00.000Z","fields":{"host":"db1"}},"backlog":[]}
            """, ["": .firing, "again": .firing]),
        FormatStory(
            .vrealize, identity: "v1", title: "Host lost",
            #"{"alertId":"v1","status":"STATE","info":"Host lost","criticality":"X","startDate":1790000000000,"cancelDate":1790000500000}"#,
            ["ACTIVE": .firing, "CANCELED": .resolved]),
        FormatStory(
            .librenms, identity: "2|26", title: "Device down",
            #"{"device_id":"2","alert_id":"26","title":"Device down","state":"STATE","severity":"critical","hostname":"sw1"}"#,
            ["1": .firing, "3": .firing, "2": .acknowledged, "0": .resolved]),
        FormatStory(
            .kapacitor, identity: "cpu:a", title: "CPU is high",
            """
            {"id":"cpu:a","message":"CPU is high","level":"STATE","time":"2026-09-21T10:00:00Z",
            "data":{"series":[{"name":"cpu","tags":{"host":"a"}}]}}
            """, ["CRITICAL": .firing, "WARNING": .firing, "INFO": .firing, "OK": .resolved]),
    ]
}
