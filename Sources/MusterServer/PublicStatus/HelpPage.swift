import IncidentDomain

/// Help for somebody for whom something does not work: what `Pages/Templates/statushelp.mustache` shows.
struct HelpPage: Sendable {
    struct Option: Sendable {
        let value: String
        let text: String
        let isChosen: Bool
    }

    /// A question with what can be chosen.
    struct Choice: Sendable {
        let name: String
        let label: String
        let none: String
        let options: [Option]
    }

    struct Incident: Sendable {
        let name: String
        let url: String
    }

    struct Found: Sendable {
        let known: String
        let sentence: String
        let hasIncidents: Bool
        let incidents: [Incident]
        let experience: String?
        let hasMeanwhile: Bool
        let meanwhileHeading: String
        let meanwhileLanguage: String
        let meanwhile: [String]
        let hasSteps: Bool
        let stepsHeading: String
        let steps: [String]
        let reportHeading: String
        let reportText: String
        let canReport: Bool
        let symptom: String?
        let area: String?
        let platform: String?
        let reportButton: String
    }

    let language: String
    let words: StatusFrame.Words
    let query: String
    let other: String
    let otherName: String
    let otherURL: String
    let interrupted: String?
    let heading: String
    let choices: [Choice]
    let show: String
    let answer: Found

    init(_ answer: HelpAnswer, of status: PublicStatus, _ frame: StatusFrame) {
        let speech = frame.speech
        language = speech.language.rawValue
        (words, query, interrupted) = (frame.words, frame.query, frame.interruptedSince)
        (other, otherName, otherURL) = (frame.other.rawValue, frame.otherName, frame.otherLink("/help"))
        heading = frame.words.help
        show = speech("Show what helps")
        choices = Self.choices(answer.question, status, speech)
        self.answer = Self.found(answer, status, frame)
    }

    private static func choices(_ question: HelpQuestion, _ status: PublicStatus, _ speech: Speech) -> [Choice] {
        let book = status.record.help
        func choice(
            _ name: String, _ label: Phrase, _ chosen: String?, _ options: [(id: String, name: String)]
        ) -> Choice? {
            guard !options.isEmpty else { return nil }
            return Choice(
                name: name, label: speech(label), none: speech("Please choose"),
                options: options.map { Option(value: $0.id, text: $0.name, isChosen: $0.id == chosen) })
        }
        return [
            choice(
                "symptom", "What does not work?", question.symptom,
                book.symptoms.map { ($0.id, $0.name(speech.language)) }),
            choice(
                "component", "Where?", question.component, status.record.components.map { ($0.id, $0.name) }),
            choice(
                "platform", "On which device?", question.platform,
                book.platforms.map { ($0.id, $0.name(speech.language)) }),
        ].compactMap(\.self)
    }

    private static func found(_ answer: HelpAnswer, _ status: PublicStatus, _ frame: StatusFrame) -> Found {
        let speech = frame.speech
        let question = answer.question
        let steps = answer.steps.map { $0.text(speech.language) }
        let canReport = question.symptom != nil
        return Found(
            known: speech("What is known"), sentence: speech(answer.sentence), hasIncidents: !answer.incidents.isEmpty,
            incidents: answer.incidents.map {
                Incident(name: speech(status.name(of: $0)), url: frame.link("/status/incidents/\($0.number)"))
            }, experience: answer.experience.map { speech($0) }, hasMeanwhile: !answer.meanwhile.isEmpty,
            meanwhileHeading: speech("What you can do meanwhile"),
            meanwhileLanguage: answer.meanwhileLanguage ?? speech.language.rawValue, meanwhile: answer.meanwhile,
            hasSteps: !steps.isEmpty, stepsHeading: speech("Try these in order"), steps: steps,
            reportHeading: speech("Tell us"),
            reportText: canReport
                ? speech("A report is counted. It holds no name and no address, and is not answered.")
                : speech("Choose above what does not work; then you can report it here."),
            canReport: canReport, symptom: question.symptom,
            area: question.component.flatMap(status.component)?.name, platform: question.platform,
            reportButton: speech("Report this"))
    }
}

/// What somebody sees who sent a report from a page: `Pages/Templates/statusreported.mustache`.
struct HelpReportedPage: Sendable {
    let language: String
    let words: StatusFrame.Words
    let query: String
    let other: String
    let otherName: String
    let otherURL: String
    let interrupted: String?
    let heading: String
    let text: String

    init(_ frame: StatusFrame) {
        let speech = frame.speech
        language = speech.language.rawValue
        (words, query, interrupted) = (frame.words, frame.query, frame.interrupted)
        (other, otherName, otherURL) = (frame.other.rawValue, frame.otherName, frame.otherLink("/status"))
        heading = speech("Thank you")
        text = speech("Your report has arrived. It is counted with those of others.")
    }
}
