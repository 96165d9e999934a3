extension GermanTable {
    /// Subscribing to the public page, and what subscribers are told.
    static let subscriptions: KeyValuePairs<String, String> = [
        // News
        "There is a new incident.": "Es gibt eine neue Störung.", "There is an update.": "Es gibt ein Update.",
        "An update was corrected.": "Ein Update wurde berichtigt.",
        "An update was withdrawn.": "Ein Update wurde zurückgezogen.",
        "The affected services are back. They are being watched.":
            "Die betroffenen Dienste sind wieder da. Sie werden beobachtet.",
        "The incident is over.": "Die Störung ist vorbei.",
        "The incident is not over: it goes on.": "Die Störung ist nicht vorbei: Sie dauert an.",
        "The review of the incident was published.": "Der Nachbericht zur Störung wurde veröffentlicht.",
        "The incident goes on together with another one. From now on you hear of that one.":
            "Die Störung wird mit einer anderen zusammen behandelt. Ab jetzt hören Sie von dieser.",
        "An incident of which you were told was withdrawn. It is no longer public.":
            "Eine Störung, von der Sie gehört haben, wurde zurückgezogen. Sie ist nicht mehr öffentlich.",
        "Maintenance is planned.": "Eine Wartung ist geplant.",
        "The times of the maintenance have changed.": "Die Zeiten der Wartung haben sich geändert.",
        "The maintenance has begun.": "Die Wartung hat begonnen.",
        "The maintenance is over.": "Die Wartung ist vorbei.",
        "The maintenance does not take place.": "Die Wartung findet nicht statt.",
        // Mails
        "An incident": "Eine Störung", "All details": "Alle Einzelheiten", "From {} until {}.": "Von {} bis {}.",
        "You get this because you subscribed to {}. All times are UTC.":
            "Sie erhalten das, weil Sie {} abonniert haben. Alle Zeiten in UTC.",
        "Change what you hear": "Ändern, was Sie hören", "Unsubscribe": "Abbestellen",
        "Please confirm": "Bitte bestätigen", "Do you want to hear from {}?": "Möchten Sie von {} hören?",
        "Somebody, probably you, asked that news of incidents and maintenance be sent to this address.":
            "Jemand, wahrscheinlich Sie, möchte, dass Nachrichten über Störungen und Wartungen an diese Adresse gehen.",
        "Please confirm within a day. Until then, nothing else is sent.":
            "Bitte bestätigen Sie das innerhalb eines Tages. Bis dahin wird nichts weiter gesendet.",
        "Confirm": "Bestätigen",
        "If you did not ask for it, do nothing: the address is forgotten after a day.":
            "Wenn Sie das nicht möchten, tun Sie nichts: Die Adresse wird nach einem Tag vergessen.",
        "You are subscribed already": "Sie haben das schon abonniert",
        "They are, already: nothing has changed.": "Das geschieht schon: Es hat sich nichts geändert.",
        "If you did not ask for it, do nothing.": "Wenn Sie das nicht waren, tun Sie nichts.",
        // Pages
        "This link is not known, or no longer. Subscribe anew to get another one.":
            "Dieser Link ist unbekannt oder gilt nicht mehr. Abonnieren Sie neu, um einen anderen zu bekommen.",
        "Too much is asked for at the moment. Please try again later.":
            "Zurzeit wird zu viel verlangt. Bitte versuchen Sie es später noch einmal.",
        "Please check the address: it cannot be used as it is.":
            "Bitte prüfen Sie die Adresse: So kann sie nicht verwendet werden.",
        "Get updates": "Updates erhalten", "By mail": "Per E-Mail", "Your mail address": "Ihre E-Mail-Adresse",
        "Subscribe": "Abonnieren", "By webhook": "Per Webhook",
        "The URL that takes the messages": "Die URL, die die Nachrichten annimmt",
        "For programs: the messages are as Statuspage sends them. A first one asks whether they are wanted.":
            "Für Programme: Die Nachrichten sind wie die von Statuspage. Eine erste fragt, ob sie erwünscht sind.",
        "You hear when an incident begins, of each update, and when it is over; and of planned maintenance.":
            "Sie hören, wenn eine Störung beginnt, von jedem Update, und wenn sie vorbei ist; und von geplanten Wartungen.",
        "The address is stored encrypted and used for nothing else. Every message has a link that ends it.":
            "Die Adresse wird verschlüsselt gespeichert und für nichts anderes verwendet. Jede Nachricht hat einen Link zum Abbestellen.",
        "Messages go to {}.": "Nachrichten gehen an {}.",
        "Your changes are saved.": "Ihre Änderungen sind gespeichert.",
        "Nothing is sent at the moment, because messages could not be delivered. Save to try again.":
            "Zurzeit wird nichts gesendet, weil Nachrichten nicht zugestellt werden konnten. Speichern Sie, um es noch einmal zu versuchen.",
        "The last messages could not be delivered. They are tried again.":
            "Die letzten Nachrichten konnten nicht zugestellt werden. Es wird noch einmal versucht.",
        "What you hear": "Was Sie hören", "Save": "Speichern", "Your subscription": "Ihr Abonnement",
        "Show what is stored of me": "Zeigen, was über mich gespeichert ist",
        "Unsubscribe and delete everything": "Abbestellen und alles löschen", "Your data": "Ihre Daten",
        "By feed": "Per Feed",
        "For feed readers and calendars; no address is needed.": "Für Feedreader und Kalender; ganz ohne Adresse.",
        "Language of the messages": "Sprache der Nachrichten", "Only of these services": "Nur von diesen Diensten",
        "Choose none to hear of all.": "Wählen Sie keinen, um von allen zu hören.",
        "That did not work": "Das hat nicht geklappt", "One more step": "Noch ein Schritt",
        "If the address can be subscribed, a mail is on its way to it. Please confirm by the link in it within a day.":
            "Wenn die Adresse abonnieren kann, ist eine E-Mail dorthin unterwegs. Bitte bestätigen Sie innerhalb eines Tages über den Link darin.",
        "If the URL can be subscribed, a message is on its way to it, which asks whether it is wanted.":
            "Wenn die URL abonnieren kann, ist eine Nachricht dorthin unterwegs, die fragt, ob sie erwünscht ist.",
        "Press the button, and news of incidents and maintenance will be sent to you.":
            "Drücken Sie den Knopf, und Sie erhalten Nachrichten über Störungen und Wartungen.",
        "You are subscribed": "Abonniert",
        "From now on you hear of incidents and maintenance. Every message has a link that ends it.":
            "Ab jetzt hören Sie von Störungen und Wartungen. Jede Nachricht hat einen Link zum Abbestellen.",
        "Press the button, and nothing more is sent to you.":
            "Drücken Sie den Knopf, und Sie erhalten nichts mehr.",
        "You are unsubscribed": "Abbestellt",
        "Nothing more is sent to you, and what was stored of you is deleted.":
            "Sie erhalten nichts mehr, und was über Sie gespeichert war, ist gelöscht.",
    ]
}
