/// How the server is to plan a statement: the session's own way is for statements that look rows up.
package enum PostgresPlanning: Sendable {
    /// As every connection has it (`ConnectionParameters`): by indexes, one plan for all parameters.
    case lookUp
    /// As PostgreSQL would do by itself, for these parameters: for statistics and filtered lists, which read much.
    case free
    /// By bitmaps of indexes alone, which are put together before a row is read: for conditions that are each too wide.
    case bitmaps

    /// What makes it so until the transaction ends.
    var settings: SQL? {
        switch self {
        case .lookUp: nil
        case .free:
            """
            SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('enable_seqscan', 'on', true),
                set_config('enable_hashjoin', 'on', true), set_config('enable_mergejoin', 'on', true)
            """
        case .bitmaps:
            """
            SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('enable_indexscan', 'off', true),
                set_config('max_parallel_workers_per_gather', '0', true), set_config('work_mem', '32MB', true)
            """
        }
    }
}
