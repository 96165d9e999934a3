import IncidentDomain

/// The foreign formats that a source can have: the one table of them, one file each. docs/alert-formats.md says what each
/// takes and understands.
enum SourceKind: String, CaseIterable, Sendable {
    case alertmanager, apprise
    case azureMonitor = "azure-monitor"
    case checkly, cloudevents, cloudwatch, coralogix, datadog, formatted
    case gcpMonitoring = "gcp-monitoring"
    case generic, grafana, graylog
    /// Muster's own alerts, as of heartbeats; nobody has a key of such a source.
    case `internal`
    case kapacitor, librenms, newrelic, opsgenie, pagerduty
    case pagerdutyWebhook = "pagerduty-webhook"
    case pingdom, prometheus, riemann, sentry, signalfx, thousandeyes, updown
    case uptimeKuma = "uptime-kuma"
    case uptimerobot, vrealize, zabbix

    var format: any AlertFormat.Type { row.format }

    /// What the titles of its alerts are.
    var titleStyle: AlertWords.TitleStyle {
        switch self {
        case .alertmanager, .azureMonitor, .cloudwatch, .coralogix, .grafana, .prometheus, .zabbix: .name
        case .checkly, .pingdom, .thousandeyes, .uptimeKuma, .uptimerobot: .check
        case .apprise, .cloudevents, .datadog, .formatted, .gcpMonitoring, .generic, .graylog, .internal, .kapacitor,
            .librenms, .newrelic, .opsgenie, .pagerduty, .pagerdutyWebhook, .riemann, .sentry, .signalfx, .updown,
            .vrealize:
            .sentence
        }
    }

    /// What the tool is called.
    var title: String { row.title }

    private var row: (title: String, format: any AlertFormat.Type) {
        switch self {
        case .alertmanager: ("Prometheus Alertmanager, webhook", AlertmanagerFormat.self)
        case .apprise: ("Apprise", AppriseFormat.self)
        case .azureMonitor: ("Azure Monitor", AzureMonitorFormat.self)
        case .checkly: ("Checkly", ChecklyFormat.self)
        case .cloudevents: ("CloudEvents 1.0", CloudEventsFormat.self)
        case .cloudwatch: ("Amazon CloudWatch by SNS", CloudWatchFormat.self)
        case .coralogix: ("Coralogix", CoralogixFormat.self)
        case .datadog: ("Datadog", DatadogFormat.self)
        case .formatted: ("Grafana OnCall, formatted webhook", FormattedFormat.self)
        case .gcpMonitoring: ("Google Cloud Monitoring", GCPMonitoringFormat.self)
        case .generic: ("Any JSON, with a mapping", GenericFormat.self)
        case .grafana: ("Grafana", GrafanaFormat.self)
        case .graylog: ("Graylog", GraylogFormat.self)
        case .internal: ("Muster itself", InternalFormat.self)
        case .kapacitor: ("Kapacitor", KapacitorFormat.self)
        case .librenms: ("LibreNMS", LibreNMSFormat.self)
        case .newrelic: ("New Relic", NewRelicFormat.self)
        case .opsgenie: ("Opsgenie, Alert API and webhook", OpsgenieFormat.self)
        case .pagerduty: ("PagerDuty, Events API v2", PagerDutyFormat.self)
        case .pagerdutyWebhook: ("PagerDuty, webhooks V3", PagerDutyWebhookFormat.self)
        case .pingdom: ("Pingdom", PingdomFormat.self)
        case .prometheus: ("Prometheus, Alertmanager API v2", PrometheusFormat.self)
        case .riemann: ("Riemann", RiemannFormat.self)
        case .sentry: ("Sentry", SentryFormat.self)
        case .signalfx: ("SignalFx", SignalFxFormat.self)
        case .thousandeyes: ("ThousandEyes", ThousandEyesFormat.self)
        case .updown: ("updown.io", UpdownFormat.self)
        case .uptimeKuma: ("Uptime Kuma", UptimeKumaFormat.self)
        case .uptimerobot: ("UptimeRobot", UptimeRobotFormat.self)
        case .vrealize: ("VMware vRealize Operations", VRealizeFormat.self)
        case .zabbix: ("Zabbix", ZabbixFormat.self)
        }
    }
}

/// Reads one vendor's messages: bytes in, alerts out. Nothing is looked up and nothing is stored; unknown fields are
/// ignored; identity, status, group and times are what matters.
protocol AlertFormat {
    /// - Throws: `Problem` when the message is not of this format; it is then kept as a dead letter.
    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage
}

/// The format of the built-in sources, whose alerts Muster makes itself: no message is of it.
enum InternalFormat: AlertFormat {
    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        throw Problem(.notFound, "This source is built in: Muster itself raises its alerts.")
    }
}
