import NIOCore
import Testing

@testable import IncidentDomain
@testable import MusterServer

/// What pagers hear, and what they make of it.
struct PagerTests {
    private static func notice(_ kind: String, phase: String = "assess") -> Notice {
        NoticeSample.notice(kind, "Something happened.", NoticeSample.incident { $0.phase = phase })
    }

    @Test func `a pager rings for what opens, gets worse or comes back, and falls silent when it is over`() {
        let cases: [(Notice, PagerAction?)] = [
            (Self.notice("incident_opened"), .trigger), (Self.notice("severity_set"), .trigger),
            (Self.notice("page"), .trigger), (Self.notice("phase_reverted"), .trigger),
            (Self.notice("test"), .trigger),
            (Self.notice("acknowledged"), .acknowledge), (Self.notice("phase_entered", phase: "mitigate"), nil),
            (Self.notice("phase_entered", phase: "review"), .resolve),
            (Self.notice("phase_entered", phase: "closed"), .resolve),
            (Self.notice("incident_dismissed", phase: "dismissed"), .resolve),
            (Self.notice("incident_merged", phase: "merged"), .resolve), (Self.notice("update_posted"), nil),
            (Self.notice("self_recovered", phase: "closed"), .resolve),
            (Self.notice("note_added"), nil), (NoticeSample.maintenance, nil),
            (NoticeSample.notice("test", "A test.", nil), .trigger),
            // Told late, when it was over already.
            (Self.notice("incident_opened", phase: "dismissed"), .resolve),
            (Self.notice("severity_set", phase: "closed"), .resolve),
            (Self.notice("acknowledged", phase: "review"), .resolve),
        ]
        for (notice, action) in cases {
            #expect(PagerAction(notice) == action, "\(notice.kind) in \(notice.incident?.phase ?? "none")")
            #expect(OutboundPagerDutyFormat.tells(notice) == (action != nil))
            #expect(OutboundOpsgenieFormat.tells(notice) == (action != nil))
        }
    }

    /// As Muster's own door reads them.
    private static func alert(_ notice: Notice) throws -> IncomingAlert {
        let request = try NoticeSample.request(notice, for: .pagerDuty)
        let message = try PagerDutyFormat.read(
            ForeignRequest(body: ByteBuffer(bytes: request.body), receivedAt: NoticeSample.noon))
        return try #require(message.alerts.first)
    }

    @Test func `a Muster that is paged by another has one alert for the incident`() throws {
        let opened = try Self.alert(NoticeSample.opened)
        #expect(opened.status == .firing && opened.identity == "INC-7@muster.example")
        #expect(
            opened.title == "SEV1 · INC-7 · Video is down" && opened.component == "cdn" && opened.severity == "critical"
        )
        #expect(opened.labels["source"] == "muster.example" && opened.labels["client"] == "Muster")
        #expect(opened.annotations["client_url"] == "https://muster.example/v1/incidents/7")
        #expect(opened.startsAt == NoticeSample.noon)

        let acknowledged = try Self.alert(NoticeSample.notice("acknowledged", "Acknowledged."))
        #expect(acknowledged.status == .acknowledged && acknowledged.identity == opened.identity)
        let restored = try Self.alert(NoticeSample.restored)
        #expect(restored.status == .resolved && restored.identity == opened.identity)
        #expect(restored.endsAt == NoticeSample.restored.occurredAt)
    }

    @Test(arguments: HostileNoticeTests.all)
    func `whatever people typed is an alert there`(_ index: Int) throws {
        let text = HostileNoticeTests.texts[index]
        let alert = try Self.alert(NoticeSample.typed(text))
        #expect(alert.identity == "INC-7@muster.example" && alert.status == .firing)
    }

    @Test func `a severity is the pager's`() throws {
        let words = ["sev1": "critical", "sev2": "error", "sev3": "warning", "sev4": "info"]
        let priorities = ["sev1": "P1", "sev2": "P2", "sev3": "P3", "sev4": "P4"]
        for severity in [nil, "sev1", "sev2", "sev3", "sev4"] {
            let notice = NoticeSample.notice("severity_set", "x", NoticeSample.incident { $0.severity = severity })
            let payload = try NoticeSample.json(notice, for: .pagerDuty)["payload"]
            #expect(payload?["severity"]?.string == severity.map { words[$0] ?? "" } ?? "error")
            let body = try NoticeSample.json(notice, for: .opsgenie)
            #expect(body["priority"]?.string == severity.map { priorities[$0] ?? "" } ?? "P2")
        }
    }

    @Test func `pagers are where their vendors are, unless the endpoint says otherwise`() throws {
        let acknowledged = NoticeSample.notice("acknowledged", "Acknowledged.")
        #expect(
            try NoticeSample.request(acknowledged, for: .pagerDuty).url == "https://events.pagerduty.com/v2/enqueue")
        #expect(
            try NoticeSample.request(acknowledged, for: .pagerDuty, url: "https://a.example/x").url
                == "https://a.example/x")
        let alias = "INC-7%40muster.example"
        #expect(
            try NoticeSample.request(acknowledged, for: .opsgenie).url
                == "https://api.opsgenie.com/v2/alerts/\(alias)/acknowledge?identifierType=alias")
        let jira = "https://api.atlassian.com/jsm/ops/integration/v2/alerts"
        #expect(
            try NoticeSample.request(NoticeSample.restored, for: .opsgenie, url: jira).url
                == "\(jira)/\(alias)/close?identifierType=alias")
        #expect(try NoticeSample.request(NoticeSample.opened, for: .opsgenie, url: jira).url == jira)
    }

    @Test func `Alertmanager's alert stays the same one, whatever its labels become`() throws {
        let changed = NoticeSample.notice(
            "severity_set", "x",
            NoticeSample.incident {
                $0.severity = "sev3"
                $0.title = "Another title"
                $0.labels = ["9 lives": "a", "__name__": "b", "severity": "mine", "team": "c", "ü-x": "d"]
            })
        let before = try NoticeSample.json(NoticeSample.opened, for: .alertmanager)
        let after = try NoticeSample.json(changed, for: .alertmanager)
        let over = try NoticeSample.json(NoticeSample.restored, for: .alertmanager)
        for body in [before, after, over] {
            #expect(body["alerts"]?[0]?["fingerprint"] == before["alerts"]?[0]?["fingerprint"])
            #expect(body["groupKey"] == before["groupKey"])
        }
        let labels = try #require(after["alerts"]?[0]?["labels"]?.object)
        #expect(
            labels["severity"] == "sev3" && labels["label_9_lives"] == "a" && labels["name__"] == "b"
                && labels["x"] == "d")
        for member in labels.members { #expect(member.name.contains(/^[a-zA-Z_][a-zA-Z0-9_]*$/), "\(member.name)") }
        #expect(after["alerts"]?[0]?["endsAt"] == "0001-01-01T00:00:00Z" && after["status"] == "firing")
        #expect(over["status"] == "resolved" && over["alerts"]?[0]?["status"] == "resolved")
        #expect(over["alerts"]?[0]?["endsAt"]?.time == NoticeSample.noon.adding(seconds: 7900))
        #expect(!OutboundAlertmanagerFormat.tells(NoticeSample.maintenance))
    }

    @Test func `Muster's own reader of Alertmanager's webhook takes it`() throws {
        for (notice, status) in [
            (NoticeSample.opened, IncomingAlert.Status.firing), (NoticeSample.restored, .resolved),
        ] {
            let request = try NoticeSample.request(notice, for: .alertmanager)
            let message = try AlertmanagerFormat.read(
                ForeignRequest(body: ByteBuffer(bytes: request.body), receivedAt: NoticeSample.noon))
            #expect(
                message.alerts.map(\.status) == [status]
                    && message.alerts[0].startsAt == NoticeSample.incident().startedAt)
        }
    }
}
