import HTTPTypes
import IncidentDomain
import NIOCore
import Testing

@testable import MusterServer

/// The life of one alert in a tool's messages, written by us from the shapes that the vendor documents.
struct FormatStory: Sendable, CustomTestStringConvertible {
    /// One message: what stands for `STATE` in the body, and what is said by it; nil when nothing is.
    struct Step: Sendable {
        let word: String
        let status: IncomingAlert.Status?
    }

    let kind: SourceKind
    let name: String
    let identity: String
    let title: String
    let body: String
    let steps: [Step]
    var headers: HTTPFields = [:]

    init(
        _ kind: SourceKind, _ name: String = "", identity: String, title: String, _ body: String,
        _ steps: KeyValuePairs<String, IncomingAlert.Status?>, headers: HTTPFields = [:]
    ) {
        self.kind = kind
        self.name = name
        self.identity = identity
        self.title = title
        self.body = body
        self.steps = steps.map { Step(word: $0.key, status: $0.value) }
        self.headers = headers
    }

    var testDescription: String { "\(kind.rawValue) \(name)" }

    func request(_ word: String) -> ForeignRequest {
        ForeignRequest(
            body: ByteBuffer(string: body.replacing("STATE", with: word)), headers: headers,
            receivedAt: FormatStory.now)
    }

    static let now = Timestamp(milliseconds: 1_790_000_000_000)

    static let all = hubs + clouds + checks + servers
}

/// Each kind of source reads its tool's firing, repeat and end as one alert.
struct FormatStoryTests {
    @Test(arguments: FormatStory.all)
    func `a firing, its repeat and its end have one identity`(story: FormatStory) throws {
        for step in story.steps {
            let message = try story.kind.format.read(story.request(step.word))
            guard let status = step.status else {
                #expect(message.alerts.isEmpty, "\(step.word) says nothing")
                continue
            }
            let alert = try #require(message.alerts.first)
            #expect(message.alerts.count == 1 && alert.status == status, "\(step.word)")
            #expect(alert.identity == story.identity && alert.title == story.title)
            #expect(alert.endsAt == nil || status == .resolved)
            #expect(!alert.payload.kept.isEmpty)
            #expect(try story.kind.format.read(story.request(step.word)).alerts == message.alerts)
        }
    }

    @Test(arguments: FormatStory.all)
    func `a state that the tool has not is refused, or counts as firing`(story: FormatStory) throws {
        guard story.body.contains("STATE") else { return }
        do {
            let message = try story.kind.format.read(story.request("frobnicated"))
            #expect(message.alerts.allSatisfy { $0.status == .firing })
        } catch {
            #expect(error.kind == .notJSON || (error.kind == .invalidValue && !error.errors.isEmpty))
        }
    }

    @Test func `every kind has a story with a beginning`() {
        for kind in SourceKind.allCases where kind.rawValue != "internal" {
            let steps = FormatStory.all.filter { $0.kind == kind }.flatMap(\.steps)
            #expect(steps.contains { $0.status == .firing }, "\(kind.rawValue)")
        }
    }
}

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

/// What clouds and monitoring services send.
extension FormatStory {
    static let clouds: [FormatStory] = [
        FormatStory(
            .cloudwatch, "SNS", identity: "42|EU (Ireland)|cpu", title: "cpu",
            """
            {"Type":"Notification","Message":"{\\"AlarmName\\":\\"cpu\\",\\"AWSAccountId\\":\\"42\\",\\"Region\\":\\"EU (Ireland)\\",
            \\"NewStateValue\\":\\"STATE\\",\\"StateChangeTime\\":\\"2026-09-21T10:00:00.093+0000\\",\\"Trigger\\":{\\"Dimensions\\":
            [{\\"name\\":\\"InstanceId\\",\\"value\\":\\"i-1\\"}]}}"}
            """.replacing("\n", with: ""), ["ALARM": .firing, "INSUFFICIENT_DATA": nil, "OK": .resolved]),
        FormatStory(
            .cloudwatch, "raw", identity: "42|EU (Ireland)|cpu", title: "cpu",
            #"{"AlarmName":"cpu","AWSAccountId":"42","Region":"EU (Ireland)","NewStateValue":"STATE"}"#,
            ["ALARM": .firing, "OK": .resolved]),
        FormatStory(
            .cloudwatch, "EventBridge", identity: "42|eu-west-1|cpu", title: "cpu",
            """
            {"detail-type":"CloudWatch Alarm State Change","account":"42","region":"eu-west-1","resources":["arn:x"],
            "detail":{"alarmName":"cpu","state":{"value":"STATE","timestamp":"2026-09-21T10:00:00.000+0000"}}}
            """, ["ALARM": .firing, "OK": .resolved]),
        FormatStory(
            .gcpMonitoring, identity: "0.abc", title: "Latency above 2 s",
            """
            {"version":"1.2","incident":{"incident_id":"0.abc","state":"STATE","summary":"Latency above 2 s",
            "started_at":1790000000,"ended_at":1790000600,"policy_user_labels":{"team":"db"},"severity":"Critical"}}
            """, ["open": .firing, "closed": .resolved]),
        FormatStory(
            .gcpMonitoring, "Pub/Sub", identity: "0.abc", title: "S",
            // {"incident":{"incident_id":"0.abc","state":"open","summary":"S"}}
            """
            {"subscription":"s","message":{"messageId":"1",
            "data":"eyJpbmNpZGVudCI6eyJpbmNpZGVudF9pZCI6IjAuYWJjIiwic3RhdGUiOiJvcGVuIiwic3VtbWFyeSI6IlMifX0="}}
            """, ["": .firing]),
        FormatStory(
            .azureMonitor, "common", identity: "/subscriptions/1/alerts/2", title: "cpu-rule",
            """
            {"schemaId":"azureMonitorCommonAlertSchema","data":{"essentials":{"alertId":"/subscriptions/1/alerts/2",
            "alertRule":"cpu-rule","severity":"Sev1","monitorCondition":"STATE","firedDateTime":"2026-09-21T10:00:00.1234567Z",
            "resolvedDateTime":"2026-09-21T10:30:00Z","alertTargetIDs":["/t/1"],"configurationItems":["vm1"]}}}
            """, ["Fired": .firing, "Resolved": .resolved]),
        FormatStory(
            .azureMonitor, "metric", identity: "/rules/1", title: "one",
            """
            {"schemaId":"AzureMonitorMetricAlert","data":{"version":"2.0","status":"STATE","context":{"id":"/rules/1",
            "name":"one","timestamp":"2026-09-21T10:00:00Z","resourceName":"vm1"},"properties":{"team":"a"}}}
            """, ["Activated": .firing, "Deactivated": .resolved]),
        FormatStory(
            .azureMonitor, "classic", identity: "/rules/1|/vm/1", title: "one",
            #"{"status":"STATE","context":{"id":"/rules/1","resourceId":"/vm/1","name":"one"},"properties":{}}"#,
            ["Activated": .firing, "Resolved": .resolved]),
        FormatStory(
            .datadog, "variables", identity: "9bd4", title: "Disk",
            """
            {"title":"Disk","aggreg_key":"9bd4","alert_id":"12","alert_transition":"STATE","alert_priority":"P2",
            "date":"1790000000000","tags":"env:prod,service:db","hostname":"db1"}
            """, ["Triggered": .firing, "Re-Triggered": .firing, "No Data": .firing, "Recovered": .resolved]),
        FormatStory(
            .datadog, "scope", identity: "12|host:a", title: "Disk",
            #"{"title":"Disk","alert_id":"12","alert_scope":"host:a","alert_type":"STATE"}"#,
            ["error": .firing, "success": .resolved]),
        FormatStory(
            .sentry, "metric alert", identity: "4|metric alert", title: "Too many errors",
            """
            {"action":"STATE","data":{"description_title":"X: Too many errors","web_url":"https://sentry.example/4",
            "metric_alert":{"id":"4","alert_rule":{"name":"Too many errors"},"date_started":"2026-09-21T10:00:00Z",
            "date_closed":null,"projects":["web"]}}}
            """, ["critical": .firing, "warning": .firing, "resolved": .resolved]),
        FormatStory(
            .sentry, "issue", identity: "99", title: "ValueError",
            """
            {"action":"STATE","actor":{"name":"Ada"},"data":{"issue":{"id":"99","title":"ValueError","level":"error",
            "project":{"slug":"web"}}}}
            """, ["created": .firing, "assigned": nil, "resolved": .resolved]),
        FormatStory(
            .sentry, "issue alert", identity: "99", title: "ValueError",
            """
            {"action":"triggered","data":{"triggered_rule":"r","event":{"issue_id":"99","title":"ValueError","level":"error",
            "datetime":"2026-09-21T10:00:00.000000Z","tags":[["browser","x"]]}}}
            """, ["": .firing]),
        FormatStory(
            .newrelic, "workflow", identity: "i-1", title: "Slow",
            """
            {"id":"i-1","title":"Slow","state":"STATE","priority":"HIGH","createdAt":1790000000000,"updatedAt":1790000300000,
            "alertPolicyNames":["p"]}
            """, ["CREATED": .firing, "ACTIVATED": .firing, "ACKNOWLEDGED": .acknowledged, "CLOSED": .resolved]),
        FormatStory(
            .newrelic, "legacy", identity: "1|2", title: "Slow",
            #"{"account_id":1,"incident_id":2,"current_state":"STATE","condition_name":"Slow","timestamp":1790000000000}"#,
            ["open": .firing, "acknowledged": .acknowledged, "closed": .resolved]),
        FormatStory(
            .coralogix, identity: "dk", title: "Errors",
            """
            {"alert_id":"a","name":"Errors","alert_action":"STATE","service":"$SERVICE","fields":[{"key":"dedupKey","value":"dk"},
            {"key":"priority","value":"P2"},{"key":"timestampMs","value":1790000000000},{"key":"list","value":["x"]}]}
            """, ["trigger": .firing, "resolve": .resolved]),
        FormatStory(
            .signalfx, identity: "E1", title: "CPU high",
            """
            {"incidentId":"E1","messageTitle":"CPU high","statusExtended":"STATE","severity":"Major","detector":"CPU",
            "timestamp":"2026-09-21T10:00:00Z","dimensions":{"host":"a"}}
            """, ["anomalous": .firing, "ok": .resolved, "manually resolved": .resolved]),
        FormatStory(
            .thousandeyes, identity: "77", title: "Loss",
            """
            [{"eventId":"1-77","eventType":"ALERT_NOTIFICATION_STATE","alert":{"alertId":77,"ruleName":"Loss","severity":"Major",
            "dateStartZoned":"2026-09-21 10:00:00 UTC","dateEndZoned":"2026-09-21 10:10:00 UTC"}}]
            """, ["TRIGGER": .firing, "CLEAR": .resolved]),
    ]
}

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
