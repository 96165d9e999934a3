import HTTPTypes
import IncidentDomain
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// A catalog of ten thousand components is one request.
@Suite(.timeLimit(.minutes(20))) struct CatalogScaleTests {
    private static let count = 10_000

    private static let catalog: [Component] = (0..<count).map { index in
        let needs = [index / 2, index / 3, index - 7].filter { $0 >= 0 && $0 < index }
        return Component(
            slug: "component-\(index)", name: "The component of number \(index)", tier: index % 4,
            owner: "team-\(index % 40)", regions: ["eu-west", "us-east"], expectedRestoreSeconds: 600,
            dependsOn: Set(needs).sorted().map {
                Dependency(component: "component-\($0)", kind: $0 % 3 == 0 ? .soft : .hard)
            }, labels: ["team": "t\(index % 40)"])
    }

    @Test func `ten thousand components are put, tried, read and changed, in YAML and one by one`() async throws {
        try await TestDatabase.with(template: TestDaemon.template) { database in
            let small = try DescribedServer(pool: database.pool)
            let server = try DescribedServer(pool: database.pool) { $0.http.requestBodyMaxBytes = 16 << 20 }
            let yaml = String(decoding: CatalogYAML.bytes(Self.catalog), as: UTF8.self)
            let written: HTTPFields = [.contentType: "application/yaml"]
            let refused = await small.ask(.put, "/v1/components", raw: yaml, headers: written)
            #expect(refused.status == 413 && refused.json["type"] == "/problems/body-too-large")
            let first = await server.ask(.put, "/v1/components", raw: yaml, headers: written)
            #expect(first.status == 200 && first.json["added"]?.array?.count == Self.count)

            let desk = CatalogDesk(pool: database.pool)
            let dry = try await desk.replaceAll(Self.catalog, dryRun: true, by: .mia)
            #expect(dry.difference.isEmpty && dry.difference.unchanged == Self.count)
            let one = await server.ask(.put, "/v1/components/component-77", ["tier": 0])
            #expect(one.status == 200 && one.json["version"] == 2)
            let page = await server.ask(.get, "/v1/components?limit=200")
            #expect(page.json["items"]?.array?.count == 200 && page.json["next_cursor"]?.string != nil)

            let few = await server.ask(.get, "/v1/components/component-9900/blast-radius")
            #expect(few.json["fails"] == 0 && few.json["degrades"] == 14, "every seventh after it, softly")
            let graph = try await server.server.catalog.current()
            let all = try #require(BlastRadius(of: "component-0", in: graph))
            #expect(all.failCount + all.degradeCount == Self.count - 2, "all but the one that needs nothing any more")
            let path = await server.ask(.get, "/v1/components/component-9999/path?to=component-1")
            #expect(path.json["path"]?.array?.isEmpty == false)
            #expect(server.complaints == [] && small.complaints == [])
        }
    }

    @Test func `a cycle through the whole catalog is found, and told in a few words`() {
        let refused = #expect(throws: Problem.self) {
            var catalog = (0..<Self.count).map { index in
                Component(
                    slug: "c\(index)", name: "", tier: 1,
                    dependsOn: [Dependency(component: "c\((index + 1) % Self.count)", kind: .hard)])
            }
            catalog[5].dependsOn.append(Dependency(component: "ghost", kind: .soft))
            try CatalogRefusal.check(catalog, places: catalog.map(\.slug))
        }
        #expect(
            refused?.errors.map(\.pointer) == [
                "/components/5/depends_on/1/component", "/components/0/depends_on/0/component",
            ])
        let detail = refused?.errors.last?.detail ?? ""
        #expect(detail.hasPrefix("the dependencies form a cycle: c0 -> c1 -> c2 -> "))
        #expect(detail.hasSuffix(" -> (9981 more) -> c0") && detail.utf8.count < 400)
    }
}
