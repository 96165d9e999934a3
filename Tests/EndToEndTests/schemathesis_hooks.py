"""What schemathesis cannot know of Muster; schemathesis.sh loads it."""

import re
import uuid

import schemathesis
from schemathesis.generation.meta import CoveragePhaseData, CoverageScenario


@schemathesis.hook
def before_call(context, case, kwargs):
    if not case.headers or case.meta is None:
        return
    tag, key = case.headers.get("If-Match"), case.headers.get("Idempotency-Key")
    if case.meta.generation.mode.is_positive:
        # The coverage phase makes header values of letters and digits only, whatever their pattern says.
        if tag and tag.isalnum():
            case.headers["If-Match"] = f'"{tag}"'
    elif key and re.fullmatch("[!#-~]{1,255}", key) and not lacks_something(case):
        # A key that was used gives its first answer again, whatever is wrong with this request.
        case.headers["Idempotency-Key"] = uuid.uuid4().hex


def lacks_something(case):
    """Whether the case is about what is missing; changed, schemathesis judges it by the token that it sends anyway."""
    data = case.meta.phase.data
    return isinstance(data, CoveragePhaseData) and data.scenario == CoverageScenario.MISSING_PARAMETER
