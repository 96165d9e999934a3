/// The route table: every operation of the daemon, feature by feature. What a route needs and who may call it stands in
/// the feature's `*Routes.swift`.
extension Server {
    var routes: [Route] {
        Health(pool: pool, migrator: migrator, isStopping: isStopping).routes
            + MetricsRoutes(registry: metrics, live: liveMetrics).routes
            + ProblemRoutes().routes
            + OpenAPIRoutes().routes
            + TokenRoutes(tokens: tokens, authenticator: authenticator).routes
            + features.routes
            + features.senses.routes(
                authenticator: authenticator, sources: features.sources,
                names: NamedComponents(catalog: features.catalog))
    }
}
