extension GermanTable {
    /// The public page, its feeds and its JSON.
    static let status: KeyValuePairs<String, String> = [
        "Service disruption": "Störung", "{}: major outage": "{}: vollständiger Ausfall",
        "{}: partial outage": "{}: teilweiser Ausfall", "{}: degraded performance": "{}: eingeschränkt",
        "Planned maintenance: {}": "Geplante Wartung: {}",
        "The service is back.": "Der Dienst ist wieder da.",
        "The service is not back yet.": "Der Dienst ist noch nicht wieder da.",
        "The status is not known yet": "Der Stand ist noch nicht bekannt",
        "This server has just started and has no data yet. Please look again in a minute.":
            "Dieser Server ist gerade erst gestartet und hat noch keine Daten. Bitte in einer Minute noch einmal nachsehen.",
        "{} of {} services are back.": "{} von {} Diensten sind wieder da.", " Back: {}.": " Wieder da: {}.",
        " Next: {}.": " Als Nächstes: {}.", "{}{}{}": "{}{}{}",
        "All systems are operational.": "Alle Systeme funktionieren.",
        "There is a service disruption.": "Es gibt eine Störung.", "{}: performance is degraded.": "{}: eingeschränkt.",
        "Partial outage: {}.": "Teilweiser Ausfall: {}.", "Major outage: {}.": "Vollständiger Ausfall: {}.",
        "1 more is partly down.": "1 weiterer Dienst ist teilweise ausgefallen.",
        "{} more are partly down.": "{} weitere sind teilweise ausgefallen.",
        "Planned maintenance is in progress.": "Eine geplante Wartung läuft.",
        // States
        "Investigating": "Wird untersucht", "Identified": "Ursache wird behoben", "Monitoring": "Wird beobachtet",
        "Resolved": "Behoben", "Post-mortem published": "Nachbericht veröffentlicht", "Operational": "Funktioniert",
        "Degraded performance": "Eingeschränkt", "Partial outage": "Teilweiser Ausfall",
        "Major outage": "Vollständiger Ausfall", "Under maintenance": "In Wartung", "Scheduled": "Geplant",
        "In progress": "Läuft", "Completed": "Abgeschlossen",
        // What stands on every page
        "As of {}. Our monitoring of this page is interrupted.":
            "Stand {}. Diese Seite wird zurzeit nicht aktualisiert.",
        "As of {}, {} ago. Our monitoring of this page is interrupted.":
            "Stand {}, vor {}. Diese Seite wird zurzeit nicht aktualisiert.",
        "Skip to content": "Zum Inhalt", "More": "Mehr", "Current status": "Aktueller Stand",
        "Incident history": "Frühere Störungen", "Maintenance calendar": "Wartungskalender",
        "All times are UTC.": "Alle Zeiten in UTC.", "Current incidents": "Aktuelle Störungen",
        "Planned maintenance": "Geplante Wartung", "Services": "Dienste",
        "No service is listed.": "Es ist kein Dienst eingetragen.",
        "A bar is a day (UTC), the last 90 days: the taller, the worse. Grey: no data.":
            "Ein Balken ist ein Tag (UTC), die letzten 90 Tage: je höher, desto schlimmer. Grau: keine Daten.",
        "Uptime is measured from incidents on this page: a major outage counts fully, a partial outage 30 %, degraded performance not at all.":
            "Die Verfügbarkeit wird aus den Störungen auf dieser Seite berechnet: Ein vollständiger Ausfall zählt ganz, ein teilweiser zu 30 %, Einschränkungen gar nicht.",
        "Last 14 days": "Die letzten 14 Tage", "Affected services": "Betroffene Dienste",
        "No update has been published yet.": "Noch wurde kein Update veröffentlicht.", "Months": "Monate",
        "No incidents.": "Keine Störungen.",
        "An incident is going on; it stands above.": "Eine Störung dauert an; sie steht oben.",
        "An incident that had begun before went on.": "Eine Störung, die früher begann, dauerte an.",
        "This history has at most 200 incidents of the last 400 days.":
            "Hier stehen höchstens 200 Störungen der letzten 400 Tage.",
        // Incidents
        "(cut; the incident's page has all of it)": "(gekürzt; ganz auf der Seite der Störung)",
        "What you can do": "Was Sie tun können", "Expected back:": "Voraussichtlich wieder da:",
        "Earlier estimates:": "Frühere Schätzungen:",
        "No new time is known yet. It was expected back:": "Ein neuer Zeitpunkt ist noch nicht bekannt. Erwartet war:",
        "said": "gesagt", "Since": "Seit", "until": "bis",
        "All {} updates": "Alle {} Updates",
        "At most {} services are shown.": "Höchstens {} Dienste werden gezeigt.",
        "Uptime: {}": "Verfügbarkeit: {}", "Uptime (known since {}): {}": "Verfügbarkeit (bekannt seit {}): {}",
        "Uptime: too little is known yet, since {}.": "Verfügbarkeit: noch ist zu wenig bekannt, seit {}.",
        "24 h {}": "24 Std. {}", "{} days {}": "{} Tage {}", "{} days": "{} Tage",
        "1 day": "1 Tag", "The last 90 days: no disruption.": "Die letzten 90 Tage: keine Störung.",
        "The last 90 days: {} with a disruption, the last one {}.":
            "Die letzten 90 Tage: {} mit Störung, zuletzt am {}.",
        "degraded performance": "eingeschränkt", "{} {}": "{} {}", "and ongoing": "dauert an",
        "Older updates are left out: {}.": "Ältere Updates sind weggelassen: {}.", "Post-mortem": "Nachbericht",
        "Page not found": "Seite nicht gefunden",
        "There is nothing at this address, or it is no longer public.":
            "Unter dieser Adresse gibt es nichts, oder es ist nicht mehr öffentlich.",
        // Help
        "There is a disruption that may be why: {}.": "Es gibt eine Störung, die der Grund sein kann: {}.",
        "This is being worked on as planned: {}. It is planned until {}.":
            "Daran wird wie geplant gearbeitet: {}. Geplant ist das bis {}.",
        "Nothing is known to be wrong.": "Es ist keine Störung bekannt.",
        "Nothing is known to be wrong with {}.": "Es ist keine Störung bekannt: {}.",
        "A known incident explains this: {}.": "Eine bekannte Störung erklärt das: {}.",
        "{} When it will be over is not known yet.": "{} Wann sie vorbei sein wird, ist noch nicht bekannt.",
        "{} It is expected to be over at {}.": "{} Voraussichtliches Ende: {}.",
        "{} It was expected to be over at {}; a new time is not known yet.":
            "{} Das Ende war für {} erwartet; eine neue Zeit ist noch nicht bekannt.",
        "Half of the last {} disruptions of {} were over after {}, nine of ten after {}.":
            "Von den letzten {} Störungen ({}) war die Hälfte nach {} vorbei, neun von zehn nach {}.",
        "Half of the last {} disruptions of {} with the same kind of cause were over after {}, nine of ten after {}.":
            "Von den letzten {} Störungen ({}) mit gleichartiger Ursache war die Hälfte nach {} vorbei, neun von zehn nach {}.",
        "Help when something does not work": "Hilfe, wenn etwas nicht geht", "Show what helps": "Zeigen, was hilft",
        "Please choose": "Bitte wählen", "What does not work?": "Was geht nicht?", "Where?": "Wo?",
        "On which device?": "Auf welchem Gerät?", "What is known": "Was bekannt ist",
        "What you can do meanwhile": "Was Sie inzwischen tun können",
        "Try these in order": "Versuchen Sie das der Reihe nach", "Tell us": "Sagen Sie es uns",
        "A report is counted. It holds no name and no address, and is not answered.":
            "Eine Meldung wird gezählt. Sie enthält weder Namen noch Adresse und wird nicht beantwortet.",
        "Choose above what does not work; then you can report it here.":
            "Wählen Sie oben, was nicht geht; dann können Sie es hier melden.",
        "Report this": "Das melden", "Thank you": "Danke",
        "Your report has arrived. It is counted with those of others.":
            "Ihre Meldung ist angekommen. Sie wird mit denen anderer gezählt.",
        // The badge
        "operational": "funktioniert",
    ]
}
