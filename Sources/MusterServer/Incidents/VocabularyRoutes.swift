import HTTPTypes
import IncidentDomain

/// The words that requests accept, and the rules in force: nobody should have to look either up in a file.
struct VocabularyRoutes: Sendable {
    let rules: RulesInForce

    var routes: [Route] {
        [
            Route(.get, "/v1/roles", role: .viewer, "listRoles") { _ in Self.answer(Self.roles) },
            Route(.get, "/v1/audiences", role: .viewer, "listAudiences") { _ in Self.answer(Self.audiences) },
            Route(.get, "/v1/causes", role: .viewer, "listCauses") { _ in .json { Self.writeCauses(to: &$0) } },
            Route(.get, "/v1/policy", role: .viewer, "getPolicy") { _ in .json { $0.value(rules) } },
        ]
    }

    private static func answer(_ words: [Word]) -> Answer {
        .json { json in
            json.object { json in json.member("items", words) }
        }
    }

    private static var roles: [Word] {
        IncidentRole.allCases.map { role in
            Word(
                word: role.rawValue, meaning: role.meaning,
                usedIn: ["PUT /v1/incidents/{id}/roles/\(role.rawValue)"])
        }
    }

    /// Whom an incident hits and whom an update is for are two lists that have some words in common.
    private static var audiences: [Word] {
        let updates = ["POST /v1/incidents/{id}/updates", "POST /v1/incidents/{id}/updates/draft", "updates.approval"]
        let told = UpdateAudience.allCases.map { audience in
            let isHit = Audience(rawValue: audience.rawValue) != nil
            return Word(
                word: audience.rawValue, meaning: audience.meaning,
                usedIn: (isHit ? [impact(audience.rawValue)] : []) + updates)
        }
        let others = Audience.allCases.filter { UpdateAudience(rawValue: $0.rawValue) == nil }
        return told + others.map { Word(word: $0.rawValue, meaning: $0.meaning, usedIn: [impact($0.rawValue)]) }
    }

    private static func impact(_ audience: String) -> String { "PUT /v1/incidents/{id}/audiences/\(audience)" }

    private static func writeCauses(to json: inout JSONWriter) {
        let places = ["POST /v1/incidents", "PUT /v1/incidents/{id}/cause", "GET /v1/incidents?cause="]
        json.object { json in
            json.array("items", CauseCategory.allCases) { json, category in
                json.object { json in
                    Word(word: category.rawValue, meaning: category.meaning, usedIn: places).writeMembers(to: &json)
                    json.array("subcategories", category.subcategories) { json, subcategory in
                        json.object { json in
                            json.member("word", subcategory.rawValue)
                            json.member("meaning", subcategory.words)
                        }
                    }
                }
            }
            json.array("roles", CauseRole.allCases) { json, role in
                json.object { json in
                    json.member("word", role.rawValue)
                    json.member("meaning", role.meaning)
                }
            }
            json.array("confidences", CauseConfidence.allCases) { json, confidence in
                json.object { json in
                    json.member("word", confidence.rawValue)
                    json.member("meaning", confidence.meaning)
                }
            }
        }
    }

    /// A word, what it means, and the calls and keys of the configuration that take it.
    private struct Word: JSONWritable {
        let word: String
        let meaning: String
        let usedIn: [String]

        func write(to json: inout JSONWriter) {
            json.object { writeMembers(to: &$0) }
        }

        func writeMembers(to json: inout JSONWriter) {
            json.member("word", word)
            json.member("meaning", meaning)
            json.member("used_in", usedIn)
        }
    }
}

/// The rules in force, as the configuration has them and the commands read them.
struct RulesInForce: Sendable {
    let policy: PhasePolicy
    let updates: UpdatePolicy
    let clearing: ClearingPolicy
    let soak: SoakPolicy
    let restoration: RestorationPolicy
    let escalations: EscalationDefaults
    let severities: AlertSeverityTable
    let intake: ServerConfiguration.Intake

    init(_ configuration: ServerConfiguration) {
        policy = configuration.policy
        updates = configuration.updates.policy
        clearing = configuration.alerts.clearing
        soak = configuration.soak
        restoration = configuration.restoration
        escalations = configuration.notifications.escalations
        severities = configuration.alerts.severities
        intake = configuration.intake
    }
}

extension RulesInForce: JSONWritable {
    /// While no severity is set, and then each.
    private static let scopes: [Severity?] = [nil] + Severity.allCases

    func write(to json: inout JSONWriter) {
        json.object { json in
            writeTransitions(to: &json)
            json.array("severities", Self.scopes) { json, severity in
                json.object { write(severity, to: &$0) }
            }
            json.object("restoration") { json in
                json.member("dependents_start", restoration.opensAt == nil ? "restored" : "verifying")
                json.array("soak_seconds", soak.secondsByTier) { $0.integer($1) }
            }
            json.object("alerts") { json in
                json.member("settle_seconds", intake.settle.inSeconds)
                json.member("correlation_window_seconds", intake.correlationWindow.inSeconds)
                json.member("reopen_within_seconds", clearing.reopenSeconds)
                json.array("severity_words", severities.words) { json, line in
                    json.object { json in
                        json.member("word", line.word)
                        json.member("kind", line.kind)
                        json.member("severity", line.severity?.rawValue)
                    }
                }
            }
        }
    }

    /// What each phase asks for before it is left.
    private func writeTransitions(to json: inout JSONWriter) {
        json.array("transitions", Phase.open) { json, phase in
            json.object { json in
                json.member("from", phase.rawValue)
                json.member("to", phase.next?.rawValue)
                json.array("asks", Self.scopes) { json, severity in
                    json.object { json in
                        json.member("severity", severity?.rawValue)
                        json.array("requirements", policy.requirements(leaving: phase, severity: severity)) {
                            $0.string($1.rawValue)
                        }
                    }
                }
            }
        }
        json.array("requirements", Requirement.allCases) { json, requirement in
            json.object { json in
                json.member("word", requirement.rawValue)
                json.member("meaning", requirement.meaning)
            }
        }
    }

    private func write(_ severity: Severity?, to json: inout JSONWriter) {
        json.member("severity", severity?.rawValue)
        json.member("update_every_minutes", updates.everyMinutes(severity))
        json.member("review_due_days", updates.reviewDays(severity))
        let audiences = UpdateAudience.allCases.filter { updates.asksApproval(of: $0, severity: severity) }
        json.member("updates_need_approval", audiences.map(\.rawValue))
        json.member("waves", restoration.waves.mode(for: severity).rawValue)
        json.object("when_cleared") { json in
            switch clearing.whenCleared(severity) {
            case .keep:
                json.member("do", "keep")
                json.member("after_seconds", Int?.none)
            case .close(let seconds):
                json.member("do", "close")
                json.member("after_seconds", seconds)
            }
        }
        json.array("escalation", escalations.plan(for: severity)?.steps ?? []) { json, step in
            json.object { json in
                json.member("after_seconds", step.afterSeconds)
                json.member("endpoints", step.endpoints)
            }
        }
    }
}
