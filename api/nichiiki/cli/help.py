"""Help pages in both languages, wrapped by the width of the letters and not by their number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from unicodedata import east_asian_width

import click

from nichiiki_models.texts import Lang, text

HEADINGS = {"Usage": "usage", "Options": "options", "Commands": "commands", "Arguments": "arguments"}
PIECES = {"[OPTIONS]": "options", "[COMMAND] [ARGS]...": "command", "COMMAND [ARGS]...": "command"}
WIDEST, FIRST_COLUMN = 100, 30


class Formatter(click.HelpFormatter):
    """A help page in a language."""

    def __init__(self, lang: Lang, width: int | None = None, **extra: Any) -> None:
        super().__init__(width=width, **extra)
        self.lang: Lang = lang

    def _heading(self, heading: str) -> str:
        key = HEADINGS.get(heading.rstrip(": "))
        return text(f"cli.heading.{key}", self.lang, package="nichiiki") if key else heading

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the line that says how to call it."""
        self.write(f"{self._heading('Usage')}: {prog} {args}\n")

    def write_heading(self, heading: str) -> None:
        """Write the head of a part."""
        self.write(f"{'':>{self.current_indent}}{self._heading(heading)}:\n")

    def write_text(self, text: str) -> None:
        """Write paragraphs."""
        indent = " " * self.current_indent
        for paragraph in text.split("\n"):
            for line in wrapped(paragraph, self.width - self.current_indent):
                self.write(f"{indent}{line}\n")

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = FIRST_COLUMN, col_spacing: int = 2
    ) -> None:
        """Write names and what they mean, side by side."""
        rows = list(rows)
        widest = min(col_max, max((width_of(name) for name, _ in rows), default=0)) + col_spacing
        indent = " " * self.current_indent
        for name, meaning in rows:
            lines = list(wrapped(meaning, max(20, self.width - self.current_indent - widest)))
            if width_of(name) > widest - col_spacing:
                self.write(f"{indent}{name}\n")
                first = " " * widest
            else:
                first = name + " " * (widest - width_of(name))
            for number, line in enumerate(lines or [""]):
                self.write(f"{indent}{first if number == 0 else ' ' * widest}{line}\n")


class LocalisedHelp(click.Command):
    """A command whose help page is in one language."""

    def __init__(self, *args: Any, lang: Lang, **extra: Any) -> None:
        super().__init__(*args, **extra)
        self.lang: Lang = lang

    def get_help(self, ctx: click.Context) -> str:
        """Return the help page."""
        width = min(ctx.terminal_width or _terminal_width(), ctx.max_content_width or WIDEST)
        formatter = Formatter(self.lang, width=width)
        self.format_help(ctx, formatter)
        return formatter.getvalue().rstrip("\n")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the arguments with their meaning, then the options."""
        arguments = [
            (param.make_metavar(ctx), _meaning(param)) for param in self.get_params(ctx) if _meaning(param)
        ]
        if arguments:
            with formatter.section("Arguments"):
                formatter.write_dl(arguments)
        records = [
            self._record(param, ctx) for param in self.get_params(ctx) if isinstance(param, click.Option)
        ]
        with formatter.section("Options"):
            formatter.write_dl(records)
        if isinstance(self, click.Group):
            self.format_commands(ctx, formatter)

    def _record(self, param: click.Option, ctx: click.Context) -> tuple[str, str]:
        name, meaning = param.get_help_record(ctx) or ("", "")
        required = text("cli.help.required", self.lang, package="nichiiki")
        return name, meaning.replace("[required]", required)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return what follows the name of the command, in words of the language."""
        return [self._piece(piece) for piece in super().collect_usage_pieces(ctx)]

    def _piece(self, piece: str) -> str:
        key = PIECES.get(piece)
        return text(f"cli.piece.{key}", self.lang, package="nichiiki") if key else piece

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands with one line each."""
        if isinstance(self, click.Group):
            names = self.list_commands(ctx)
            rows = [(name, _first_line(self.get_command(ctx, name))) for name in names]
            with formatter.section("Commands"):
                formatter.write_dl(rows)


class Command(LocalisedHelp):
    """A command of nichiiki."""


class Argument(click.Argument):
    """An argument that says what it is."""

    def __init__(self, *args: Any, meaning: str, **extra: Any) -> None:
        super().__init__(*args, **extra)
        self.meaning = meaning


def help_option(lang: Lang) -> click.Option:
    """Return the option ``--help`` with its help in a language."""
    return click.Option(
        ["--help", "-h"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_show_help,
        help=text("cli.help.help", lang, package="nichiiki"),
    )


def _show_help(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        click.echo(ctx.get_help())
        ctx.exit()


def _meaning(param: click.Parameter) -> str:
    return param.meaning if isinstance(param, Argument) else ""


def _first_line(command: click.Command | None) -> str:
    return (command.help or "").split("\n")[0] if command else ""


def _terminal_width() -> int:
    import shutil

    return max(60, min(WIDEST, shutil.get_terminal_size((WIDEST, 24)).columns))


def width_of(words: str) -> int:
    """Return how many columns a text takes on a terminal."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in words)


def wrapped(words: str, width: int) -> Iterator[str]:
    """Break a text into lines; between words, and anywhere in Japanese but before a closing sign.

    Parameters
    ----------
    words
        One paragraph.
    width
        Columns of a line.
    """
    line = ""
    for piece in _pieces(words):
        if line and width_of(line + piece.rstrip()) > width:
            yield line.rstrip()
            line = piece.lstrip()
        else:
            line += piece
    yield line.rstrip()


def _pieces(words: str) -> Iterator[str]:
    piece = ""
    for before, letter in zip(" " + words, words, strict=False):
        wide = east_asian_width(letter) in "WF" or east_asian_width(before) in "WF"
        if piece and (before == " " or wide) and letter not in "、。)」』]:;・ー% ":
            yield piece
            piece = ""
        piece += letter
    yield piece
