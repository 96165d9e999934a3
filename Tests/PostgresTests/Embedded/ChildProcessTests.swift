import Glibc
import Testing

@testable import Postgres

struct ChildProcessTests {
    @Test func `a program inherits none of our open files`() throws {
        let file = try #require(fopen("/dev/null", "r"))
        defer { fclose(file) }
        let (descriptor, command) = (fileno(file), "test -e /proc/$$/fd/")
        #expect(fcntl(descriptor, F_GETFD) == 0, "It would be inherited.")
        #expect(try ChildProcess.run(["/bin/sh", "-c", command + "0"]).status == 0)
        #expect(try ChildProcess.run(["/bin/sh", "-c", command + "\(descriptor)"]).status == 1)
    }
}
