import Testing

@testable import IncidentDomain

struct NearestNamesTests {
    @Test func `behind a list of words the near ones are told, unless most of them are near`() {
        let words = ["sev1", "sev2", "sev3", "sev4"]
        #expect(NearestNames.remark("sev9", among: words) == "" && NearestNames.remark("high", among: words) == "")
        #expect(NearestNames.remark("usres", among: ["users", "staff"]) == ". Did you mean users?")
    }

    private static let catalog = ["user-db", "video-db", "auth-api", "checkout", "cdn", "feed", "search-index"]

    @Test(arguments: [
        ("user_db", ["user-db"]), ("Users-DB", ["user-db"]), ("auth", ["auth-api"]), ("chekout", ["checkout"]),
        ("chekcout", ["checkout"]), ("fede", ["feed"]), ("cnd", ["cdn"]),
        ("checkout-service", ["checkout"]), ("feeds", ["feed"]), ("zebra", []), ("", []), ("x", []),
        (String(repeating: "a", count: 1000), []),
    ])
    func `what was probably meant is found`(name: String, expected: [String]) {
        #expect(NearestNames.of(name, among: Self.catalog) == expected)
    }

    @Test func `a few are told, the nearest first`() {
        let many = ["db-1", "db-2", "db-3", "db-4", "db"]
        #expect(NearestNames.of("db-9", among: many) == ["db-1", "db-2", "db-3"])
    }
}
