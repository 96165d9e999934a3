extension GermanTable {
    /// Titles of sections and parts of them, and what stands there as sentences.
    static let sections: KeyValuePairs<String, String> = [
        "Summary": "Zusammenfassung", "Impact": "Auswirkung", "Detection": "Erkennung", "Timeline": "Chronik",
        "Durations": "Zeiten", "Mitigations": "Gegenmaßnahmen", "Restoration": "Wiederherstellung",
        "Communication": "Kommunikation", "Overrides": "Abweichungen von den Regeln",
        "What went well": "Was gut lief", "What went wrong": "Was schlecht lief", "Lessons": "Erkenntnisse",
        "Action items": "Maßnahmen", "Still open": "Noch offen",
        "Not written yet. What worked, and should be kept: people, tools, decisions, luck?":
            "Noch nicht geschrieben. Was hat sich bewährt und soll so bleiben: Menschen, Werkzeuge, Entscheidungen, Glück?",
        "Not written yet. What contributed, beyond the cause: what hid it, what made it worse, what slowed the work?":
            "Noch nicht geschrieben. Was kam zur Ursache hinzu: was hat sie verdeckt, was hat es verschlimmert, was hat die Arbeit gebremst?",
        "Not written yet. What is known now that was not known before, and who has to hear it?":
            "Noch nicht geschrieben. Was wissen wir jetzt, das wir vorher nicht wussten, und wer muss es erfahren?",
        // Summary
        "no severity set": "kein Schweregrad gesetzt",
        "INC-{} “{}” ({}): {}impact started {}": "INC-{} „{}“ ({}): {}Beginn der Auswirkung {}",
        "{}; dismissed as a false alarm.": "{}; als Fehlalarm verworfen.",
        "{}; merged into INC-{}, where it continues.": "{}; mit INC-{} zusammengeführt, dort geht es weiter.",
        "{}; not restored.": "{}; nicht wiederhergestellt.",
        "{}; restored {}, after {}.": "{}; wiederhergestellt {}, nach {}.",
        "{}; recovered by itself {}, after {}.": "{}; von selbst behoben {}, nach {}.", "Severity": "Schweregrad",
        "Components affected": "Betroffene Komponenten", "Restoration waived": "Auf Wiederherstellung verzichtet",
        "Commander": "Einsatzleitung", "Alerts": "Alarme", "Updates posted": "Veröffentlichte Updates",
        "Labels": "Labels", "Related incidents": "Verwandte Störungen", "Merged into it": "Hierher zusammengeführt",
        "none recorded": "keine erfasst", "{} to {}": "{} an {}", "not recorded": "nicht erfasst",
        "INC-{} “{}”": "INC-{} „{}“", "INC-{} ({})": "INC-{} ({})", "{} (before: {})": "{} (davor: {})",
        // Impact
        "User reports": "Nutzermeldungen", "Components": "Komponenten", "Audiences": "Betroffene",
        "No component impact recorded.": "Keine Auswirkung auf Komponenten erfasst.",
        "{}, switched off on purpose": "{}, absichtlich abgeschaltet",
        "Recorded at first, later removed: {}.": "Zuerst erfasst, später entfernt: {}.", "all": "alle",
        " in all": " in allen", "{}, and ongoing": "{}, dauert an", "ongoing": "dauert an", "over {}": "vorbei {}",
        "No audience impact recorded.": "Keine Auswirkung auf Betroffene erfasst.", "Measures": "Messwerte",
        // Detection
        "{} after the start": "{} nach dem Beginn", "at the start": "zum Beginn",
        "Detected {}, {}, by {}.": "Erkannt {}, {}, durch {}.", "the report “{}”": "die Meldung „{}“",
        "the alert “{}”": "den Alarm „{}“", "an alert": "einen Alarm",
        "{}, who opened the incident": "{} (hat die Störung eröffnet)",
        "whoever opened it": "den, der sie eröffnet hat",
        // Cause
        "No cause recorded.": "Keine Ursache erfasst.", "How it was found": "Wie sie gefunden wurde",
        "All suspected causes were refuted.": "Alle vermuteten Ursachen wurden widerlegt.",
        "What else took part": "Was noch beigetragen hat", "change {}": "Änderung {}", "Decisions": "Entscheidungen",
        "Changes": "Änderungen",
        // Timeline
        "Lead-up": "Vorgeschichte", "{} more stand in the timeline.": "{} weitere stehen in der Chronik.",
        "The full timeline.": "Die vollständige Chronik.",
        "Key moments: {}. The full timeline can be read and verified.":
            "Wichtige Momente: {}. Die vollständige Chronik kann gelesen und geprüft werden.",
        "{}, {} in INC-{}: {}": "{}, {} in INC-{}: {}",
        "Written in merged incidents": "In zusammengeführten Störungen geschrieben", "Struck out": "Gestrichen",
        "{} ({}, {}) Struck out by {}. Reason: {}": "{} ({}, {}) Gestrichen von {}. Grund: {}",
        "public until it was corrected": "öffentlich bis zur Korrektur", "told to {} at first": "zuerst an {}",
        "{} (corrected, see below)": "{} (korrigiert, siehe unten)",
        // Durations
        "not reached": "nicht erreicht", "{} (corrected)": "{} (korrigiert)",
        "Measured from the start of the impact, {}.": "Gemessen ab dem Beginn der Auswirkung, {}.",
        "Time per phase": "Zeit je Phase", "Corrected clocks": "Korrigierte Zeitpunkte",
        "Clocks to check": "Zu prüfende Zeitpunkte", "since {}": "seit {}", "{}, and {}": "{}, und {}",
        " Measured until then: {}.": " Bis dahin gemessen: {}.",
        "{}: from {} to {}, by {}.": "{}: von {} zu {}, durch {}.",
        "Reverted phases": "Zurückgenommene Phasen",
        "Attachments": "Anhänge", "{} ({}, {} bytes{}){}": "{} ({}, {} Byte{}){}", ", from INC-{}": ", aus INC-{}",
        "told with an update": "mit einem Update genannt", "To be read by {}.": "Noch zu lesen von {}.",
        // Mitigations
        "No mitigation recorded.": "Keine Gegenmaßnahme erfasst.", "Done": "Erledigt", "Not done": "Nicht erledigt",
        "struck out": "gestrichen", "Tasks": "Aufgaben", "Mitigation {}: {}": "Gegenmaßnahme {}: {}",
        "What changed from the beginning of each that succeeded until {} after its end.":
            "Was sich vom Beginn jeder erfolgreichen bis {} nach ihrem Ende geändert hat.",
        "Mitigated {}, as a person corrected it.": "Eingedämmt {}, von einer Person berichtigt.",
        "Not mitigated yet: something is still at the worst level ({}).":
            "Noch nicht eingedämmt: etwas ist noch auf der schlimmsten Stufe ({}).",
        "Mitigated {}: that is when nothing was at the worst level ({}) any more.":
            "Eingedämmt {}: von da an war nichts mehr auf der schlimmsten Stufe ({}).",
        "Detected {}, {}, as a person corrected it.": "Erkannt {}, {}, von einer Person berichtigt.",
        "What the mitigations changed": "Was die Gegenmaßnahmen bewirkt haben", "from {} to {}": "von {} zu {}",
        "{} over": "{} vorbei", "harm": "Schaden", "still at {}: {}": "noch auf {}: {}",
        "no impact changed": "keine Auswirkung hat sich geändert",
        // Restoration
        "No component had to be restored.": "Keine Komponente musste wiederhergestellt werden.",
        ", effective tier {}": ", wirksam {}",
        "Waves follow criticality and dependencies. The table shows the actual order.":
            "Wellen richten sich nach Wichtigkeit und Abhängigkeiten. Die Tabelle zeigt die tatsächliche Reihenfolge.",
        "Started is the first start since the component was last back, and Took counts from it: later attempts are inside.":
            "„Begonnen“ ist der erste Beginn, seit die Komponente zuletzt da war, und „Dauer“ zählt ab da: spätere Versuche sind enthalten.",
        "{} not over": "{} nicht vorbei", "{} {} after {}": "{} {} nach {}", "Attempts": "Versuche",
        "{} was found to need {}, and the catalog does not say so: add it to `depends_on` of {}, or say why not.":
            "Es zeigte sich, dass {} auf {} angewiesen ist, und im Katalog steht das nicht: in `depends_on` von {} eintragen, oder sagen, warum nicht.",
        "Dependencies to look at": "Zu prüfende Abhängigkeiten",
        "{} could have been started {} earlier, and was started when {} was back: does it need that?":
            "{} hätte {} früher begonnen werden können und wurde begonnen, als {} wieder da war: ist es darauf angewiesen?",
        "Deviations from the plan": "Abweichungen vom Plan", "ETAs communicated": "Mitgeteilte voraussichtliche Enden",
        "corrected": "korrigiert", "on time": "pünktlich", "{} late": "{} später", "{} early": "{} früher",
        "Planned and actual": "Geplant und tatsächlich",
        "Plan as of the start of restoration.": "Plan vom Beginn der Wiederherstellung.",
        " {} waived, which this leaves out.": " Ohne {}, auf die verzichtet wurde.",
        "Planned finish {}.": "Geplantes Ende {}.",
        "{} {} Actual finish {}, {}.{}": "{} {} Tatsächliches Ende {}, {}.{}",
        "{} for {}": "{} für {}", "started {}": "begonnen {}", "not planned": "nicht geplant",
        "not started": "nicht begonnen",
        "not restored": "nicht wiederhergestellt",
        "{} more with smaller differences are not shown.": "{} weitere mit kleineren Abweichungen sind nicht gezeigt.",
        "not in the catalog": "nicht im Katalog",
        // Communication
        "No update was published.": "Kein Update wurde veröffentlicht.", "public": "öffentlich",
        ", approved by {}": ", freigegeben von {}", "Update {}, {}, {}{}: {}": "Update {}, {}, {}{}: {}",
        "Corrections": "Korrekturen", "Update {} to {}: withdrawn.": "Update {} an {}: zurückgezogen.",
        "Update {} to {}: not published.": "Update {} an {}: nicht veröffentlicht.",
        "Drafts that were not published": "Entwürfe, die nicht veröffentlicht wurden",
        "Late updates": "Überfällige Updates", "taken back": "zurückgenommen",
        "restoration plan": "Wiederherstellungsplan",
        "not restored yet": "noch nicht wiederhergestellt", "ETAs set": "Genannte voraussichtliche Enden",
        "Why it happened": "Warum es geschah", "Struck out: {}": "Gestrichen: {}", "lifted": "aufgehoben",
        "The whole timeline: {}": "Der ganze Verlauf: {}", "What the timeline says": "Was im Verlauf steht",
        "{} Begun {}, {} before.": "{} Begonnen {}, {} zuvor.",
        "told with a correction": "mit einer Korrektur mitgeteilt",
        // Overrides, action items, what is open
        "Nothing was overridden.": "Von keiner Regel wurde abgewichen.",
        "Left {} without “{}”: {}": "{} verlassen ohne „{}“: {}", "Started {} early: {}": "{} vorzeitig begonnen: {}",
        "No action items.": "Keine Maßnahmen.",
        "All requirements are met: the incident can advance from {} to {}.":
            "Alle Bedingungen sind erfüllt: die Störung kann von {} zu {} weitergehen.",
        "Required to leave phase {}:": "Nötig, um die Phase {} zu verlassen:",
        "No more requirements: the incident is {}.": "Keine weiteren Bedingungen: die Störung ist {}.",
        "Open action items: {}.": "Offene Maßnahmen: {}.",
        "{} more not shown; the full timeline has them.": "{} weitere nicht gezeigt; die vollständige Chronik hat sie.",
        "{} more": "{} weitere",
        "Truncated: too large to show. The review's JSON has the full text.":
            "Gekürzt: zu groß, um es zu zeigen. Das JSON der Nachbereitung hat den ganzen Text.",
        // The public version
        "an engineer": "ein Techniker", "monitoring": "die Überwachung", "a component": "eine Komponente",
        "(link)": "(Link)",
    ]

    /// Heads of tables, and what stands in their cells alone.
    static let tables: KeyValuePairs<String, String> = [
        "When ({})": "Wann ({})", "What": "Was", "Who": "Wer", "Why": "Warum", "By": "Von", "Role": "Rolle",
        "At fault": "Ort des Fehlers", "Confidence": "Sicherheit", "Evidence": "Beleg", "No.": "Nr.",
        "Published ({})": "Veröffentlicht ({})", "Audience": "Empfänger", "Update": "Update",
        "Approved by": "Freigegeben von", "Set at ({})": "Genannt ({})", "ETA ({})": "Voraussichtliches Ende ({})",
        "Reason": "Grund", "Actual": "Tatsächlich", "Component": "Komponente", "Source": "Quelle", "Value": "Wert",
        "Until ({})": "Bis ({})", "Decision": "Entscheidung", "Change": "Änderung", "Kind": "Art",
        "Owner": "Verantwortlich", "History ({})": "Verlauf ({})", "State": "Stand", "Took": "Dauer",
        "Tier": "Kritikalität",
        "Wave": "Welle", "Started ({})": "Begonnen ({})", "Restored ({})": "Wiederhergestellt ({})",
        "Posted at ({})": "Mitgeteilt ({})", "Planned ({})": "Geplant ({})", "Actual ({})": "Tatsächlich ({})",
        "Difference": "Abweichung", "Regions": "Regionen", "Worst": "Schlimmste Stufe", "For": "Dauer",
        "Over time ({})": "Verlauf ({})", "In all": "Insgesamt", "Milestone": "Meilenstein",
        "Reached ({})": "Erreicht ({})", "After": "Nach", "Seconds": "Sekunden", "Phase": "Phase", "Visits": "Besuche",
        "Time": "Zeit", "Overridden": "Abgewichen", "Id": "Id", "Priority": "Priorität", "Answers": "Antwort auf",
        "Due": "Fällig", "Required": "Pflicht", "yes": "ja", "no": "nein", "none | owner": "niemand",
        "none | date": "kein Termin",
    ]

    /// The head of the document, its page, and the public page.
    static let head: KeyValuePairs<String, String> = [
        "; 1 component waived": "; auf 1 Komponente verzichtet",
        "; {} components waived": "; auf {} Komponenten verzichtet",
        "{} ongoing": "{} dauert an", ", impact ongoing": ", Auswirkung dauert an",
        ", impact for {} in all": ", Auswirkung insgesamt {}", "Cause not recorded.": "Ursache nicht erfasst.",
        "Cause not known: what was suspected was refuted.":
            "Ursache nicht bekannt: was vermutet wurde, ist widerlegt.",
        "no owner": "niemand verantwortlich", "no due date": "ohne Termin", "revision {}": "Fassung {}",
        "generated from the timeline, review not started": "aus der Chronik erzeugt, Nachbereitung nicht begonnen",
        "revision {}, {}": "Fassung {}, {}", "revision {}, approved by {}": "Fassung {}, freigegeben von {}",
        "revision {}, approved": "Fassung {}, freigegeben", "Post-incident review": "Nachbereitung der Störung",
        "phase {}": "Phase {}", "Signed by {}.": "Unterzeichnet von {}.", "People affected": "Betroffene Menschen",
        "Money": "Geld", "and {} more": "und {} weitere", "What is done about it": "Was dagegen getan wird",
        "Still to be written: {}.": "Noch zu schreiben: {}.", "1 entry": "1 Eintrag", "{} entries": "{} Einträge",
        "Generated by Muster on {} from the timeline of INC-{} ({}).":
            "Von Muster am {} aus der Chronik von INC-{} erzeugt ({}).",
        "All times are {}, but for what was approved, which keeps its own.":
            "Alle Zeiten: {}; was freigegeben ist, behält die seinen.",
        "All times are {}.": "Alle Zeiten: {}.",
        "not written yet": "noch nicht geschrieben", "from the timeline": "aus der Chronik", "edited": "bearbeitet",
        "Not approved yet.": "Noch nicht freigegeben.",
        "The text may still change.": "Der Text kann sich noch ändern.", "Cause.": "Ursache.", "Contents": "Inhalt",
        "no severity": "kein Schweregrad", "Time to detect": "Zeit bis zur Erkennung",
        "Time to acknowledge": "Zeit bis zur Quittierung", "Time to mitigate": "Zeit bis zur Eindämmung",
        "Time to restore": "Zeit bis zur Wiederherstellung",
        "The rest is left out: a public version has at most 256 KiB.":
            "Der Rest fehlt: eine öffentliche Fassung hat höchstens 256 KiB.",
        "draft, not approved": "Entwurf, nicht freigegeben",
        "This is what the public will read once it is.":
            "Das wird die Öffentlichkeit lesen, sobald sie freigegeben ist.",
    ]

    /// Pictures, their captions and legends.
    static let pictures: KeyValuePairs<String, String> = [
        "The incident over time": "Die Störung im Verlauf", "{} from {} for {}": "{} ab {} für {}",
        "{} from {}": "{} ab {}",
        "{} updates published": "veröffentlichte Updates: {}",
        "Worst impact: {}. ": "Schlimmste Auswirkung: {}. ",
        "Impact started {}. {}{}.{}": "Beginn der Auswirkung {}. {}{}.{}", "impact": "Auswirkung",
        "worst level": "schlimmste Stufe", "updates": "Updates", "{} published": "veröffentlicht: {}",
        "{}{} so far": "{}{} bisher", "undetected": "unerkannt", "{} undetected": "{} unerkannt",
        "update, {}": "Update, {}", "{}, {} to {}, {}": "{}, {} bis {}, {}",
        "User reports over time": "Nutzermeldungen im Verlauf",
        "Restoration, planned and actual": "Wiederherstellung, geplant und tatsächlich",
        " ({} compared with the plan)": " ({} gegenüber dem Plan)", "started {}, ": "begonnen {}, ",
        "vs. plan": "zum Plan", "Wave {}": "Welle {}", "started with override": "trotzdem begonnen",
        " Grey: not to scale.": " Grau: nicht maßstäblich.", "Grey: not to scale.": "Grau: nicht maßstäblich.",
        "Impact, phases and updates over time, from {}.{}": "Auswirkung, Phasen und Updates im Verlauf, ab {}.{}",
        "{}, {} values.": "{}, {} Werte.",
        "User reports per {}. Dashed line: normal rate.": "Nutzermeldungen je {}. Gestrichelt: normale Rate.",
        "Planned and actual times per component. The plan is the one from the start of restoration.":
            "Geplante und tatsächliche Zeiten je Komponente. Der Plan ist der vom Beginn der Wiederherstellung.",
        "Actual times per component.": "Tatsächliche Zeiten je Komponente.",
        "Showing {} of {} components: those with problems, and those restored last.":
            "Gezeigt sind {} von {} Komponenten: die mit Problemen und die zuletzt wiederhergestellten.",
    ]
}
