import IncidentDomain

extension ServerConfiguration.Notifications {
    init(_ reader: inout SettingReader) {
        networks = OutboundNetworks(exceptions: reader.networks("notifications.allowed_networks"))
        disableAfterDays = reader.integer("notifications.disable_after_days", default: 5, 1...365)
        mailCommand = reader.command("mail.command", as: "/usr/sbin/sendmail -i -t")
        escalations = EscalationDefaults()
        for severity in Severity.allCases {
            escalations.bySeverity[severity] = Self.escalation(severity.rawValue, &reader)
        }
        escalations.unset = Self.escalation("unset", &reader)
    }

    private static func escalation(_ name: String, _ reader: inout SettingReader) -> EscalationPlan? {
        let (first, next) = ("escalation.\(name).notify", "escalation.\(name).escalate")
        let notify = reader.list(first) ?? []
        let texts = reader.list(next) ?? []
        let steps = texts.compactMap(escalationStep)
        if steps.count != texts.count {
            reader.refuse(
                next,
                "should be a list of steps such as \"300: lead, manager\": seconds (1 to 86400), then names of endpoints"
            )
        }
        guard !notify.isEmpty else {
            if !texts.isEmpty { reader.refuse(first, "is needed with \(next): the endpoints that hear first") }
            return nil
        }
        let plan = EscalationPlan(notify: notify, escalate: steps)
        if let complaint = plan.complaint { reader.refuse(next, complaint) }
        return plan
    }

    /// Reads `300: lead, manager`.
    private static func escalationStep(_ text: String) -> EscalationPlan.Step? {
        let parts = text.split(separator: ":", maxSplits: 1)
        guard parts.count == 2, let seconds = Int(parts[0].trimmingPrefix { $0 == " " }),
            (1...EscalationPlan.secondsMax).contains(seconds)
        else { return nil }
        let names = parts[1].split(separator: ",").map { String($0).onOneLine }.filter { !$0.isEmpty }
        return names.isEmpty ? nil : EscalationPlan.Step(afterSeconds: seconds, endpoints: names)
    }
}
