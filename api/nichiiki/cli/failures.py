"""What goes wrong, said in words: one place turns every expected error into a message and an exit code."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

from nichiiki.cli.console import Screen
from nichiiki.cli.exits import Exit
from nichiiki.cli.options import Refusal
from nichiiki_models.texts import Lang, has_text

if TYPE_CHECKING:
    from nichiiki_models.errors import NichiikiError
    from nichiiki_models.problems import Problem

MOST_SHOWN = 200
"""Problems shown on a terminal; ``check --json`` and ``--errors`` give them all."""


def guarded(action: Callable[[], Any], lang: Lang) -> int:
    """Run something and return its exit code; an expected error becomes a message on standard error.

    Parameters
    ----------
    action
        What to do; None as its result counts as done.
    lang
        Language of the message.
    """
    screen = Screen(lang)
    try:
        return int(action() or Exit.DONE)
    except (KeyboardInterrupt, click.Abort):
        screen.tell("interrupted.nothing")
        return Exit.INTERRUPTED
    except click.ClickException as error:
        return _usage(error, screen)
    except BrokenPipeError:
        return _closed_pipe()
    except MemoryError:
        screen.tell("failed.memory")
        return Exit.BAD_INPUT
    except OSError as error:
        screen.tell("failed.file", file=os.fspath(error.filename or ""), why=_reason(error, screen))
        return Exit.BAD_INPUT
    except Exception as error:
        from nichiiki_models.errors import NichiikiError

        if not isinstance(error, NichiikiError):
            raise
        return _expected(error, screen)


def _reason(error: OSError, screen: Screen) -> str:
    """Return why the system refused, in the language of the screen; by its name where there are no words for it."""
    code = errno.errorcode.get(error.errno or 0, type(error).__name__)
    key = f"os.{code}"
    return screen.say(key) if has_text(f"cli.{key}", screen.lang, package="nichiiki") else code


def _closed_pipe() -> int:
    # whoever read standard output has gone (`| head`); the last flush of the interpreter must not complain
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return Exit.DONE


def _expected(error: NichiikiError, screen: Screen) -> int:
    from nichiiki_models.errors import CrossCheckError, VerificationError

    if isinstance(error, VerificationError):
        from nichiiki.cli.showing import violations

        screen.tell("failed.given" if error.given else "failed.withheld", count=len(error.violations))
        violations(error.violations, screen, to=screen.err)
        return Exit.NEGATIVE
    if error.problems:
        show_problems(error.problems, screen)
    else:
        screen.tell("failed.input", why=str(error))
    if isinstance(error, CrossCheckError):
        screen.tell("failed.disagree")
        return Exit.NEGATIVE
    return Exit.BAD_INPUT


def _usage(error: click.ClickException, screen: Screen) -> int:
    screen.err.print(_sentence(error, screen), soft_wrap=True)
    context = getattr(error, "ctx", None)
    screen.tell("usage.hint", command=context.command_path if context else "nichiiki")
    return Exit.BAD_INPUT


def _sentence(error: click.ClickException, screen: Screen) -> str:
    match error:
        case Refusal():
            return error.sentence(screen.lang)
        case click.NoSuchOption():
            return screen.say("usage.no_option", option=error.option_name)
        case click.MissingParameter():
            return screen.say("usage.missing", name=_parameter(error))
        case click.BadParameter() if error.param is not None and isinstance(error.param.type, click.Path):
            kind = "needs_file" if error.param.type.file_okay else "needs_folder"
            return screen.say(f"usage.{kind}", name=_parameter(error))
        case click.BadOptionUsage():
            return screen.say("usage.option_value", option=error.option_name)
        case click.UsageError() if error.ctx is not None and isinstance(error.ctx.command, click.Group):
            return screen.say(
                "usage.no_command", commands=", ".join(error.ctx.command.list_commands(error.ctx))
            )
        case click.UsageError():
            return screen.say("usage.too_many")
        case _:
            return error.format_message()


def _parameter(error: click.BadParameter) -> str:
    if error.param is None:
        return str(error.param_hint or "")
    return error.param.opts[0] if error.param.param_type_name == "option" else error.param.human_readable_name


def show_problems(problems: Iterable[Problem], screen: Screen) -> None:
    """List problems of the input on standard error, and count them.

    Parameters
    ----------
    problems
        In the order of file, row and column.
    screen
        Where and in which language.
    """
    found = list(problems)
    for problem in found[:MOST_SHOWN]:
        mark = screen.say(f"problem.{problem.severity}")
        screen.err.print(f"{mark} {problem.message(screen.lang)}", soft_wrap=True)
    if len(found) > MOST_SHOWN:
        screen.tell("problem.more", count=len(found) - MOST_SHOWN)
    errors = sum(1 for problem in found if problem.severity == "error")
    screen.tell("problem.count", errors=errors, warnings=len(found) - errors)
