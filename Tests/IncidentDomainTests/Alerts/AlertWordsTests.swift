import FoundationEssentials
import Testing

@testable import IncidentDomain

/// What an incident is called that alerts open, what it links to, and how severe it is.
struct AlertWordsTests {
    @Test func `the summary comes first, then the description, then the name with its component`() {
        let all = ["summary": "Errors above 5 %", "description": "Since the release.\nMore below."]
        let named = AlertWords(title: "HighErrors", style: .name, component: "cdn", annotations: all)
        #expect(named.title == "Errors above 5 %" && named.summary == "Since the release.\nMore below.")
        let described = AlertWords(
            title: "HighErrors", style: .name, component: "cdn", annotations: ["description": " \nSince then.\nMore."])
        #expect(described.title == "Since then." && described.summary == " \nSince then.\nMore.")
        let told = AlertWords(title: "HighErrors", style: .name, annotations: ["message": "It fails", "summary": " "])
        #expect(told.title == "It fails" && told.summary == nil)
        #expect(AlertWords(title: "HighErrors", style: .name, component: "cdn").title == "HighErrors on cdn")
        #expect(AlertWords(title: "cdn errors", style: .name, component: "cdn").title == "cdn errors")
        #expect(AlertWords(title: "HighErrors", style: .name).title == "HighErrors")
    }

    @Test func `a sentence stands, and a check is named with what was found`() {
        let found = ["message": "HTTP 503"]
        let sentence = AlertWords(title: "Disk full", style: .sentence, component: "db", annotations: found)
        #expect(sentence.title == "Disk full" && sentence.summary == "HTTP 503")
        #expect(AlertWords(title: "Shop", style: .check, annotations: found).title == "Shop: HTTP 503")
        #expect(
            AlertWords(title: "Shop", style: .check, annotations: ["message": "Shop is down"]).title == "Shop is down")
        #expect(AlertWords(title: "Shop", style: .check, component: "web").title == "Shop on web")
    }

    @Test func `a title is on one line and bounded`() {
        let long = AlertWords(title: String(repeating: "é", count: 900), style: .sentence).title
        #expect(long.unicodeScalars.count == AlertWords.titleMax && long.hasSuffix("…"))
        #expect(AlertWords(title: "a\n  b", style: .sentence).title == "a b")
        #expect(AlertWords(title: "", style: .name).title == "Alert")
    }

    @Test(arguments: [
        "ftp://a.example/x", "javascript:alert(1)", "https://", "https:///x", "https://user:pass@a.example/",
        "https://a.example/<b>", "https://a.example/a b", "//a.example", "data:text/html,x", "https://ünicode.example",
        "https://:80/", "",
    ])
    func `what is no plain address links nowhere`(text: String) {
        #expect(IncidentLink(.related, text) == nil)
    }

    @Test func `links are found by their names, each address once, the runbook first`() {
        let links = IncidentLink.all(
            annotations: [
                "generatorURL": "http://p.example/graph?g0.expr=up%20%3D%3D%200",
                "runbook_url": "HTTPS://wiki.example/r",
                "Dashboard-URL": "https://grafana.example/d/1", "summary": "https://no.example",
                "links": "https://a.example https://b.example https://wiki.example/c nonsense",
                "url": "https://a.example", "runbook": "see https://wiki.example/r2",
            ],
            labels: [
                "url": "https://shop.example", "runbook_url": "https://wiki.example/r3",
                "instance": "https://x.example",
            ])
        #expect(
            links.map { "\($0.kind.rawValue) \($0.url)" } == [
                "runbook https://wiki.example/r2", "runbook HTTPS://wiki.example/r",
                "runbook https://wiki.example/r3", "dashboard https://grafana.example/d/1",
                "generator http://p.example/graph?g0.expr=up%20%3D%3D%200", "sender https://a.example",
                "related https://b.example", "related https://wiki.example/c", "related https://shop.example",
            ])
    }

    @Test(arguments: [
        ("critical", "pagerduty", Severity.sev1), ("error", "pagerduty", .sev2), ("warning", "pagerduty", .sev3),
        ("info", "pagerduty", .sev4), ("P1", "opsgenie", .sev1), ("P2", "opsgenie", .sev2), ("P3", "opsgenie", .sev3),
        ("P4", "opsgenie", .sev4), ("P5", "opsgenie", .sev4), ("page", "alertmanager", .sev1),
        ("major", "alertmanager", .sev2), ("Warning", "alertmanager", .sev3), ("Sev0", "azure-monitor", .sev1),
        ("Sev1", "azure-monitor", .sev2), ("sev1", "azure-monitor", .sev1), ("Sev1", "generic", .sev1),
    ])
    func `the words of senders mean a severity`(word: String, kind: String, severity: Severity) {
        #expect(AlertSeverityTable.builtIn.severity(word, kind: kind) == severity)
    }

    @Test func `the documented table is this one`() throws {
        let root = #filePath.split(separator: "/").dropLast(4).reduce("") { "\($0)/\($1)" }
        let text = String(decoding: try Data(contentsOf: URL(filePath: "\(root)/docs/routing.md")), as: UTF8.self)
        for severity in Severity.allCases {
            let row = text.split(separator: "\n").first { $0.hasPrefix("| `\(severity.rawValue)` | ") }
            let words = try #require(row).split(separator: "|")[1].split(separator: ",").map { String($0).onOneLine }
            #expect(words.count > 5)
            for word in words { #expect(AlertSeverityTable.builtIn.severity(word, kind: "x") == severity, "\(word)") }
        }
    }

    @Test func `a table says other words, of all or of one kind, and none`() {
        var table = AlertSeverityTable.builtIn
        table.set("Ticket", to: .sev4)
        table.set("info", of: "grafana", to: nil)
        table.set("critical", to: .sev2)
        #expect(table.severity("ticket", kind: "generic") == .sev4 && table.severity("info", kind: "grafana") == nil)
        #expect(table.severity("info", kind: "alertmanager") == .sev4 && table.severity("CRITICAL", kind: "x") == .sev2)
        #expect(table.severity(nil, kind: "x") == nil && table.severity("none", kind: "x") == nil)
    }
}
