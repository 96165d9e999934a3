import IncidentDomain
import NIOCore
import Testing

@testable import MusterServer

/// The words and links that each kind of sender gives to an incident.
struct SenderWordTests {
    struct Example: Sendable, CustomTestStringConvertible {
        let kind: SourceKind
        let title: String
        let links: [String]
        let body: String

        init(_ kind: SourceKind, _ title: String, _ links: [String], _ body: String) {
            self.kind = kind
            self.title = title
            self.links = links
            self.body = body
        }

        var testDescription: String { "\(kind.rawValue): \(title)" }
    }

    static let examples: [Example] = [
        Example(
            .alertmanager, "Errors above 5 %",
            [
                "runbook https://wiki.example/r", "dashboard https://g.example/d/1", "generator http://p.example/graph",
                "sender http://am.example:9093",
            ],
            """
            {"version":"4","status":"firing","groupKey":"g","externalURL":"http://am.example:9093","alerts":[{"status":"firing",
            "labels":{"alertname":"HighErrors","component":"cdn"},"fingerprint":"f","generatorURL":"http://p.example/graph",
            "annotations":{"summary":"Errors above 5 %","runbook_url":"https://wiki.example/r","dashboard_url":"https://g.example/d/1"}}]}
            """),
        Example(
            .alertmanager, "HighErrors on cdn",
            [],
            #"{"alerts":[{"status":"firing","labels":{"alertname":"HighErrors","component":"cdn"},"fingerprint":"f"}]}"#
        ),
        Example(
            .grafana, "It is slow", ["dashboard https://g.example/d/1", "dashboard https://g.example/d/1?viewPanel=2"],
            """
            {"alerts":[{"status":"firing","labels":{"alertname":"Slow"},"fingerprint":"f","annotations":{"description":"It is slow"},
            "dashboardURL":"https://g.example/d/1","panelURL":"https://g.example/d/1?viewPanel=2","silenceURL":"https://g.example/s"}]}
            """),
        Example(
            .prometheus, "Disk of db1 is full", ["generator http://p.example/graph"],
            #"[{"labels":{"alertname":"DiskFull"},"annotations":{"message":"Disk of db1 is full"},"generatorURL":"http://p.example/graph"}]"#
        ),
        Example(
            .pagerduty, "Disk full",
            ["runbook https://wiki.example/disk", "sender https://am.example", "related https://docs.example/a"],
            """
            {"event_action":"trigger","dedup_key":"d","client_url":"https://am.example","links":[{"href":"https://docs.example/a"}],
            "payload":{"summary":"Disk full","source":"db1","severity":"critical","custom_details":{"runbook":"https://wiki.example/disk"}}}
            """),
        Example(
            .opsgenie, "Disk full", ["runbook https://wiki.example/disk", "sender http://am.example/#/alerts"],
            """
            {"message":"Disk full","alias":"d","description":"90 %","source":"http://am.example/#/alerts",
            "details":{"runbook_url":"https://wiki.example/disk"}}
            """),
        Example(
            .uptimeKuma, "Shop: HTTP 503", ["related https://shop.example"],
            """
            {"heartbeat":{"monitorID":1,"status":0,"msg":"HTTP 503"},"monitor":{"id":1,"name":"Shop","url":"https://shop.example"},"msg":"x"}
            """),
        Example(
            .pingdom, "Shop: Timeout", ["related https://shop.example"],
            #"{"check_id":1,"check_name":"Shop","current_state":"DOWN","description":"Timeout","check_params":{"full_url":"https://shop.example"}}"#
        ),
        Example(
            .checkly, "Login: It failed", ["sender https://checkly.example/1"],
            #"{"check_id":"c","check_name":"Login","alert_type":"ALERT_FAILURE","check_error_message":"It failed","link":"https://checkly.example/1"}"#
        ),
        Example(
            .cloudwatch, "Queue is too long",
            [],
            #"{"AWSAccountId":"1","Region":"eu","AlarmName":"queue","AlarmDescription":"Queue is too long","NewStateValue":"ALARM"}"#
        ),
        Example(
            .azureMonitor, "The disk is full",
            ["generator https://portal.example/q", "sender https://portal.example/a"],
            """
            {"data":{"essentials":{"alertId":"a","alertRule":"disk","monitorCondition":"Fired","description":"The disk is full",
            "investigationLink":"https://portal.example/a"},"alertContext":{"condition":{"allOf":[{"linkToSearchResultsUI":"https://portal.example/q"}]}}}}
            """),
        Example(
            .newrelic, "It is slow", ["sender https://nr.example/i"],
            #"{"id":"1","state":"CREATED","title":"It is slow","issueUrl":"https://nr.example/i"}"#),
        Example(
            .datadog, "[Triggered] Disk full", ["sender https://dd.example/e"],
            #"{"title":"[Triggered] Disk full","link":"https://dd.example/e","alert_type":"error"}"#),
        Example(
            .sentry, "ValueError", ["sender https://sentry.example/1"],
            #"{"action":"created","data":{"issue":{"id":"1","title":"ValueError","permalink":"https://sentry.example/1"}}}"#
        ),
        Example(
            .signalfx, "Too many", ["runbook https://wiki.example/s", "sender https://sfx.example/d"],
            """
            {"incidentId":"1","statusExtended":"anomalous","messageTitle":"Too many","detectorUrl":"https://sfx.example/d",
            "runbookUrl":"https://wiki.example/s"}
            """),
        Example(
            .zabbix, "Disk full", ["sender https://zbx.example/e"],
            #"{"hostname":"db1","trigger":"Disk full","status":"PROBLEM","link":"https://zbx.example/e"}"#),
        Example(
            .cloudevents, "Disk full", ["runbook https://wiki.example/c", "sender https://ce.example"],
            """
            {"specversion":"1.0","id":"1","source":"/s","type":"a.firing","data":{"title":"Disk full","url":"https://ce.example",
            "runbook_url":"https://wiki.example/c"}}
            """),
        Example(
            .generic, "Disk full", ["runbook https://wiki.example/g", "sender https://x.example"],
            #"{"id":"1","title":"Disk full","description":"90 %","url":"https://x.example","runbook":"https://wiki.example/g"}"#
        ),
        Example(
            .gcpMonitoring, "CPU is high", ["sender https://gcp.example/i"],
            #"{"incident":{"incident_id":"1","state":"open","summary":"CPU is high","url":"https://gcp.example/i"}}"#),
        Example(
            .thousandeyes, "Loss", ["sender https://te.example/a"],
            #"{"eventType":"ALERT_NOTIFICATION_TRIGGER","alert":{"alertId":"1","ruleName":"Loss","permalink":"https://te.example/a"}}"#
        ),
    ]

    @Test(arguments: examples)
    func `an incident is called by its sender's words, and has its links`(example: Example) throws {
        let request = ForeignRequest(body: ByteBuffer(string: example.body), receivedAt: FormatStory.now)
        let alert = try #require(try example.kind.format.read(request).alerts.first)
        let words = AlertWords(
            title: alert.title, style: example.kind.titleStyle, component: alert.component,
            annotations: alert.annotations)
        #expect(words.title == example.title)
        let links = IncidentLink.all(annotations: alert.annotations, labels: alert.labels)
        #expect(links.map { "\($0.kind.rawValue) \($0.url)" } == example.links)
    }
}
