"""What schemathesis cannot know of Muster; schemathesis.sh loads it."""

import uuid

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    if not case.headers or case.meta is None:
        return
    tag, key = case.headers.get("If-Match"), case.headers.get("Idempotency-Key")
    if case.meta.generation.mode.is_positive:
        # The coverage phase makes header values of letters and digits only, whatever their pattern says.
        if tag and tag.isalnum():
            case.headers["If-Match"] = f'"{tag}"'
    elif key and key.isalnum() and len(key) < 200:
        # A key that was used gives its first answer again, whatever is wrong with this request.
        case.headers["Idempotency-Key"] = uuid.uuid4().hex
