import ArgumentParser
import Glibc
import MusterClient
import Testing

@testable import muster

/// What is kept on the machine, and whom a token is shown.
struct LocalTests {
    /// A home of its own for a test.
    private static func withHome<T>(_ body: (String) throws -> T) throws -> T {
        // A pattern of mkdtemp, which makes a new folder each time that only its maker can enter.
        var template = Array("/tmp/muster-home-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer {
            for file in ["contexts.json", ".lock"] { unlink("\(path)/.config/muster/\(file)") }
            for directory in ["/.config/muster", "/.config", ""] { rmdir(path + directory) }
        }
        return try body(path)
    }

    private static func store(_ contexts: [ClientContext], current: String?, in home: String) throws {
        try Contexts.change(home + "/.config/muster") { stored throws(Failure) in
            for context in contexts { try stored.put(context) }
            stored.current = current
        }
    }

    private static func mode(_ path: String) -> mode_t {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
    }

    @Test func `contexts come back as they were kept, for the owner's eyes only`() throws {
        try Self.withHome { home in
            var context = ClientContext(name: "prod", url: "https://muster.example", token: "secret")
            (context.incident, context.caFile, context.isOpenAllowed) = ("42", "ca.pem", true)
            try Self.store(
                [context, ClientContext(name: "b", url: "http://127.0.0.1:8080", token: "t")], current: "prod", in: home
            )
            let directory = try Contexts.directory(["HOME": home])
            #expect(Self.mode(directory) == 0o700)
            #expect(Self.mode(directory + "/contexts.json") == 0o600)
            var warnings: [String] = []
            let loaded = try Contexts.load(directory) { warnings.append($0) }
            #expect(loaded.current == "prod" && loaded.named("prod") == context && loaded.all.count == 2)
            #expect(warnings.isEmpty)
            chmod(directory + "/contexts.json", 0o644)
            _ = try Contexts.load(directory) { warnings.append($0) }
            #expect(warnings.count == 1)
            #expect(throws: Failure.self) {
                try Self.store([ClientContext(name: "a b", url: "x", token: "y")], current: nil, in: home)
            }
            try LocalFile.write(Array("{".utf8), to: directory + "/contexts.json")
            #expect(throws: Failure.self) { try Contexts.load(directory) { _ in } }
        }
    }

    @Test func `a token that was logged in with goes to its own daemon only`() throws {
        try Self.withHome { home in
            try Self.store(
                [ClientContext(name: "a", url: "https://muster.example", token: "secret")], current: "a", in: home)
            func settings(_ arguments: [String], _ variables: [String: String] = [:]) throws -> Connection.Settings {
                let environment = variables.merging(["HOME": home]) { own, _ in own }
                return try Setup(try DaemonOptions.parse(arguments), environment).settings().0
            }
            #expect(try settings([]).token == "secret")
            #expect(try settings(["--url", "https://MUSTER.example:443/"]).token == "secret")
            for other in ["https://muster.example.evil", "http://muster.example", "https://muster.example:8443"] {
                let failure = #expect(throws: Failure.self) { try settings(["--url", other]) }
                #expect(failure?.ending == .noAccess)
                #expect(throws: Failure.self) { try settings([], ["MUSTER_URL": other]) }
                #expect(try settings(["--url", other], ["MUSTER_TOKEN": "own"]).token == "own")
            }
            #expect(try settings([], ["MUSTER_TOKEN": "own"]).address.host == "muster.example")
            #expect(throws: Failure.self) { try settings(["--context", "none"]) }
        }
        // Without a home and with everything in the environment.
        let options = try DaemonOptions.parse([])
        #expect(
            try Setup(options, ["MUSTER_URL": "http://127.0.0.1:1", "MUSTER_TOKEN": "t"]).settings().0.token == "t")
        #expect(throws: Failure.self) { try Setup(options, [:]).settings() }
    }

    @Test func `a token is not sent where others can read it`() async throws {
        let open = Connection.Settings(address: try DaemonAddress("http://muster.example"), token: "t")
        #expect(throws: Failure.self) { try Connection(open) }
        var allowed = open
        allowed.isOpenAllowed = true
        await (try Connection(allowed)).close()
        for token in ["", "two words", "line\n", "ünïcode"] {
            #expect(throws: Failure.self) {
                try Connection(Connection.Settings(address: try DaemonAddress("http://127.0.0.1:1"), token: token))
            }
        }
    }

    @Test(arguments: [
        ("muster.example", "https://muster.example"), ("https://Muster.Example/", "https://muster.example"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"), ("https://[::1]:8443/x/", "https://[::1]:8443/x"),
        ("http://localhost:80", "http://localhost"),
    ])
    func `addresses are written in one way`(typed: String, wanted: String) throws {
        #expect(try DaemonAddress(typed).text == wanted)
    }

    @Test(arguments: [
        "", "ftp://x", "https://", "https://a b", "https://x:0", "https://x:99999", "https://user@x", "https://x/?q",
        "https://x#f",
    ])
    func `what is no address is refused`(typed: String) {
        #expect(throws: DaemonAddress.Mistake.self) { try DaemonAddress(typed) }
    }

    @Test func `what is open on the way is known`() throws {
        for address in ["http://127.0.0.1", "http://127.9.9.9:1", "http://localhost", "http://[::1]", "https://x"] {
            #expect(try !DaemonAddress(address).isOpen, "\(address)")
        }
        for address in ["http://x", "http://128.0.0.1", "http://127.0.0.1.evil", "http://localhost.evil"] {
            #expect(try DaemonAddress(address).isOpen, "\(address)")
        }
    }

    @Test func `versions are compared by their numbers`() {
        #expect(ClientVersion.isOlder("0.9.0", than: "0.10.0"))
        #expect(!ClientVersion.isOlder("1.0", than: "1.0.0"))
        #expect(!ClientVersion.isOlder("2.0.0-beta", than: "1.9"))
    }

    @Test func `incidents, matchers, labels and lengths are read as people write them`() throws {
        #expect(try Session.number("inc-0042") == "42")
        for wrong in ["", "0", "-1", "x", "INC-", "42/../1", "9999999999999999999"] {
            #expect(throws: Failure.self) { try Session.number(wrong) }
        }
        #expect(
            try Silence.matcher("severity=~warning|info") == [
                "label": "severity", "operator": "=~", "value": "warning|info",
            ])
        #expect(try Silence.matcher("a!=b=c") == ["label": "a", "operator": "!=", "value": "b=c"])
        #expect(throws: Failure.self) { try Silence.matcher("nothing") }
        #expect(try Pairs.labels(["a=b=c", "d="]) == ["a": "b=c", "d": ""])
        #expect(throws: Failure.self) { try Pairs.labels(["=x"]) }
        #expect(try Lengths.seconds("1d") == 86400)
        #expect(throws: Failure.self) { try Lengths.seconds("0") }
        #expect(Words.severity("1") == "sev1" && Words.severity("SEV2") == "sev2" && Words.severity("9") == "9")
    }
}
