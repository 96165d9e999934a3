import Testing

@testable import Postgres

@Suite struct ConnectionParametersTests {
    private func parameters(_ conninfo: String) throws -> ConnectionParameters {
        try ConnectionParameters(parsing: conninfo)
    }

    @Test func `both forms of a connection string are read`() throws {
        let uri = try parameters("postgresql://me:secret@a:1,b:2/db?target_session_attrs=read-write")
        #expect(uri["host"] == "a,b" && uri["port"] == "1,2" && uri["dbname"] == "db" && uri.wantsWritable)
        let keywords = try parameters("host=a,b port=1,2 dbname='d b'")
        #expect(keywords["dbname"] == "d b" && keywords.hostCount == 2 && !keywords.wantsWritable)
    }

    @Test func `an unreadable string is refused without being quoted`() {
        let error = #expect(throws: PostgresError.self) { try ConnectionParameters(parsing: "host=a secret") }
        #expect(error.map { "\($0)".contains("secret") } == false)
    }

    @Test func `turning the hosts keeps each with its port`() throws {
        let turned = try parameters("host=a,b,c port=1,2,3 dbname=d").rotated(toBeginWith: 1)
        #expect(turned["host"] == "b,c,a" && turned["port"] == "2,3,1" && turned["dbname"] == "d")
        #expect(try parameters("host=a,b port=5").rotated(toBeginWith: 3)["port"] == "5")
        #expect(try parameters("host=a,b port=5").rotated(toBeginWith: 3)["host"] == "b,a")
        #expect(try parameters("dbname=d").rotated(toBeginWith: 1)["dbname"] == "d")
    }

    @Test func `a connected host is found again`() throws {
        let hosts = try parameters("host=a,a,b port=1,2,3")
        #expect(hosts.index(ofHost: "a", port: "2") == 1)
        #expect(hosts.index(ofHost: "b", port: "9") == nil)
        #expect(try parameters("host=a,b port=5").index(ofHost: "b", port: "5") == 1)
    }

    @Test func `our limits are put in, and the string's own win`() throws {
        let configuration = PostgresConfiguration(conninfo: "")
        let limited = try parameters("host=a connect_timeout=7 options='-c statement_timeout=1'").limited(
            by: configuration)
        #expect(limited["connect_timeout"] == "7")
        #expect(limited["tcp_user_timeout"] == "10000")
        let options = try #require(limited["options"])
        #expect(options.contains("-c statement_timeout=10000 -c idle_in_transaction_session_timeout=30000 "))
        #expect(options.hasSuffix(" -c statement_timeout=1"))
        #expect(limited["application_name"] == nil && limited["fallback_application_name"] == "muster")
    }

    @Test func `another database is a change of one word`() throws {
        let other = try PostgresConfiguration(conninfo: "postgresql:///one?host=/a'b").connecting(toDatabase: "two")
        let read = try parameters(other.conninfo)
        #expect(read["dbname"] == "two" && read["host"] == "/a'b")
    }
}
