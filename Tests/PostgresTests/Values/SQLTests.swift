import Postgres
import Testing

@Suite struct SQLTests {
    @Test func `an interpolated value becomes a numbered parameter`() {
        let sql: SQL = "SELECT a FROM t WHERE id = \(7) AND name = \("x")"
        #expect(sql.text == "SELECT a FROM t WHERE id = $1 AND name = $2")
        #expect(sql.binds == [7.postgresBind, "x".postgresBind])
    }

    @Test func `a fragment's parameters are renumbered to follow those before it`() {
        let condition: SQL = "b = \("é") AND c = \(2)"
        let sql: SQL = "SELECT 'ü' FROM t WHERE a = \(1) AND \(fragment: condition) AND d = \(3)"
        #expect(sql.text == "SELECT 'ü' FROM t WHERE a = $1 AND b = $2 AND c = $3 AND d = $4")
        #expect(sql.binds == [1.postgresBind, "é".postgresBind, 2.postgresBind, 3.postgresBind])
    }

    @Test func `a dollar sign in a literal is no parameter`() {
        let fragment: SQL = "note = '$1' AND a = \(1)"
        #expect(("SELECT \(0), \(fragment: fragment)" as SQL).text == "SELECT $1, note = '$1' AND a = $2")
    }

    @Test func `many fragments keep their numbers beyond nine`() {
        let fragments = (1...12).map { number in "\(number)" as SQL }
        let joined = fragments.joined(separator: ", ")
        let twice = joined + "; " + joined
        #expect(joined.text.hasSuffix("$9, $10, $11, $12"))
        #expect(twice.text.hasSuffix("$21, $22, $23, $24"))
        #expect(twice.binds.count == 24)
    }

    @Test func `unescaped text stays text`() {
        let direction = "DESC"
        #expect(("ORDER BY a \(unescaped: direction)" as SQL).text == "ORDER BY a DESC")
        #expect(("" as SQL).binds.isEmpty)
    }

    @Test func `joining nothing gives nothing`() {
        #expect([SQL]().joined(separator: " AND ").text == "")
    }
}
