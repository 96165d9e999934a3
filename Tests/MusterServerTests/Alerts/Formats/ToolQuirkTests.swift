import HTTPTypes
import IncidentDomain
import NIOCore
import Testing

@testable import MusterServer

/// What only one tool does: Sentry's resources, Azure's two health services, Zabbix' macros, tests that tools send.
struct ToolQuirkTests {
    private static func read(
        _ kind: SourceKind, _ text: String, resource: String? = nil
    ) throws(Problem) -> IncomingMessage {
        var headers = HTTPFields()
        if let resource, let name = HTTPField.Name("Sentry-Hook-Resource") { headers[name] = resource }
        return try kind.format.read(
            ForeignRequest(body: ByteBuffer(string: text), headers: headers, receivedAt: FormatStory.now))
    }

    @Test(arguments: [
        ("installation", #"{"action":"created","data":{"installation":{"uuid":"u","status":"pending"}}}"#),
        ("comment", #"{"action":"created","data":{"comment":"I look","issue_id":7,"project_slug":"web"}}"#),
        ("error", #"{"action":"created","data":{"error":{"issue_id":"7","title":"ValueError"}}}"#),
        ("something_new", #"{"action":"created","data":{"issue":{"id":"7"}}}"#), ("seer", "{}"),
    ])
    func `a resource of Sentry that is no alert is understood and says nothing`(resource: String, text: String) throws {
        #expect(try Self.read(.sentry, text, resource: resource).saysNothing)
    }

    @Test(arguments: ["issue", "event_alert", "metric_alert", "activity_alert"])
    func `a resource of Sentry that is an alert has to be one`(resource: String) {
        #expect(throws: Problem.self) {
            try Self.read(.sentry, #"{"action":"triggered","data":{}}"#, resource: resource)
        }
    }

    @Test(arguments: ["activity_alert", nil] as [String?])
    func `an activity alert of Sentry is about its issue, and ends it when that was resolved`(resource: String?) throws
    {
        func read(_ type: String) throws -> IncomingAlert {
            try Self.read(
                .sentry,
                #"""
                {"action":"triggered","actor":{"name":"Ada"},"data":{"issue":{"id":"99","title":"ValueError","level":"error"},
                "activity":{"type":"\#(type)","id":"1"}}}
                """#, resource: resource
            ).alerts[0]
        }
        let began = try read("set_regression")
        #expect(began.identity == "99" && began.status == .firing && began.title == "ValueError")
        for type in ["set_resolved", "set_resolved_in_release"] {
            #expect(try read(type).status == .resolved && read(type).identity == "99")
        }
    }

    @Test func `the header decides what a message of Sentry is, also when it has more in it`() throws {
        let text = #"{"action":"triggered","data":{"issue":{"id":"1"},"event":{"issue_id":"99","title":"T"}}}"#
        #expect(try Self.read(.sentry, text, resource: "Event_Alert").alerts.map(\.identity) == ["99"])
    }

    private static func azure(_ service: String, _ properties: String, id: String = "/alerts/1") -> String {
        """
        {"schemaId":"azureMonitorCommonAlertSchema","data":{"essentials":{"alertId":"\(id)","alertRule":"rule","severity":"Sev4",
        "monitorCondition":"Fired","monitoringService":"\(service)","alertTargetIDs":["/vm/1"],
        "firedDateTime":"2026-09-21T10:00:00.1Z"},"alertContext":{"properties":\(properties)}}}
        """
    }

    @Test func `Azure's Service Health ends what it is about by its stage, though it always says Fired`() throws {
        func read(_ stage: String, _ id: String) throws -> [IncomingAlert] {
            let properties =
                #"{"stage":"\#(stage)","trackingId":"ABC-1","title":"Storage is slow","impactStartTime":"2026-09-21T09:00:00Z"}"#
            return try Self.read(.azureMonitor, Self.azure("ServiceHealth", properties, id: id)).alerts
        }
        let began = try read("Active", "/alerts/1")[0]
        #expect(began.identity == "ABC-1" && began.status == .firing && began.title == "Storage is slow")
        #expect(began.startsAt == Timestamp("2026-09-21T09:00:00Z"))
        for (index, stage) in ["Resolved", "Complete", "Canceled"].enumerated() {
            let over = try read(stage, "/alerts/\(index + 2)")[0]
            #expect(over.identity == "ABC-1" && over.status == .resolved)
            #expect(over.endsAt == Timestamp("2026-09-21T10:00:00.1Z"))
        }
        #expect(try read("RCA", "/alerts/9").isEmpty)
        #expect(throws: Problem.self) { try read("Frobnicated", "/alerts/9") }
    }

    @Test func `Azure's Resource Health ends when the resource is available`() throws {
        func read(_ status: String, _ id: String) throws -> [IncomingAlert] {
            try Self.read(
                .azureMonitor, Self.azure("Resource Health", #"{"currentHealthStatus":"\#(status)"}"#, id: id)
            ).alerts
        }
        #expect(try read("Unavailable", "/alerts/1").map(\.status) == [.firing])
        #expect(try read("Available", "/alerts/2").map(\.status) == [.resolved])
        #expect(try read("Available", "/alerts/2")[0].identity == read("Degraded", "/alerts/1")[0].identity)
        #expect(try read("Unknown", "/alerts/3").isEmpty)
    }

    @Test func `values of Zabbix are trimmed`() throws {
        let text = #"{"hostname":"db1\r","trigger":" Disk full\r\n","status":"PROBLEM\r","severity":"High\r"}"#
        let alert = try Self.read(.zabbix, text).alerts[0]
        #expect(alert.identity == "db1|Disk full" && alert.status == .firing && alert.severity == "High")
        #expect(alert.title == "Disk full" && alert.labels["host"] == "db1")
    }

    @Test(
        arguments: [
            (SourceKind.zabbix, #"{"hostname":"{HOST.NAME}","trigger":"Disk full","status":"PROBLEM"}"#),
            (.zabbix, #"{"hostname":"db1","trigger":"{EVENT.NAME}\r","status":"PROBLEM"}"#),
            (.zabbix, #"{"hostname":"*UNKNOWN*","trigger":"Disk full","status":"PROBLEM"}"#),
            (.checkly, #"{"check_id":"{{CHECK_ID}}","alert_type":"ALERT_FAILURE"}"#),
            (.datadog, #"{"aggreg_key":"$AGGREG_KEY","title":"Disk","alert_transition":"Triggered"}"#),
            (.datadog, #"{"alert_id":"$ALERT_ID","title":"Disk","alert_transition":"Triggered"}"#),
            (.coralogix, #"{"alert_id":"$ALERT_ID","name":"Errors","alert_action":"trigger"}"#),
            (.uptimerobot, #"{"monitorURL":"*monitorURL*","alertType":"1"}"#),
            (.newrelic, #"{"id":"{{issueId}}","state":"CREATED"}"#),
        ] as [(SourceKind, String)])
    func `a variable that a tool did not fill in is no identity`(kind: SourceKind, text: String) {
        #expect(throws: Problem.self) { try Self.read(kind, text) }
    }

    @Test func `another field that is filled in is an identity`() throws {
        let text = #"{"hostname":"{HOST.NAME}","host":"db1","trigger":"Disk full","status":"PROBLEM"}"#
        #expect(try Self.read(.zabbix, text).alerts.map(\.identity) == ["db1|Disk full"])
    }

    @Test(
        arguments: [
            (
                SourceKind.graylog,
                #"{"event_definition_id":"this-is-a-test-notification","event_definition_type":"test-dummy-v1","event":{"id":"x"}}"#
            ),
            (
                .gcpMonitoring,
                #"{"version":"test","incident":{"incident_id":"12345","state":"OPEN","summary":"Test Incident"}}"#
            ),
            (.pagerdutyWebhook, #"{"event":{"id":"1","event_type":"pagey.ping","data":{"message":"Hello"}}}"#),
            (.thousandeyes, #"{"eventType":"WEBHOOK_TEST"}"#),
            (.newrelic, #"{"account_id":1,"incident_id":2,"current_state":"test"}"#),
            (.uptimeKuma, #"{"heartbeat":null,"monitor":null,"msg":"Testing"}"#),
            (
                .grafana,
                #"{"version":"1","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"TestAlert","instance":"Grafana"},"fingerprint":"57c6d9296de2ad39"}]}"#
            ),
            (
                .grafana,
                #"{"ruleId":0,"ruleName":"Test notification","state":"alerting","message":"Someone is testing the alert notification within Grafana."}"#
            ),
            (.cloudwatch, #"{"Type":"UnsubscribeConfirmation"}"#),
        ] as [(SourceKind, String)])
    func `a test that a tool sends opens nothing and is no dead letter`(kind: SourceKind, text: String) throws {
        #expect(try Self.read(kind, text).saysNothing)
    }

    @Test(arguments: [
        #"{"alertname":"TestAlert","instance":"Grafana","grafana_folder":"Ops"}"#, #"{"alertname":"TestAlert"}"#,
        #"{"alertname":"TestAlert","instance":"db1"}"#,
    ])
    func `a rule of Grafana that is called as its test is no test`(labels: String) throws {
        let text = #"{"version":"1","alerts":[{"status":"firing","labels":\#(labels),"fingerprint":"f"}]}"#
        #expect(try Self.read(.grafana, text).alerts.map(\.identity) == ["f"])
    }
}
