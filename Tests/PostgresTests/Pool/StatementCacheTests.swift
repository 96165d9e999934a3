import Testing

@testable import Postgres

@Suite struct StatementCacheTests {
    @Test func `a statement is prepared once`() {
        var cache = StatementCache(max: 4)
        #expect(cache.use("a \(1)") == ("s1", true))
        #expect(cache.use("a \(2)") == ("s1", false))
        #expect(cache.use("b") == ("s2", true))
    }

    @Test func `other types of parameters make another statement`() {
        var cache = StatementCache(max: 4)
        #expect(cache.use("a \(1)") == ("s1", true))
        #expect(cache.use("a \("x")") == ("s2", true))
        #expect(cache.use("a \("y")") == ("s2", false))
        #expect(cache.takeDiscarded() == ["s1"])
    }

    @Test func `nil has the type of what it could have been`() {
        var cache = StatementCache(max: 4)
        #expect(cache.use("a \(1 as Int?)") == ("s1", true))
        #expect(cache.use("a \(nil as Int?)") == ("s1", false))
    }

    @Test func `the least recently used goes first`() {
        var cache = StatementCache(max: 2)
        _ = cache.use("a")
        _ = cache.use("b")
        _ = cache.use("a")
        #expect(cache.use("c").isNew)
        #expect(cache.takeDiscarded() == ["s2"])
        #expect(!cache.use("a").isNew)
        #expect(cache.use("b").isNew)
    }

    @Test func `what was forgotten is prepared again and given up`() {
        var cache = StatementCache(max: 4)
        _ = cache.use("a")
        cache.forget("a")
        cache.forget("never seen")
        #expect(cache.use("a") == ("s2", true))
        cache.forgetAll()
        #expect(Set(cache.takeDiscarded()) == ["s1", "s2"])
        #expect(cache.takeDiscarded() == [])
    }
}
