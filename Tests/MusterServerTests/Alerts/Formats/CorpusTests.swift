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
