import IncidentDomain

/// The help as JSON, for apps that show it in their own look.
enum HelpFormat {
    static func bytes(
        _ answer: HelpAnswer, of status: PublicStatus, _ settings: StatusSettings, _ language: Language,
        isCurrent: Bool
    ) -> [UInt8] {
        let speech = Speech(language: language)
        var json = JSONWriter(capacity: 4_096)
        json.object { json in
            json.member("language", language.rawValue)
            json.member("as_of", status.now)
            json.member("is_current", isCurrent)
            json.object("question") { json in
                json.member("symptom", answer.question.symptom)
                json.member("component", answer.question.component)
                json.member("platform", answer.question.platform)
            }
            json.member("known", answer.known.rawValue)
            json.member("text", speech(answer.sentence))
            json.member("expected_back", answer.eta)
            json.array("incidents", answer.incidents) { json, incident in
                json.object { json in
                    json.member("id", "\(incident.number)")
                    json.member("name", speech(status.name(of: incident)))
                    json.member("status", incident.status.rawValue)
                    json.member("impact", incident.impact.rawValue)
                    json.member("eta", incident.eta)
                    json.member("url", "\(settings.url)/status/incidents/\(incident.number)")
                }
            }
            json.object("meanwhile") { json in
                json.member("language", answer.meanwhileLanguage)
                json.member("steps", answer.meanwhile)
            }
            json.array("steps", answer.steps) { json, step in
                json.object { json in
                    json.member("id", step.id)
                    json.member("text", step.text(language))
                }
            }
            write(answer, speech, to: &json)
            writeChoices(status, language, to: &json)
        }
        return json.bytes
    }

    private static func write(_ answer: HelpAnswer, _ speech: Speech, to json: inout JSONWriter) {
        json.name("lengths")
        guard let lengths = answer.lengths else { return json.literal("null") }
        json.object { json in
            json.member("count", lengths.count)
            json.member("median_seconds", lengths.median)
            json.member("p90_seconds", lengths.ninth)
            json.member("same_cause", answer.isOfSameCause)
            json.member("text", answer.experience.map { speech($0) })
        }
    }

    /// What can be asked, and where reports go.
    private static func writeChoices(_ status: PublicStatus, _ language: Language, to json: inout JSONWriter) {
        let book = status.record.help
        json.array("symptoms", book.symptoms) { json, symptom in
            json.object { json in
                json.member("id", symptom.id)
                json.member("name", symptom.name(language))
            }
        }
        json.array("components", status.record.components) { json, component in
            json.object { json in
                json.member("id", component.id)
                json.member("name", component.name)
                json.member("group", component.group)
            }
        }
        json.array("platforms", book.platforms) { json, platform in
            json.object { json in
                json.member("id", platform.id)
                json.member("name", platform.name(language))
            }
        }
        json.member("report", "/reports")
    }
}
