import Postgres
import ServiceLifecycle

/// Hears of tokens that other daemons made or revoked, and forgets what it knows of them.
struct TokenChangeRunner: Service {
    let pool: PostgresPool
    let authenticator: Authenticator

    func run() async throws {
        for await _ in pool.notifications(on: [TokenStore.channel]).cancelOnGracefulShutdown() {
            authenticator.forget()
        }
    }
}
