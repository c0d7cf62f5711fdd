"""Commands that know the options which may stand before the noun or after the verb, and how a call ends."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from newsletter.cli.app import DONE, INTERRUPTED, App
from newsletter.errors import NewsletterError


def _set(name: str) -> Any:  # noqa: ANN401 - click's own type for callbacks is as wide
    def remember(context: click.Context, _parameter: click.Parameter, value: object) -> None:
        if value:
            setattr(context.ensure_object(App), name, value)

    return remember


def _common_options() -> list[click.Parameter]:
    return [
        click.Option(
            ["-C", "project_folder"],
            metavar="DIR",
            type=click.Path(path_type=Path, file_okay=False),
            expose_value=False,
            callback=_set("folder"),
            help="Work in this project folder instead of the current one.",
        ),
        click.Option(
            ["--json", "as_json"],
            is_flag=True,
            expose_value=False,
            callback=_set("as_json"),
            help="Print one JSON document.",
        ),
        click.Option(
            ["-v", "--verbose", "verbose"],
            is_flag=True,
            expose_value=False,
            callback=_set("verbose"),
            help="Tell more, and show the traceback of a fault.",
        ),
        click.Option(
            ["--log", "log"],
            metavar="FILE",
            envvar="NEWSLETTER_LOG",
            expose_value=False,
            callback=_set("log"),
            help="Write a log, a line of JSON for each record; - is standard error.",
        ),
    ]


class Command(click.Command):
    """A verb. `example` stands at the end of its help."""

    def __init__(self, *args: Any, example: str = "", **kwargs: Any) -> None:  # noqa: ANN401 - click's
        super().__init__(*args, **kwargs)
        self.params += _common_options()
        if example:
            self.epilog = f"\b\nExample:\n  {example}"


class Group(click.Group):
    """A noun."""

    command_class = Command

    def __init__(self, *args: Any, example: str = "", **kwargs: Any) -> None:  # noqa: ANN401 - click's
        super().__init__(*args, **kwargs)
        self.params += _common_options()
        if example:
            self.epilog = f"\b\nExample:\n  {example}"


Group.group_class = Group


#: New objects before cycles are looked for. By Python's 700 that is an eighth of what a command costs.
_BEFORE_CYCLES = 50_000


class Program(Group):
    """The program itself: every foreseen end is one line and an exit code, and with --json one document."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,  # noqa: ANN401 - click's
    ) -> Any:  # noqa: ANN401 - click's
        """Run the program and exit."""
        gc.set_threshold(_BEFORE_CYCLES)
        # We have no plugins for pydantic, and looking for some means reading what is installed.
        os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
        # What is wrong may be the options themselves, and then nobody has read --json yet.
        app = App(as_json="--json" in (sys.argv[1:] if args is None else args))
        run = partial(super().main, args, prog_name, complete_var, standalone_mode=False, obj=app, **extra)
        if not standalone_mode:
            return run()
        try:
            code: object = run()
        except click.ClickException as fault:
            fault.show()
            app.show_fault(fault.format_message(), _help_hint(fault))
            sys.exit(fault.exit_code)
        except click.Abort:
            app.fail("interrupted", "run the same command again to go on")
            sys.exit(INTERRUPTED)
        except Exception as bug:
            app.show_fault(f"{type(bug).__name__}: {bug}", "this is a fault of the program; please report it")
            raise
        sys.exit(code if isinstance(code, int) else DONE)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's
        """Run a command."""
        app = ctx.ensure_object(App)
        try:
            return super().invoke(ctx)
        except NewsletterError as fault:
            if app.verbose:
                traceback.print_exc()
            _log_fault(app, fault)
            app.fail(str(fault), fault.hint)
            ctx.exit(fault.exit_code)
        except Exception as bug:
            if not isinstance(bug, click.ClickException | click.Abort | click.exceptions.Exit):
                _log_fault(app, bug)
            raise


def _log_fault(app: App, fault: Exception) -> None:
    if app.log:
        from newsletter.workflows.log import log

        log.error("%s", fault, exc_info=fault)


def _help_hint(fault: click.ClickException) -> str:
    context = getattr(fault, "ctx", None)
    return f"{context.command_path} --help" if context else ""
