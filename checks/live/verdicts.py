"""How live checks say what Azure answered, so that all say it alike."""

from __future__ import annotations

from aiblint.finding import Finding
from aiblint.light import TYPE_CHECKING

if TYPE_CHECKING:
    from aiblint.azure.answer import Answer
    from aiblint.azure.rbac import Verdict
    from aiblint.value import Value

SIGN = "give aiblint's own account the role `Reader` there"


def unchecked(at: Value, what: str, answer: Answer | str) -> Finding:
    """That it is not known whether `what` is so (`the gallery is there`), and why: an answer without one, or a reason."""
    reason = answer if isinstance(answer, str) else answer.reason or answer.kind
    forbidden = not isinstance(answer, str) and answer.kind == "forbidden"
    return Finding(
        at,
        f"it could not be checked whether {what}: {reason}",
        help=SIGN if forbidden else "mend that, and run it again",
        severity="warning",
        unchecked=reason,
    )


def unknown(at: Value, what: str, name: str) -> Finding:
    """The same where the template leaves open what to ask for; `name` is the property."""
    reason = f"the value of `{name}` is not known"
    return Finding(
        at,
        f"it could not be checked whether {what}: {reason}",
        help="give the parameters of the deployment with `--parameters`",
        severity="warning",
        unchecked=reason,
    )


def undecided(at: Value, what: str, verdict: Verdict) -> Finding:
    """The same where the rights that were read do not tell whether somebody `may do` it."""
    helps = {
        "condition": "see whether the condition lets it through, or grant the role without one",
        "similar-role": "assign `Contributor` or `Owner` itself to be sure",
        "group": "see whether it is in that group",
    }
    found = unchecked(at, what, verdict.because)
    forbidden = "the account that is signed in lacks" in verdict.because
    return found._replace(help=SIGN if forbidden else helps.get(verdict.kind, found.help))
