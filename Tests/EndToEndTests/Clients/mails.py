"""How a mail is read here: by Python's own parser, which also says what it found wrong."""

from email import message_from_bytes, policy


def read(data):
    """The headers and both texts of a mail that has a text and an HTML part, and its defects."""
    message = message_from_bytes(data, policy=policy.default)
    text, html = message.iter_parts()
    return {
        "defects": [
            repr(defect)
            for part in message.walk()
            for defect in [*part.defects, *(d for value in part.values() for d in getattr(value, "defects", []))]
        ],
        "names": message.keys(),
        "subject": str(message["Subject"]),
        "to": [address.addr_spec for address in message["To"].addresses],
        "names_of_to": [address.display_name for address in message["To"].addresses],
        "id": message["Message-ID"],
        "answers": message["In-Reply-To"],
        "references": message["References"],
        "unsubscribe": message["List-Unsubscribe"],
        "date": message["Date"].datetime.isoformat(),
        "type": message.get_content_type(),
        "types": [text.get_content_type(), html.get_content_type()],
        # Lines end with CRLF when they come from a mail server.
        "text": text.get_content().replace("\r\n", "\n"),
        "html": html.get_content(),
    }
