import HTTPTypes

@testable import MusterServer

/// Tools through which others' alerts come.
extension FormatStory {
    static let hubs: [FormatStory] = [
        FormatStory(
            .alertmanager, "webhook", identity: "00ff00ff00ff00ff", title: "QueueFull",
            """
            {"version":"4","groupKey":"{}:{}","status":"STATE","alerts":[{"status":"STATE","fingerprint":"00ff00ff00ff00ff",
            "labels":{"alertname":"QueueFull","service":"mail"},"annotations":{"summary":"The queue is full"},
            "startsAt":"2026-09-21T10:00:00Z","endsAt":"2026-09-21T10:09:00Z"}]}
            """, ["firing": .firing, "resolved": .resolved]),
        FormatStory(
            .alertmanager, "single", identity: "8d9c8e6c2c2ba12f", title: "QueueFull",
            #"{"status":"STATE","fingerprint":"8d9c8e6c2c2ba12f","labels":{"alertname":"QueueFull"}}"#,
            ["firing": .firing, "resolved": .resolved]),
        FormatStory(
            .grafana, "unified", identity: "abcdef0123456789", title: "Latency",
            """
            {"version":"1","orgId":1,"groupKey":"{}/{}:{}","state":"alerting","status":"STATE","alerts":[{"status":"STATE",
            "fingerprint":"abcdef0123456789","labels":{"alertname":"Latency","grafana_folder":"api"},"annotations":{},
            "values":{"A":3.5},"dashboardURL":"https://grafana.example/d/1"}]}
            """, ["firing": .firing, "resolved": .resolved]),
        FormatStory(
            .grafana, "legacy", identity: "7", title: "Latency rule",
            #"{"ruleId":7,"ruleName":"Latency rule","state":"STATE","tags":{"severity":"high"},"title":"[X] Latency rule"}"#,
            ["alerting": .firing, "no_data": .firing, "pending": nil, "ok": .resolved]),
        FormatStory(
            .pagerduty, identity: "backup-7", title: "The backup failed",
            """
            {"routing_key":"x","event_action":"STATE","dedup_key":"backup-7","payload":{"summary":"The backup failed",
            "source":"db7","severity":"page","timestamp":"2026-09-21T10:00:00.000+0000","custom_details":{"n":{"m":[1]}}}}
            """, ["trigger": .firing, "acknowledge": .acknowledged, "resolve": .resolved]),
        FormatStory(
            .pagerdutyWebhook, "V3", identity: "PQ1", title: "The site is slow",
            """
            {"event":{"id":"E","event_type":"incident.STATE","occurred_at":"2026-09-21T10:10:00Z","agent":{"summary":"Ada"},
            "data":{"id":"PQ1","type":"incident","title":"The site is slow","created_at":"2026-09-21T10:00:00Z",
            "service":{"summary":"web"},"urgency":"high"}}}
            """,
            [
                "triggered": .firing, "acknowledged": .acknowledged, "annotated": nil, "resolved": .resolved,
                "reopened": .firing,
            ]),
        FormatStory(
            .pagerdutyWebhook, "REST", identity: "key-1", title: "The site is slow",
            #"{"incident_key":"key-1","title":"The site is slow","status":"STATE","resolved_at":null}"#,
            ["triggered": .firing, "acknowledged": .acknowledged, "resolved": .resolved]),
        FormatStory(
            .opsgenie, "create", identity: "disk-db1", title: "Disk full on db1",
            """
            {"message":"Disk full on db1","alias":"disk-db1","tags":["a"," b"],"priority":"P1","entity":"db1",
            "details":{"component":"database"},"source":"cron"}
            """, ["": .firing, "again": .firing]),
        FormatStory(
            .opsgenie, "webhook", identity: "og-1", title: "Disk full",
            """
            {"action":"STATE","alert":{"alertId":"og-1","message":"Disk full","tags":["x"],"username":"ada@example.org",
            "createdAt":1790000000000,"updatedAt":1790000500000000000}}
            """, ["Create": .firing, "Acknowledge": .acknowledged, "AddNote": nil, "Close": .resolved]),
        FormatStory(
            .formatted, identity: "u-1", title: "Out of paper",
            #"{"alert_uid":"u-1","title":"Out of paper","state":"STATE","message":"Tray 2"}"#,
            ["alerting": .firing, "ok": .resolved]),
        FormatStory(
            .apprise, "json", identity: "Disk on db1", title: "Disk on db1",
            #"{"version":"1.0","title":"Disk on db1","message":"97 %","attachments":[],"type":"STATE"}"#,
            ["failure": .firing, "warning": .firing, "info": .firing, "success": .resolved]),
        FormatStory(
            .apprise, "form", identity: "Disk on db1", title: "Disk on db1",
            "version=1.0&title=Disk+on%20db1&message=97+%25&type=STATE", ["failure": .firing, "success": .resolved],
            headers: [.contentType: "application/x-www-form-urlencoded"]),
        FormatStory(
            .cloudevents, "structured", identity: "/checks/7|disk", title: "Disk full",
            """
            {"specversion":"1.0","id":"e1","source":"/checks/7","type":"com.example.check","time":"2026-09-21T10:00:00Z",
            "data":{"status":"STATE","title":"Disk full","dedup_key":"disk","severity":"high","labels":{"env":"prod"}}}
            """, ["critical": .firing, "acknowledged": .acknowledged, "OK": .resolved],
            headers: [.contentType: "application/cloudevents+json"]),
        FormatStory(
            .generic, "by the usual names", identity: "k1", title: "Too warm",
            #"{"key":"k1","title":"Too warm","state":"STATE","severity":"high","labels":{"room":"2"}}"#,
            ["alarm": .firing, "acknowledged": .acknowledged, "OK": .resolved]),
        FormatStory(
            .prometheus, identity: LabelFingerprint.of(["alertname": "Up", "job": "a"]) ?? "", title: "Up",
            #"[{"labels":{"alertname":"Up","job":"a","empty":""},"startsAt":"2026-09-21T10:00:00Z","endsAt":"STATE"}]"#,
            [
                "2036-09-21T10:00:00Z": .firing, "0001-01-01T00:00:00.000Z": .firing,
                "2026-09-21T10:05:00.000Z": .resolved,
            ]),
    ]
}
