"""The command line: arguments to a run, a run to a report and an exit status.

Exit status: 0 clean, 1 findings at or above `--fail-on`, 2 aiblint could not do its work.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys

from aiblint import __version__
from aiblint.light import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from aiblint.azure.live import Live
    from aiblint.run import Run
    from aiblint.settings import Settings

CLEAN, FOUND, FAILED = 0, 1, 2
# Our texts are English: without this, argparse looks for a catalogue of translations, which takes a millisecond.
argparse._ = str  # type: ignore[attr-defined]

MOST_SECONDS = 3600
INTERRUPTED = 130  # 128 + SIGINT, as shells report it

_EPILOG = """\
commands:
  aiblint rules                 list all checks (--output json for programs)
  aiblint explain ID            what a check looks for, why it matters, and how to mend it
  aiblint permissions TEMPLATE  what the template's identity and its caller must be allowed, and where

exit status:
  0  clean     1  findings at or above --fail-on     2  aiblint could not do its work
"""


def run() -> NoReturn:
    """The console script: `main`, with what only a process of its own has to care for."""
    # A report has the template's own characters in it, whatever a code page or a locale thinks of them.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    # A run makes many values and few cycles: looking for those every 700 values costs more than the checks do.
    gc.set_threshold(100_000)
    try:
        status = main()
        sys.stdout.flush()
    except KeyboardInterrupt:
        status = INTERRUPTED
    except BrokenPipeError:  # the reader, `head` say, has seen enough
        status = FAILED
    except OSError as error:  # reading was cared for where it was done: this is the output
        sys.stderr.write(f"aiblint: the report cannot be written: {(error.strerror or str(error)).lower()}\n")
        status = FAILED
    except Exception as error:  # an uncaught one would leave with 1, which means findings
        status = _broken(error)
    # All is said, and nothing is open: taking a hundred modules down again would double the time (mypy leaves so, too).
    os._exit(status)


def main(argv: list[str] | None = None) -> int:
    """Run aiblint with these arguments (those of the process if None) and return the exit status."""
    arguments = sys.argv[1:] if argv is None else argv
    word = next((argument for argument in arguments if not argument.startswith("-")), "")
    command = _COMMANDS.get(word) if not os.path.exists(word) else None
    try:
        if command is None:
            return _lint(arguments)
        place = arguments.index(word)
        return command(arguments[:place] + arguments[place + 1 :])
    except SystemExit as stop:  # argparse: --help, --version, bad usage
        return stop.code if isinstance(stop.code, int) else FAILED


# -- commands ----------------------------------------------------------------------------------------------------------


def _lint(arguments: list[str]) -> int:
    parser = _Parser(
        prog="aiblint",
        usage="aiblint [options] [path ...]",
        description="Lint image templates of Azure VM Image Builder, and the scripts that they run.",
        epilog=_EPILOG,
        formatter_class=_formatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add(
        "paths",
        nargs="*",
        metavar="path",
        help="template, script or folder (honouring .gitignore); default: this folder; - reads standard input",
    )
    add("--output", choices=("text", "concise", "json"), default="text", help="how to report (default: text)")
    add("--select", action="append", metavar="CHECKS", help="only these: ids, names or beginnings of ids, with commas")
    add("--ignore", action="append", metavar="CHECKS", help="all but these, unless --select is more specific")
    add("--fail-on", choices=("error", "warning", "info"), help="mildest severity for exit status 1 (default: warning)")
    add("--show-info", action="store_true", help="show hints, too")
    add("--parameters", action="append", default=[], metavar="FILE|NAME=VALUE", help="values of template parameters")
    add("--api-version", metavar="VERSION", help="judge templates that do not say their API version by this one")
    add("--config", metavar="FILE", help="read this configuration, not the nearest .aiblint.toml or pyproject.toml")
    add("--force-exclude", action="store_true", help="apply `exclude` also to files named here, as pre-commit needs")
    add("--stdin-filename", metavar="NAME", help="what to call standard input")
    _add_live(parser)
    add("--version", action="version", version=f"aiblint {__version__}")
    options = parser.parse_intermixed_args(arguments)
    live = _live(options, parser)
    paths = options.paths or ["." if options.stdin_filename is None else "-"]
    if options.stdin_filename is not None and "-" not in paths:
        parser.error("--stdin-filename goes with -, which reads standard input")

    from aiblint.finding import SEVERITIES  # here and below: --version and bad usage need none of it
    from aiblint.settings import SettingsError

    try:
        settings = _settings(options, paths)
        from aiblint import engine

        stdin = (options.stdin_filename or "-", sys.stdin.buffer.read()) if "-" in paths else None
        named = [path for path in paths if path != "-"]
        outcome = engine.lint(named, settings, tuple(options.parameters), stdin, live)
    except SettingsError as error:
        return _complain(str(error))
    if options.output == "json" and live is None and outcome.templates:
        outcome = outcome._replace(skipped=engine.live_checks(settings))
    sys.stdout.write(_report(outcome, options.output))
    for failure in outcome.failures:
        _complain(failure)
    if outcome.failures:
        return FAILED
    failing = SEVERITIES[: SEVERITIES.index(settings.fail_on) + 1]
    if any(finding.severity in failing and not finding.unchecked for finding in outcome.findings):
        return FOUND
    # What could not be checked is never taken for right.
    return FAILED if any(finding.unchecked for finding in outcome.findings) else CLEAN


def _rules(arguments: list[str]) -> int:
    parser = _Parser(
        prog="aiblint rules", description="List all checks.", formatter_class=_formatter, allow_abbrev=False
    )
    parser.add_argument("--output", choices=("text", "json"), default="text", help="how (default: text)")
    options = parser.parse_args(arguments)
    from aiblint.engine import load_checks
    from aiblint.report import catalogue

    checks = load_checks()
    if options.output == "json":
        sys.stdout.write(catalogue.as_json(checks))
    else:
        width = _width() if sys.stdout.isatty() else None  # into a pipe goes all of it, for grep
        sys.stdout.write(catalogue.table(checks, colour=_colour(), width=width))
    return CLEAN


def _explain(arguments: list[str]) -> int:
    parser = _Parser(
        prog="aiblint explain", description="Show the page of a check.", formatter_class=_formatter, allow_abbrev=False
    )
    parser.add_argument("check", metavar="ID", help="id (AIB401) or name (interactive-install)")
    wanted = parser.parse_args(arguments).check
    from aiblint.engine import load_checks
    from aiblint.report import catalogue
    from aiblint.settings import unknown_check

    checks = load_checks()
    for check in checks:
        if wanted.lower() in (check.id.lower(), check.name):
            sys.stdout.write(catalogue.explain(check, colour=_colour()))
            return CLEAN
    return _complain(unknown_check(wanted, checks))


def _permissions(arguments: list[str]) -> int:
    parser = _Parser(
        prog="aiblint permissions",
        usage="aiblint permissions [options] TEMPLATE",
        description="List what the identity of an image template and its caller must be allowed, at which scope and\n"
        "why: the least there is. Nothing is granted, and nothing is asked of Azure but with --live.",
        formatter_class=_formatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("template", metavar="TEMPLATE", help="file; - reads standard input")
    outputs = ("table", "json", "role", "az", "bicep")
    add("--output", choices=outputs, default="table", help="a table, JSON, a role definition for `az role definition\n"
        "create`, a script of az commands, or Bicep (default: table)")  # fmt: skip
    add("--for", dest="who", choices=("identity", "caller"), default="identity", help="whose role --output role makes")
    add("--parameters", action="append", default=[], metavar="FILE|NAME=VALUE", help="values of template parameters")
    add("--subscription", default="", metavar="ID", help="where the template is deployed to")
    add("--resource-group", default="", metavar="NAME", help="where the template is deployed to")
    add("--live", action="store_true", help="ask Azure, read-only, what of it is granted, and by which assignment")
    add("--cloud", default="public", metavar="CLOUD", help="public, usgov, china, or the https address of a resource\n"
        "manager (default: public)")  # fmt: skip
    add("--live-timeout", type=float, default=30.0, metavar="SECONDS", help="time limit of --live (default: 30)")
    options = parser.parse_args(arguments)
    if options.live and options.output not in ("table", "json"):
        parser.error(f"--live marks what is granted in a table and in JSON, not in --output {options.output}")
    from aiblint.engine import understand
    from aiblint.source.reader import read

    path = options.template
    try:
        if path == "-":
            data = sys.stdin.buffer.read()
        else:
            with open(path, "rb") as file:
                data = file.read()
        given = {}
        if options.parameters:
            from aiblint.arm.parameters import gather

            given = gather(tuple(options.parameters))
    except OSError as error:
        return _complain(f"{error.filename or path}: {(error.strerror or str(error)).lower()}")
    except ValueError as error:  # what `gather` says of a file that holds no parameters
        return _complain(str(error))
    subjects = understand(read(path, data), None, given)
    if subjects is None or not subjects.templates:
        return _complain(f"{path}: there is no image template in it")
    from aiblint.azure import needs
    from aiblint.report import permissions

    if options.live:
        from aiblint.azure.live import Live, LiveError, connect

        try:
            session = connect(
                Live(options.cloud, options.subscription, options.resource_group, timeout=options.live_timeout)
            )
        except LiveError as error:
            return _complain(str(error))
        asking = [session.of(template) for template in subjects.templates]
        wanted = tuple(permissions.wanted(azure.template, azure.home, azure) for azure in asking)
    else:
        home = needs.Home(options.subscription, options.resource_group)
        wanted = tuple(permissions.wanted(template, home) for template in subjects.templates)
    if options.output in ("table", "json"):
        shown = permissions.as_json(wanted) if options.output == "json" else permissions.table(wanted, colour=_colour())
    else:
        from aiblint.report import roles

        if options.output == "role" and len(wanted) > 1:
            return _complain(f"{path}: it holds {len(wanted)} image templates, and `--output role` makes a role of one")
        who = needs.CALLER if options.who == "caller" else needs.IDENTITY
        made = {"az": roles.az, "bicep": roles.bicep}.get(options.output)
        shown = made(wanted) if made is not None else roles.role(wanted[0], who)
    sys.stdout.write(shown)
    return CLEAN


_COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "rules": _rules,
    "explain": _explain,
    "permissions": _permissions,
}


# -- options of --live -------------------------------------------------------------------------------------------------


def _add_live(parser: argparse.ArgumentParser) -> None:
    live = parser.add_argument_group("asking Azure (read-only; needs `pip install 'aiblint[live]'`)")
    add = live.add_argument
    add("--live", action="store_true", help="ask the real subscription as well: does it exist, is it allowed, ...")
    add("--subscription", metavar="ID", help="where the template is deployed to (default: that of the Azure CLI)")
    add("--resource-group", metavar="NAME", help="the resource group that the template is deployed to")
    add("--template-name", metavar="NAME", help="what the template is called there, if the file does not say")
    add("--cloud", metavar="NAME|URL", help="public, usgov, china, or the address of a resource manager")
    add("--live-timeout", metavar="SECONDS", type=float, help="how long all questions may take together (default: 30)")
    add("--download-checksums", action="store_true", help="download scripts and files to compare their checksums")


def _live(options: argparse.Namespace, parser: argparse.ArgumentParser) -> Live | None:
    """What `--live` is asked with; None without it."""
    given = {
        "cloud": options.cloud,
        "subscription": options.subscription,
        "resource_group": options.resource_group,
        "template_name": options.template_name,
        "timeout": options.live_timeout,
        "checksums": options.download_checksums or None,
    }
    named = {name: value for name, value in given.items() if value is not None}
    if not options.live:
        if named:
            names = {"timeout": "live-timeout", "checksums": "download-checksums"}
            option = next(iter(named))
            parser.error(f"--{names.get(option, option).replace('_', '-')} goes with --live")
        return None
    if options.live_timeout is not None and not 0 < options.live_timeout <= MOST_SECONDS:
        parser.error(f"--live-timeout takes seconds, up to {MOST_SECONDS}")
    from aiblint.azure.live import Live

    return Live(**named)


# -- options -----------------------------------------------------------------------------------------------------------


def _formatter(prog: str) -> argparse.HelpFormatter:
    """Argparse's, with a width: without one each parser imports shutil and its compressors, for a third of a start."""
    return argparse.RawDescriptionHelpFormatter(prog, width=_width())


class _Parser(argparse.ArgumentParser):
    """The standard parser, but with one line for a mistake, as for everything else that stops a run."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the arguments and leave with status 2."""
        _complain(f"{message} (see `{self.prog} --help`)")
        raise SystemExit(FAILED)


def _settings(options: argparse.Namespace, paths: list[str]) -> Settings:
    """The configuration, with what the options say in its place. Raises SettingsError."""
    from aiblint.settings import ALL, SettingsError, load, require_known

    settings = load(_common_folder(paths, options.stdin_filename), options.config)
    selectors = [(f"{settings.file}: `select`", settings.select), (f"{settings.file}: `ignore`", settings.ignore)]
    selectors += [(f"{settings.file}: `per-file-ignores`", ignored) for _, ignored in settings.per_file_ignores]
    for name, given in (("select", options.select), ("ignore", options.ignore)):
        if given is None:
            continue
        words = tuple(word.strip() for words in given for word in words.split(",") if word.strip())
        if not words:
            raise SettingsError(f"--{name}: it takes the ids or names of checks")
        selectors.append((f"--{name}", words))
        # Whoever selects on the command line starts afresh, as with ruff; what is ignored there is ignored as well.
        settings = (
            settings._replace(select=words, ignore=())
            if name == "select"
            else settings._replace(ignore=(*settings.ignore, *words))
        )
    selectors = [(where, words) for where, words in selectors if set(words) - {ALL}]
    if selectors:
        from aiblint.engine import load_checks

        checks = load_checks()
        for where, words in selectors:
            require_known(words, checks, where)
    if options.api_version is not None:
        settings = settings._replace(api_version=options.api_version)
    if settings.api_version is not None:
        where = "--api-version" if options.api_version is not None else f"{settings.file}: `api-version`"
        _require_api_version(settings.api_version, where)
    fail_on = options.fail_on or settings.fail_on
    return settings._replace(
        fail_on=fail_on,
        show_info=settings.show_info or options.show_info or fail_on == "info",  # what makes a run fail has to be seen
        force_exclude=settings.force_exclude or options.force_exclude,
    )


def _require_api_version(version: str, where: str) -> None:
    from aiblint.settings import SettingsError, did_you_mean
    from aiblint.shape import API_VERSIONS, NEWEST

    if version not in API_VERSIONS:
        near = did_you_mean(version, API_VERSIONS) or f", the newest is `{NEWEST}`"
        raise SettingsError(f"{where}: Image Builder has no API version `{version}`{near}")


def _common_folder(paths: list[str], stdin_filename: str | None) -> str:
    """The innermost folder around all paths: where the search for a configuration begins, as with black."""
    named = [(stdin_filename or "") if path == "-" else path for path in paths]
    folders = {os.path.abspath(path if os.path.isdir(path) else os.path.dirname(path)) for path in named}
    try:
        return os.path.commonpath(folders)
    except ValueError:  # on several drives of Windows
        return os.getcwd()


# -- output ------------------------------------------------------------------------------------------------------------


def _report(outcome: Run, output: str) -> str:
    if output == "json":
        from aiblint.report import json

        return json.render(outcome)
    if output == "concise":
        from aiblint.report import concise

        return concise.render(outcome)
    from aiblint.report import text

    return text.render(outcome, colour=_colour(), width=_width())


def _colour() -> bool:
    """Whether standard output wants colour: on a terminal, unless NO_COLOR or FORCE_COLOR say otherwise.

    Both count when they are set and not empty (no-color.org, force-color.org).
    """
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    if not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        return False
    # The console of old does not interpret what colours are made of; the terminals that do give themselves away.
    return os.name != "nt" or any(name in os.environ for name in ("WT_SESSION", "TERM", "TERM_PROGRAM", "ANSICON"))


def _width() -> int:
    """The columns that a report may take: those of the terminal, but from 60 to 120."""
    try:
        return min(max(os.get_terminal_size(sys.stdout.fileno()).columns, 60), 120)
    except (OSError, ValueError):  # not a terminal, or no file at all
        return 120


def _complain(message: str) -> int:
    """Say on standard error why aiblint could not do its work; returns the exit status for that."""
    from aiblint.report import clean

    sys.stderr.write(f"aiblint: {clean(message)}\n")
    return FAILED


def _broken(error: Exception) -> int:
    """One line about a bug of ours. Never the exception's own text: it may hold what was read."""
    if "AIBLINT_RAISE" in os.environ:
        raise error
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    file = place.tb_frame.f_code.co_filename if place is not None else ""
    where = f"{os.path.basename(os.path.dirname(file))}/{os.path.basename(file)}:{place.tb_lineno if place else 0}"
    bug = f"stopped by a bug of its own ({type(error).__name__} at {where}); AIBLINT_RAISE=1 shows more"
    sys.stderr.write(f"aiblint: {bug}\n")
    return FAILED


if __name__ == "__main__":
    run()
