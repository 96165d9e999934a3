/// What `/metrics` says of each name; others are described by their name.
enum MetricsHelp {
    static let texts = [
        "muster_alert_deliveries_waiting":
            "Batches of alerts that their incidents have not heard of, 10001 for more than 10000.",
        "muster_alerts_ignored_total":
            "Messages about alerts that changed nothing since they came too late or said nothing new, by reason.",
        "muster_alerts_unrouted": "Alerts that wait to be brought to an incident, 10001 for more than 10000.",
        "muster_alerts_unrouted_oldest_seconds":
            "How long the first of the alerts that wait to be brought to an incident has waited.",
        "muster_build_info": "The version that runs, as a label.",
        "muster_clock_offset_seconds":
            "How far this machine's clock is ahead of the database's, by which Muster goes.",
        "muster_database_up": "Whether the database answered when it was last asked for these figures.",
        "muster_dead_letters_total": "Messages that were not understood and are kept, by kind of source.",
        "muster_deadline_lateness_seconds": "Time from a deadline, such as the end of a soak, until it was acted upon.",
        "muster_dropped_rows_total":
            "Rows that were removed because their table was full (docs/operating.md), by what they were.",
        "muster_feed_lag_seconds":
            "Age of the oldest committed event that the feed does not show yet, for an older transaction still runs.",
        "muster_feed_streams": "Clients that follow the feed at this daemon.",
        "muster_feed_streams_cut_total":
            "Streams of events that the daemon ended, by reason: slow (the client did not keep up) or revoked (its token).",
        "muster_feed_streams_refused_total":
            "Streams of events that were refused (streams.max, streams.per_token_max).",
        "muster_http_accept_failures_total":
            "Attempts to accept connections that failed, as when file descriptors are used up.",
        "muster_http_unsent_budget_refusals_total":
            "Requests for what may be large, refused while clients had left too much unread.",
        "muster_http_body_budget_refusals_total":
            "Requests that were refused because too many bodies were being received (http.body_budget_bytes).",
        "muster_http_connections_closed_total":
            "Connections that the daemon ended: idle, slow, not reading, or to make room, by reason.",
        "muster_http_malformed_requests_total": "What came on a connection and could not be read as a request.",
        "muster_http_request_duration_seconds": "Time from the complete request to the ready answer.",
        "muster_http_requests_in_flight": "Requests being served now.",
        "muster_http_requests_in_flight_max": "Requests beyond this number are refused (http.requests_in_flight_max).",
        "muster_http_requests_total": "Answered requests by method, route and class of status.",
        "muster_incidents_open": "Incidents that are not over, by phase and severity.",
        "muster_intake_batch_alerts": "How many alerts were stored by one statement.",
        "muster_ingress_too_large_total":
            "Messages of other tools above ingress.body_max_bytes, by kind of source. Their beginnings are dead letters.",
        "muster_ingress_unknown_paths_total":
            "Requests for paths that do not exist beside the doors of other tools: somebody has a wrong address.",
        "muster_intake_batch_duration_seconds": "Time to store a batch of alerts.",
        "muster_intake_waiting_alerts": "Alerts that wait to be stored.",
        "muster_intake_waiting_alerts_max": "Alerts beyond this number are refused (intake.waiting_max).",
        "muster_messages_without_alert_total":
            "Messages that were understood and say nothing of any alert, as tests and installations, by kind of source.",
        "muster_loop_held_max_seconds":
            "The longest time since the start that an event loop was held; cpu is what its thread computed meanwhile.",
        "muster_loop_held_seconds":
            "The longest time that an event loop was held in the last half minute to minute: requests waited so long.",
        "muster_matching_skipped_total":
            "Alerts for which a rule or silence was left out, because matching its regular expressions took too long.",
        "muster_probe_lookups_failed_total":
            "Looks of probes that did not take place, as the resolver of this machine did not answer.",
        "muster_pruned_rows_total": "Rows that were removed because their retention was over, by what they were.",
        "muster_reports_refused_total":
            "Users' reports that were not counted, by the limit: of one address, or of all.",
        "muster_runner_last_pass_timestamp_seconds":
            "When a loop of the daemon last ended a pass without an error, in seconds since 1970.",
        "muster_worker_jobs": "Work beside the event loops that waits or runs.",
        "muster_worker_jobs_max": "Work beyond this number is refused.",
        "muster_set_aside":
            "What a loop could not carry out in a few tries and tries once an hour from then on, by its queue; the log names "
            + "each.",
        "muster_unreadable_rows":
            "Rows that this release cannot read and leaves out, by table; musterd doctor names them.",
        "postgres_connection_failures_total": "Attempts to connect to PostgreSQL that failed.",
        "postgres_connections_lost_total": "Connections to PostgreSQL that died.",
        "postgres_connections_opened_total": "Connections to PostgreSQL that were opened.",
        "postgres_deadlines_exceeded_total": "Statements that PostgreSQL did not answer before our own deadline.",
        "postgres_job_duration_seconds": "Time from handing a statement to the pool to its answer.",
        "postgres_job_wait_seconds": "The part of that time before a connection was free.",
        "postgres_jobs_refused_total": "Statements refused because too many waited.",
        "postgres_pool_busy_connections": "Connections with work in flight.",
        "postgres_pool_connections": "Open connections.",
        "postgres_pool_connections_max": "Connections that the pool may hold (database.connections).",
        "postgres_pool_waiting_jobs": "Statements that wait for a connection.",
        "process_cpu_seconds_total": "User and system CPU time spent.",
        "process_max_fds": "Open file descriptors that are allowed (LimitNOFILE=).",
        "process_open_fds": "Open file descriptors.",
        "process_resident_memory_bytes": "Resident memory size.",
        "process_start_time_seconds": "Start of the process in seconds since 1970.",
    ]
}
