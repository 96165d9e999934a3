import Glibc
package import Postgres

/// The PostgreSQL that a test process uses: a private one, started when the first test asks for it and removed when the
/// process ends; or the one that MUSTER_TEST_POSTGRES names by a connection string.
package actor TestCluster {
    package static let shared = TestCluster()

    private var starting: Task<PostgresConfiguration, any Error>?
    private var templates: [String: Task<String, any Error>] = [:]
    private var databasesMade = 0

    /// How to reach the cluster's `postgres` database, for administration.
    package func administration() async throws -> PostgresConfiguration {
        if let starting { return try await starting.value }
        let task = Task<PostgresConfiguration, any Error> {
            if let conninfo = getenv("MUSTER_TEST_POSTGRES") {
                return PostgresConfiguration(conninfo: String(cString: conninfo))
            }
            let server = try await TestServer.start()
            return PostgresConfiguration(conninfo: server.conninfo(database: "postgres"))
        }
        starting = task
        return try await task.value
    }

    /// Makes a database as a copy of the template, which is filled when it is first asked for.
    func makeDatabase(from template: TestTemplate) async throws -> (name: String, configuration: PostgresConfiguration)
    {
        let administration = try await administration()
        let source = try await databaseName(of: template, administration)
        let name = nextName("test")
        try await PostgresAdministration.execute(
            "CREATE DATABASE \(name.sqlIdentifier) TEMPLATE \(source.sqlIdentifier)", on: administration.conninfo
        )
        return (name, try administration.connecting(toDatabase: name))
    }

    private func databaseName(of template: TestTemplate, _ administration: PostgresConfiguration) async throws -> String
    {
        if let made = templates[template.name] { return try await made.value }
        let name = nextName("template")
        let task = Task<String, any Error> {
            try await PostgresAdministration.execute(
                "CREATE DATABASE \(name.sqlIdentifier)", on: administration.conninfo)
            try await template.fill(try administration.connecting(toDatabase: name))
            return name
        }
        templates[template.name] = task
        return try await task.value
    }

    private func nextName(_ kind: String) -> String {
        databasesMade += 1
        return "muster_\(kind)_\(getpid())_\(databasesMade)"
    }
}
