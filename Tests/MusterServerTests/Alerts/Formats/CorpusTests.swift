import Foundation
import HTTPTypes
import NIOCore
import Testing

@testable import MusterServer

/// What real tools sent says what the corpus' manifest says.
@Suite(.enabled(if: !AlertCorpus.manifest.isEmpty, "\(AlertCorpus.absence)"))
struct CorpusTests {
    @Test func `every payload of the corpus has a format`() {
        #expect(AlertCorpus.entries.count == AlertCorpus.manifest.count)
    }

    @Test(arguments: AlertCorpus.entries)
    func `a payload gives the alerts that the manifest says`(entry: AlertCorpus.Entry) throws {
        let message = try entry.kind.format.read(entry.request)
        // Of an item of status "none" nothing is said: the message is taken, and no alert comes of it.
        let said = entry.items.filter { $0["status"]?.string != "none" }
        #expect(message.alerts.map(\.identity) == said.map(Self.identity))
        for (alert, item) in zip(message.alerts, said) {
            #expect(alert.status.rawValue == item["status"]?.string)
            // Without a title in the message, the identity has to do.
            #expect(alert.title == item["title"]?.string ?? alert.identity)
            #expect(!alert.payload.kept.isEmpty && alert.groupKey.isEmpty == false)
        }
    }

    @Test(arguments: AlertCorpus.entries)
    func `a repeat of a payload names the same alerts`(entry: AlertCorpus.Entry) throws {
        let first = try entry.kind.format.read(entry.request)
        #expect(try entry.kind.format.read(entry.request).alerts == first.alerts)
    }

    @Test func `the confirmation of a subscription gives an address and no alert`() throws {
        let entry = try #require(AlertCorpus.entries.first { $0.file.contains("subscription_confirmation") })
        let message = try entry.kind.format.read(entry.request)
        #expect(message.confirmationURL?.hasPrefix("https://sns.eu-west-1.amazonaws.com/") == true)
        #expect(message.alerts.isEmpty)
    }

    /// The manifest's own value; where its pointer names a set of labels, their fingerprint.
    private static func identity(_ item: JSONValue) -> String {
        let value = item["dedup_value"]?.string ?? ""
        let pointers = (item["dedup_pointers"]?.array ?? []).compactMap(\.string)
        guard pointers.count == 1, pointers[0].hasSuffix("/labels"), let labels = try? JSONParser.parse(value.utf8)
        else { return value }
        return (try? LabelSet.texts(labels, at: "")).flatMap(LabelFingerprint.of) ?? ""
    }
}

/// Payloads of real tools with what they mean, which lie beside the repository on some machines and never in it.
enum AlertCorpus {
    /// One payload and what the manifest says of it.
    struct Entry: Sendable, CustomTestStringConvertible {
        let file: String
        let kind: SourceKind
        let body: [UInt8]
        let headers: HTTPFields
        let items: [JSONValue]

        var testDescription: String { file }

        var request: ForeignRequest {
            ForeignRequest(body: ByteBuffer(bytes: body), headers: headers, receivedAt: .now())
        }
    }

    /// Which of our formats reads a kind of the manifest.
    private static let kinds: [String: SourceKind] = [
        "alertmanager-single-alert": .alertmanager, "alertmanager-webhook-v3": .alertmanager,
        "alertmanager-webhook-v4": .alertmanager, "apprise-json": .apprise, "azure-monitor-classic": .azureMonitor,
        "azure-monitor-metric-v2": .azureMonitor, "checkly": .checkly, "cloudwatch-sns": .cloudwatch,
        "coralogix": .coralogix, "datadog-webhook": .datadog, "formatted-webhook": .formatted,
        "gcp-monitoring": .gcpMonitoring, "grafana-legacy": .grafana, "grafana-unified": .grafana,
        "graylog-legacy": .graylog, "kapacitor": .kapacitor, "librenms": .librenms, "newrelic-legacy": .newrelic,
        "newrelic-workflow": .newrelic, "opsgenie-alert-api": .opsgenie, "opsgenie-webhook": .opsgenie,
        "pagerduty-events-v2": .pagerduty, "pagerduty-rest-incident": .pagerdutyWebhook,
        "pagerduty-webhook-v3": .pagerdutyWebhook, "pingdom": .pingdom, "riemann": .riemann,
        "sentry-legacy-webhook": .sentry, "signalfx": .signalfx, "sns-subscription-confirmation": .cloudwatch,
        "thousandeyes": .thousandeyes, "updown": .updown, "uptimerobot": .uptimerobot, "vmware-vrealize": .vrealize,
        "zabbix": .zabbix,
    ]

    static let absence = "the corpus of alerts (shared/corpus/alerts beside the repository) is not on this machine"

    static let folder = (0..<6).reduce(URL(filePath: #filePath)) { url, _ in url.deletingLastPathComponent() }
        .appending(path: "shared/corpus/alerts")

    static let manifest: [JSONValue] = {
        let data = try? Data(contentsOf: folder.appending(path: "MANIFEST.json"))
        return data.flatMap { try? JSONParser.parse($0) }?.array ?? []
    }()

    static let entries: [Entry] = manifest.compactMap { described in
        guard let file = described["file"]?.string, let kind = described["kind"]?.string.flatMap({ kinds[$0] }),
            let body = try? Data(contentsOf: folder.appending(path: file))
        else { return nil }
        var headers = HTTPFields()
        for header in described["request"]?["headers"]?.array ?? [] {
            if let name = header[0]?.string.flatMap({ HTTPField.Name($0) }), let value = header[1]?.string {
                headers.append(HTTPField(name: name, value: value))
            }
        }
        return Entry(
            file: file, kind: kind, body: Array(body), headers: headers, items: described["items"]?.array ?? [])
    }
}
