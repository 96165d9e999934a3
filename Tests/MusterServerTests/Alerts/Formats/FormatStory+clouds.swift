@testable import MusterServer

/// What clouds and monitoring services send.
extension FormatStory {
    static let clouds: [FormatStory] = [
        FormatStory(
            .cloudwatch, "SNS", identity: "42|EU (Ireland)|cpu", title: "cpu",
            """
            {"Type":"Notification","Message":"{\\"AlarmName\\":\\"cpu\\",\\"AWSAccountId\\":\\"42\\",\\"Region\\":\\"EU (Ireland)\\",
            \\"NewStateValue\\":\\"STATE\\",\\"StateChangeTime\\":\\"2026-09-21T10:00:00.093+0000\\",\\"Trigger\\":{\\"Dimensions\\":
            [{\\"name\\":\\"InstanceId\\",\\"value\\":\\"i-1\\"}]}}"}
            """.replacing("\n", with: ""), ["ALARM": .firing, "INSUFFICIENT_DATA": nil, "OK": .resolved]),
        FormatStory(
            .cloudwatch, "raw", identity: "42|EU (Ireland)|cpu", title: "cpu",
            #"{"AlarmName":"cpu","AWSAccountId":"42","Region":"EU (Ireland)","NewStateValue":"STATE"}"#,
            ["ALARM": .firing, "OK": .resolved]),
        FormatStory(
            .cloudwatch, "EventBridge", identity: "42|eu-west-1|cpu", title: "cpu",
            """
            {"detail-type":"CloudWatch Alarm State Change","account":"42","region":"eu-west-1","resources":["arn:x"],
            "detail":{"alarmName":"cpu","state":{"value":"STATE","timestamp":"2026-09-21T10:00:00.000+0000"}}}
            """, ["ALARM": .firing, "OK": .resolved]),
        FormatStory(
            .gcpMonitoring, identity: "0.abc", title: "Latency above 2 s",
            """
            {"version":"1.2","incident":{"incident_id":"0.abc","state":"STATE","summary":"Latency above 2 s",
            "started_at":1790000000,"ended_at":1790000600,"policy_user_labels":{"team":"db"},"severity":"Critical"}}
            """, ["open": .firing, "closed": .resolved]),
        FormatStory(
            .gcpMonitoring, "Pub/Sub", identity: "0.abc", title: "S",
            // {"incident":{"incident_id":"0.abc","state":"open","summary":"S"}}
            """
            {"subscription":"s","message":{"messageId":"1",
            "data":"eyJpbmNpZGVudCI6eyJpbmNpZGVudF9pZCI6IjAuYWJjIiwic3RhdGUiOiJvcGVuIiwic3VtbWFyeSI6IlMifX0="}}
            """, ["": .firing]),
        FormatStory(
            .azureMonitor, "common", identity: "/subscriptions/1/alerts/2", title: "cpu-rule",
            """
            {"schemaId":"azureMonitorCommonAlertSchema","data":{"essentials":{"alertId":"/subscriptions/1/alerts/2",
            "alertRule":"cpu-rule","severity":"Sev1","monitorCondition":"STATE","firedDateTime":"2026-09-21T10:00:00.1234567Z",
            "resolvedDateTime":"2026-09-21T10:30:00Z","alertTargetIDs":["/t/1"],"configurationItems":["vm1"]}}}
            """, ["Fired": .firing, "Resolved": .resolved]),
        FormatStory(
            .azureMonitor, "metric", identity: "/rules/1", title: "one",
            """
            {"schemaId":"AzureMonitorMetricAlert","data":{"version":"2.0","status":"STATE","context":{"id":"/rules/1",
            "name":"one","timestamp":"2026-09-21T10:00:00Z","resourceName":"vm1"},"properties":{"team":"a"}}}
            """, ["Activated": .firing, "Deactivated": .resolved]),
        FormatStory(
            .azureMonitor, "classic", identity: "/rules/1|/vm/1", title: "one",
            #"{"status":"STATE","context":{"id":"/rules/1","resourceId":"/vm/1","name":"one"},"properties":{}}"#,
            ["Activated": .firing, "Resolved": .resolved]),
        FormatStory(
            .datadog, "variables", identity: "9bd4", title: "Disk",
            """
            {"title":"Disk","aggreg_key":"9bd4","alert_id":"12","alert_transition":"STATE","alert_priority":"P2",
            "date":"1790000000000","tags":"env:prod,service:db","hostname":"db1"}
            """, ["Triggered": .firing, "Re-Triggered": .firing, "No Data": .firing, "Recovered": .resolved]),
        FormatStory(
            .datadog, "scope", identity: "12|host:a", title: "Disk",
            #"{"title":"Disk","alert_id":"12","alert_scope":"host:a","alert_type":"STATE"}"#,
            ["error": .firing, "success": .resolved]),
        FormatStory(
            .sentry, "metric alert", identity: "4|metric alert", title: "Too many errors",
            """
            {"action":"STATE","data":{"description_title":"X: Too many errors","web_url":"https://sentry.example/4",
            "metric_alert":{"id":"4","alert_rule":{"name":"Too many errors"},"date_started":"2026-09-21T10:00:00Z",
            "date_closed":null,"projects":["web"]}}}
            """, ["critical": .firing, "warning": .firing, "resolved": .resolved]),
        FormatStory(
            .sentry, "issue", identity: "99", title: "ValueError",
            """
            {"action":"STATE","actor":{"name":"Ada"},"data":{"issue":{"id":"99","title":"ValueError","level":"error",
            "project":{"slug":"web"}}}}
            """, ["created": .firing, "assigned": nil, "resolved": .resolved]),
        FormatStory(
            .sentry, "issue alert", identity: "99", title: "ValueError",
            """
            {"action":"triggered","data":{"triggered_rule":"r","event":{"issue_id":"99","title":"ValueError","level":"error",
            "datetime":"2026-09-21T10:00:00.000000Z","tags":[["browser","x"]]}}}
            """, ["": .firing]),
        FormatStory(
            .newrelic, "workflow", identity: "i-1", title: "Slow",
            """
            {"id":"i-1","title":"Slow","state":"STATE","priority":"HIGH","createdAt":1790000000000,"updatedAt":1790000300000,
            "alertPolicyNames":["p"]}
            """, ["CREATED": .firing, "ACTIVATED": .firing, "ACKNOWLEDGED": .acknowledged, "CLOSED": .resolved]),
        FormatStory(
            .newrelic, "legacy", identity: "1|2", title: "Slow",
            #"{"account_id":1,"incident_id":2,"current_state":"STATE","condition_name":"Slow","timestamp":1790000000000}"#,
            ["open": .firing, "acknowledged": .acknowledged, "closed": .resolved]),
        FormatStory(
            .coralogix, identity: "dk", title: "Errors",
            """
            {"alert_id":"a","name":"Errors","alert_action":"STATE","service":"$SERVICE","fields":[{"key":"dedupKey","value":"dk"},
            {"key":"priority","value":"P2"},{"key":"timestampMs","value":1790000000000},{"key":"list","value":["x"]}]}
            """, ["trigger": .firing, "resolve": .resolved]),
        FormatStory(
            .signalfx, identity: "E1", title: "CPU high",
            """
            {"incidentId":"E1","messageTitle":"CPU high","statusExtended":"STATE","severity":"Major","detector":"CPU",
            "timestamp":"2026-09-21T10:00:00Z","dimensions":{"host":"a"}}
            """, ["anomalous": .firing, "ok": .resolved, "manually resolved": .resolved]),
        FormatStory(
            .thousandeyes, identity: "77", title: "Loss",
            """
            [{"eventId":"1-77","eventType":"ALERT_NOTIFICATION_STATE","alert":{"alertId":77,"ruleName":"Loss","severity":"Major",
            "dateStartZoned":"2026-09-21 10:00:00 UTC","dateEndZoned":"2026-09-21 10:10:00 UTC"}}]
            """, ["TRIGGER": .firing, "CLEAR": .resolved]),
    ]
}
