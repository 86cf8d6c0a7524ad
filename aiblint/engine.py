"""Files to findings: read, recognise, resolve, check, select. One short function per stage."""

from __future__ import annotations

import os
import time
from functools import partial

from aiblint import files, recognise
from aiblint.finding import Holds
from aiblint.light import TYPE_CHECKING, NamedTuple
from aiblint.run import Run, Seen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from aiblint.arm.deployment import Deployment
    from aiblint.azure.live import Live, Session
    from aiblint.finding import Check, Finding
    from aiblint.script.build import Build
    from aiblint.settings import Settings
    from aiblint.source.document import Document, Fault, Span
    from aiblint.surroundings import Surroundings
    from aiblint.template import ImageTemplate, Trigger
    from aiblint.value import Value

    # What there is to look at, by the name of its type.
    Known = dict[str, tuple[object, ...]]


LONGEST_MESSAGE = 400


class Subjects(NamedTuple):
    """What one file gives the checks to look at: what its text and its expressions stumbled over, its templates.

    `form` is the kind that `aiblint.recognise` tells, empty for a file too broken to tell. `triggers` are those whose
    image template is not in the file.
    """

    document: Document
    faults: tuple[Fault, ...]
    form: str = ""
    templates: tuple[ImageTemplate, ...] = ()
    triggers: tuple[Trigger, ...] = ()


class Outcome(NamedTuple):
    """What one file came to. `broken` names checks that could not do their work: a bug of ours, never silent.

    `scripts` counts what was linted as a script of its own; `held` is what live checks found as it has to be.
    """

    findings: tuple[Finding, ...] = ()
    seen: tuple[Seen, ...] = ()
    suppressed: int = 0
    broken: tuple[str, ...] = ()
    scripts: int = 0
    held: tuple[Holds, ...] = ()


def load_checks(parts: Iterable[str] | None = None) -> tuple[Check, ...]:
    """All checks, or those of the template and of some parts of `checks`. No other place knows where they are."""
    from aiblint import checks  # type: ignore[attr-defined]  # beside this package in a checkout, inside it in a wheel

    listed: tuple[Check, ...] = checks.load() if parts is None else checks.load(parts)
    return listed


def live_checks(settings: Settings) -> int:
    """How many live checks are wanted: those that a run without `--live` skips."""
    from aiblint.settings import selects

    return sum(1 for check in load_checks(("live",)) if check.is_live and selects(check, settings))


def lint(
    paths: Iterable[str],
    settings: Settings,
    parameters: tuple[str, ...] = (),
    stdin: tuple[str, bytes] | None = None,
    live: Live | None = None,
) -> Run:
    """Lint files and folders, and standard input if given as its name and bytes; `live` says how to ask Azure, too."""
    failures: list[str] = []
    given = _given(parameters, failures)
    session = _session(live, failures)
    outcomes: list[Outcome] = []
    count = 0
    for path, data in _inputs(paths, settings, stdin, failures):
        count += 1
        if path.lower().endswith(files.SCRIPT_ENDINGS):
            outcomes.append(lint_script(path, data, settings, failures))
        elif recognise.may_hold_template(data):
            outcomes.append(lint_bytes(path, data, settings, given, session))
    if session is not None:
        session.close()
    findings = list(_once(outcomes))
    shown = tuple(finding for finding in findings if finding.severity != "info" or settings.show_info)
    return Run(
        findings=shown,
        templates=tuple(seen for outcome in outcomes for seen in outcome.seen),
        files=count,
        hidden=len(findings) - len(shown),
        suppressed=sum(outcome.suppressed for outcome in outcomes),
        skipped=0,
        scripts=sum(outcome.scripts for outcome in outcomes),
        failures=(*failures, *(line for outcome in outcomes for line in outcome.broken)),
        held=tuple(held for outcome in outcomes for held in outcome.held),
    )


def lint_bytes(
    path: str, data: bytes, settings: Settings, given: dict[str, Value], session: Session | None = None
) -> Outcome:
    """Lint one file. `given` holds parameter values by lower-case name; a parameter file beside it gives the others.

    `session` is the way to Azure; without one, live checks are skipped.
    """
    from aiblint.source.reader import read  # here and below: a folder without a template needs none of this

    subjects = understand(read(path, data), settings.api_version, given)
    if subjects is None:
        return Outcome()
    from aiblint.settings import selects

    checks = load_checks(_parts(subjects, session))
    selected = [check for check in checks if selects(check, settings, path)]
    asking = [check for check in selected if check.is_live]
    surroundings = _surroundings(path, settings)
    broken: list[str] = []
    findings: list[Finding] = []
    held: list[Holds] = []
    places: set[tuple[object, ...]] = set()
    for known, context in _contexts(selected, subjects, surroundings, session):
        found = list(_findings(selected, known, context, path, broken))
        if session is not None and context.get("Azure") is not None:
            for verdict in _verdicts(asking, known, context, path, broken, session):
                (held if isinstance(verdict, Holds) else found).append(verdict)  # type: ignore[arg-type]
        # Copies of one resource find the same thing in the same place, in other words: once is enough.
        findings += [finding for finding in found if _place(finding, context) not in places]
        places.update(_place(finding, context) for finding in found)
    findings, suppressed = _suppress(subjects.document, findings, settings, session, broken)
    seen = tuple(_seen(subjects, settings.api_version))
    return Outcome(_ordered(findings), seen, suppressed, tuple(broken), held=tuple(held))


def lint_script(path: str, data: bytes, settings: Settings, failures: list[str]) -> Outcome:
    """Lint a script file alone, as the script of a step for its operating system."""
    from aiblint.script.build import alone
    from aiblint.settings import selects
    from aiblint.surroundings import script_of

    document = script_of(path, data)
    if document is None:
        failures.append(f"{path}: this is no text, but has the name of a script")
        return Outcome()
    windows = path.lower().endswith(files.POWERSHELL_ENDINGS)
    checks = load_checks(("scripts", "windows" if windows else "shell"))
    selected = [check for check in checks if selects(check, settings, path)]
    broken: list[str] = []
    build = alone(document)
    context: dict[str, object] = {"Build": build, "Surroundings": _surroundings(path, settings)}
    findings = list(_findings(selected, _of_build(build, selected), context, path, broken))
    build.scripts[0].contents  # noqa: B018  # its comments count also where no check has asked what it says
    findings, suppressed = _suppress(document, findings, settings, None, broken)
    return Outcome(_ordered(findings), (), suppressed, tuple(broken), 1)


def _parts(subjects: Subjects, session: Session | None) -> Iterator[str]:
    """The parts of `checks` that have something to look at."""
    types = {step.type for template in subjects.templates for step in template.steps}
    shell, windows = "Shell" in types, "PowerShell" in types
    if shell or windows:
        yield "scripts"
    if shell:
        yield "shell"
    if windows:
        yield "windows"
    if session is not None:
        yield "live"


def _surroundings(path: str, settings: Settings) -> Surroundings:
    from aiblint.surroundings import Surroundings

    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    roots = tuple(os.path.join(settings.folder, root) for root in settings.script_roots)
    return Surroundings(now, "" if path == "-" else os.path.dirname(os.path.abspath(path)), roots)


# -- the stages --------------------------------------------------------------------------------------------------------


def understand(document: Document, api_version: str | None, given: dict[str, Value]) -> Subjects | None:
    """What a document holds for the checks; None when it holds no image template.

    `api_version` judges templates that do not say their own. A parameter of `given` wins over the file beside.
    """
    from aiblint.arm import deployment as arm
    from aiblint.arm.parameters import beside
    from aiblint.template import Trigger, owns

    form = recognise.recognise(document)
    # Too broken to be understood, yet it says what it wants to be: then what is wrong with it is worth saying.
    hidden = Subjects(document, document.faults) if document.faults and recognise.names_template(document) else None
    if form is None:
        return hidden
    if form.kind == recognise.LONE_TRIGGER:
        return Subjects(document, document.faults, form.kind, triggers=(Trigger(arm.literal(form.node), None),))
    if form.kind != recognise.DEPLOYMENT:
        template = _template(document, form.kind, arm.literal(form.node), api_version, None)
        return Subjects(document, document.faults, form.kind, (template,))
    faults: dict[Span, Fault] = {}
    deployment = arm.deploy(document, form.node, {**beside(document.path), **given}, faults)
    templates = tuple(
        _template(document, form.kind, resource.value, api_version, deployment)
        for resource in deployment.of_type(recognise.IMAGE_TEMPLATE)
    )
    lone = tuple(
        Trigger(resource.value, None)
        for resource in deployment.of_type(recognise.TRIGGER)
        if not any(owns(template, resource) for template in templates)
    )
    if not templates and not lone:
        return hidden
    arm.find_broken_expressions(document, faults)
    return Subjects(document, (*document.faults, *faults.values()), form.kind, templates, lone)


def _template(
    document: Document, form: str, resource: Value, api_version: str | None, deployment: Deployment | None
) -> ImageTemplate:
    from aiblint import shape
    from aiblint.template import image_template
    from aiblint.value import plain

    version, assumed = _api_version(resource, api_version)
    violations = tuple(shape.violations(plain(resource), version))
    return image_template(document, form, resource, version, assumed, deployment, violations)


def _api_version(resource: Value, api_version: str | None) -> tuple[str, bool]:
    """The API version to judge a resource by, and whether that is only assumed."""
    from aiblint import shape

    written = (resource.get("apiVersion").text or "").lower()
    version = written if written in shape.API_VERSIONS else (api_version or shape.NEWEST)
    return version, not written and api_version is None


def _seen(subjects: Subjects, api_version: str | None) -> Iterator[Seen]:
    """What the file holds: its image templates; where it has none, its triggers."""
    path = subjects.document.path
    for template in subjects.templates:
        yield Seen(path, template.form, template.api_version, template.assumed)
    for trigger in subjects.triggers if not subjects.templates else ():
        yield Seen(path, subjects.form, *_api_version(trigger.value, api_version))


def _findings(
    checks: list[Check], known: Known, context: dict[str, object], path: str, broken: list[str]
) -> Iterator[Finding]:
    """What the checks find in what there is to look at; `context` holds what their further parameters may ask for."""
    for check in checks:
        if check.is_live:
            continue
        others = [context.get(kind) for kind in check.subjects[1:]]
        for subject in known.get(check.subjects[0], ()):
            try:
                for finding in check.run(subject, *others):
                    assert not isinstance(finding, Holds)  # only live checks have more than one verdict
                    yield _complete(finding, check, context)
            except Exception as error:  # one check's bug must not hide what the others found
                broken.append(_bug(check, path, error))


def _verdicts(
    checks: list[Check],
    known: Known,
    context: dict[str, object],
    path: str,
    broken: list[str],
    session: Session,
) -> Iterator[Finding | Holds]:
    """What the live checks say, in their order; all of them ask at once."""

    def ask(check: Check, subject: object) -> list[Finding | Holds]:
        try:
            return list(check.run(subject, *(context.get(kind) for kind in check.subjects[1:])))
        except Exception as error:
            broken.append(_bug(check, path, error))
            return []

    pairs = [(check, subject) for check in checks for subject in known.get(check.subjects[0], ())]
    answers = session.side_by_side([partial(ask, check, subject) for check, subject in pairs])
    for (check, _), verdicts in zip(pairs, answers, strict=True):
        for verdict in verdicts:
            if isinstance(verdict, Holds):
                yield verdict._replace(check=check)
            else:
                yield _complete(verdict, check, context)


def _bug(check: Check, path: str, error: Exception) -> str:
    """The line about a check that fell over. Never the exception's own text: it may hold what was read."""
    if "AIBLINT_RAISE" in os.environ:
        raise error
    line = f"{path}: {check.id} {check.name} could not look at this file: {type(error).__name__}"
    return f"{line}; this is a bug of aiblint"


def _session(live: Live | None, failures: list[str]) -> Session | None:
    """The way to Azure that a run asks for; None where it asks for none, or where there is none."""
    if live is None:
        return None
    from aiblint.azure.live import LiveError, connect

    try:
        return connect(live)
    except LiveError as error:
        failures.append(str(error))
        return None


def _contexts(
    checks: list[Check], subjects: Subjects, surroundings: Surroundings, session: Session | None
) -> Iterator[tuple[Known, dict[str, object]]]:
    """What there is to look at, by the name of its type: once for the file, then once for each image template."""
    whole: Known = {"Document": (subjects.document,), "Fault": subjects.faults, "Trigger": subjects.triggers}
    yield whole, {"Surroundings": surroundings}
    wanted = {check.subjects[0] for check in checks}
    for template in subjects.templates:
        known: Known = {
            "ImageTemplate": (template,),
            "Step": template.steps,
            "Distributor": template.distributors,
            "Violation": template.violations,
        }
        if "Trigger" in wanted:
            from aiblint.template import triggers

            known["Trigger"] = tuple(triggers(template))
        from aiblint.script.build import build

        scripts = build(template, surroundings)
        known.update(_of_build(scripts, checks))
        context: dict[str, object] = {"ImageTemplate": template, "Surroundings": surroundings, "Build": scripts}
        if session is not None:
            context["Azure"] = session.of(template)
        yield known, context


def _of_build(build: Build, checks: list[Check]) -> Known:
    """What a build's scripts give the checks to look at; they are read only if some check looks at commands."""
    wanted = any(check.subjects[0] == "Command" for check in checks)
    return {"Build": (build,), "Script": build.scripts, "Command": tuple(build.commands) if wanted else ()}


def _complete(finding: Finding, check: Check, context: dict[str, object]) -> Finding:
    """The finding with its check, its severity, and the places where its value is defined and its script is run."""
    from aiblint.finding import Related

    related = finding.related
    build: Build | None = context.get("Build")  # type: ignore[assignment]
    for script in build.scripts if build is not None else ():
        if script.file is finding.span.document and script.step is not None and script.named is not None:
            related = (*related, Related(script.named.span, f"{script.step.label} runs it"))
            break
    definition = getattr(finding.at, "definition", None)
    if definition is not None and definition.span[:3] != finding.span[:3]:
        what = "it is declared here" if getattr(finding.at, "is_unknown", False) else "the value is defined here"
        related = (*related, Related(definition.span, what))
    message = finding.message
    if len(message) > LONGEST_MESSAGE:  # it quotes the template, and the template may be anything
        from aiblint import secret

        message = secret.mask(message)  # before it is cut: of half a secret nobody can tell that it is one
        message = f"{message[: LONGEST_MESSAGE - 60]}…{message[-59:]}"
    severity = finding.severity or check.severity
    return finding._replace(check=check, severity=severity, message=message, related=related)


def _suppress(
    document: Document, findings: list[Finding], settings: Settings, session: Session | None, broken: list[str]
) -> tuple[list[Finding], int]:
    """What comments leave, and how many they silence; what is wrong with the comments is found as well."""
    suppressed = 0
    for place in {document: None, **{finding.span.document: None for finding in findings}}:
        if not any("aiblint" in comment.text for comment in place.comments):
            continue
        from aiblint import suppression
        from aiblint.settings import selects

        # A comment may name any check, also one that has nothing to look at here: then it silences nothing.
        checks = load_checks()
        selected = [
            check
            for check in checks
            if selects(check, settings, document.path) and (session is not None or not check.is_live)
        ]
        findings, silenced, complaints = suppression.apply(place, findings, selected, checks)
        about_comments = list(_findings(selected, {"Complaint": tuple(complaints)}, {}, place.path, broken))
        about_comments, more, _ = suppression.apply(place, about_comments, selected, checks)
        findings, suppressed = findings + about_comments, suppressed + silenced + more
    return findings, suppressed


def _once(outcomes: list[Outcome]) -> Iterator[Finding]:
    """All findings; what several templates find in the same place of a script that they share, once."""
    seen: set[tuple[object, ...]] = set()
    for outcome in outcomes:
        for finding in outcome.findings:
            key = (finding.span.document.path, finding.span[:2], finding.check.id if finding.check else "")
            if finding.span.document.root is None and key in seen:
                continue
            seen.add(key)
            yield finding


def _place(finding: Finding, context: dict[str, object]) -> tuple[object, ...]:
    """Where a finding marks and relates to, by which check, in which resource."""
    template = context.get("ImageTemplate")
    node = template.resource.node if template is not None else None  # type: ignore[attr-defined]
    spans = (finding.span[:2], *(related.span[:2] for related in finding.related))
    return (node, finding.check.id if finding.check else "", *spans)


def _is_copied(finding: Finding) -> bool:
    """Whether a finding marks what a copy loop of properties repeats: then each copy has it, in its own words."""
    node = finding.node
    while node is not None and node.parent is not None:
        loops = node.parent.parent
        in_loop = loops is not None and loops.key is not None and loops.key.value == "copy"
        if in_loop and node.key is not None and node.key.value == "input":
            return True
        node = node.parent
    return False


def _ordered(findings: list[Finding]) -> tuple[Finding, ...]:
    """In the order of the file, each problem once: copies of a template find the same thing in the same place."""
    unique: dict[tuple[object, ...], Finding] = {}
    for f in findings:
        words = "" if _is_copied(f) else f.message
        unique.setdefault((f.check.id if f.check else "", f.span[:3], words), f)
    # The template comes first, then each script in the order in which it is run.
    order = {document: number for number, document in enumerate(dict.fromkeys(f.span.document for f in findings))}
    return tuple(sorted(unique.values(), key=lambda f: (_place_in_report(f, order), f.check.id if f.check else "")))


def _place_in_report(finding: Finding, order: dict[Document, int]) -> tuple[bool, int, int, int]:
    start, end, document, _ = finding.span
    return document.root is None, order[document], start, end


# -- input -------------------------------------------------------------------------------------------------------------


def _inputs(
    paths: Iterable[str], settings: Settings, stdin: tuple[str, bytes] | None, failures: list[str]
) -> Iterator[tuple[str, bytes]]:
    if stdin is not None:
        yield stdin
    for path in files.collect(paths, settings, failures):
        try:
            with open(path, "rb") as file:
                data = file.read()
        except OSError as error:
            failures.append(f"{path}: {(error.strerror or str(error)).lower()}")
            continue
        yield path, data


def _given(parameters: tuple[str, ...], failures: list[str]) -> dict[str, Value]:
    if not parameters:
        return {}
    from aiblint.arm.parameters import gather

    try:
        return gather(parameters)
    except (OSError, ValueError) as error:
        strerror = getattr(error, "strerror", None)
        failures.append(f"{getattr(error, 'filename', '')}: {strerror.lower()}" if strerror else str(error))
        return {}
