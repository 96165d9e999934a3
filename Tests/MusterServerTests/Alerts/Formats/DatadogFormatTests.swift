import NIOCore
import Testing

@testable import MusterServer

/// Datadog's default payload, which says the state in its title only.
struct DatadogFormatTests {
    private static func read(_ body: JSONValue) throws -> IncomingAlert {
        let request = ForeignRequest(body: ByteBuffer(bytes: body.bytes), receivedAt: .now())
        return try #require(DatadogFormat.read(request).alerts.first)
    }

    @Test(arguments: ["", "[P2] "])
    func `what began and what recovered have one identity, whatever stands in their titles`(priority: String) throws {
        for (word, status) in [
            ("Triggered", .firing), ("Re-Triggered", .firing), ("Warn", .firing), ("No data", .firing),
            ("Recovered", .resolved),
        ] as [(String, IncomingAlert.Status)] {
            let title = "\(priority)[\(word) on {host:a}] Disk is full"
            let alert = try Self.read(["title": .string(title), "event_type": "query_alert_monitor"])
            #expect(alert.identity == "\(priority)[Triggered on {host:a}] Disk is full" && alert.status == status)
            #expect(alert.title == title)
        }
        #expect(try Self.read(["title": "[Recovered] Disk"]).identity == "[Triggered] Disk")
    }

    @Test func `brackets that are no state are a title like any other`() throws {
        for title in [
            "[Warning signs] Disk", "[Triggeredly] Disk", "Recovered Disk", "[", "[P2] ", "[P9] [Recovered] Disk",
        ] {
            let alert = try Self.read(["title": .string(title)])
            #expect(alert.identity == title && alert.status == .firing)
        }
    }

    @Test func `tags are read as a list and as a text`() throws {
        for tags: JSONValue in ["env:prod, service:db,bare", ["env:prod", "service:db", "bare", 7]] {
            let alert = try Self.read(["title": "t", "tags": tags])
            #expect(alert.labels == ["env": "prod", "service": "db"] && alert.component == "db")
        }
    }
}
