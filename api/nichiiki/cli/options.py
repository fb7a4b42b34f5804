"""Options that several commands share, and numbers that say in words what is wrong with them."""

from __future__ import annotations

import math
from typing import Any

import click

from nichiiki.cli.help import Argument, Command, help_option
from nichiiki_models.texts import Lang, text


class Refusal(click.UsageError):
    """Something on the command line cannot be used; says so in either language.

    Parameters
    ----------
    key
        Key of the catalogue ``cli``.
    values
        Fields of its text.
    """

    def __init__(self, key: str, /, **values: object) -> None:
        super().__init__(text(f"cli.{key}", "en", package="nichiiki", **values))
        self.key = key
        self.values = values

    def sentence(self, lang: Lang) -> str:
        """Return the sentence in a language."""
        return text(f"cli.{self.key}", lang, package="nichiiki", **self.values)


class Number(click.ParamType[float]):
    """A number in a range.

    Parameters
    ----------
    low, high
        Smallest and largest value.
    whole
        Whether it must be a whole number.
    above
        Whether `low` itself is too small.
    """

    def __init__(
        self, low: float, high: float = math.inf, *, whole: bool = True, above: bool = False
    ) -> None:
        self.low, self.high, self.whole, self.above = low, high, whole, above
        self.name = "N" if whole else "X"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number, or refuse."""
        try:
            number = int(value) if self.whole else float(value)
        except (TypeError, ValueError):
            number = math.nan
        unusable = isinstance(number, float) and not math.isfinite(number)
        if unusable or not self.low <= number <= self.high or (self.above and number == self.low):
            raise Refusal(
                self._key(), option=_name(param), value=value, low=_plain(self.low), high=_plain(self.high)
            )
        return number

    def _key(self) -> str:
        kind = "whole" if self.whole else "above" if self.above else "real"
        return f"usage.{kind}" if math.isinf(self.high) else f"usage.{kind}_range"


class Word(click.ParamType[str]):
    """One of a few words."""

    def __init__(self, *words: str) -> None:
        self.words = words
        self.name = "|".join(words)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return what the help page shows."""
        return "|".join(self.words)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the word, or refuse."""
        if value not in self.words:
            raise Refusal("usage.word", option=_name(param), value=value, words=", ".join(self.words))
        return str(value)


class Ratio(click.ParamType[tuple[str, str, int]]):
    """A price tied to another one: ``PRODUCT=OTHER:PERCENT``."""

    name = "PRODUCT=OTHER:PERCENT"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str, int]:
        """Return the product, the other one and the percentage, or refuse."""
        if isinstance(value, tuple):
            return value
        product, _, rest = str(value).partition("=")
        other, _, percent = rest.rpartition(":")
        if not product or not other or not percent.isdecimal():
            raise Refusal("usage.ratio", option=_name(param), value=value)
        return product, other, int(percent)


class Cap(click.ParamType[tuple[str, int]]):
    """A limit of money for a region: ``REGION=YEN``."""

    name = "REGION=YEN"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        """Return the region and the yen, or refuse."""
        if isinstance(value, tuple):
            return value
        region, _, yen = str(value).rpartition("=")
        if not region or not yen.isdecimal():
            raise Refusal("usage.cap", option=_name(param), value=value)
        return region, int(yen)


def _plain(limit: float) -> str:
    return f"{limit:g}" if math.isinf(limit) or limit % 1 else f"{int(limit):,}"


def _name(param: click.Parameter | None) -> str:
    return param.opts[0] if param else ""


def build(lang: Lang, name: str, callback: Any, params: list[click.Parameter], *, key: str = "") -> Command:
    """Return a command with its help text, and the options every command has.

    Parameters
    ----------
    lang
        Language of the help page.
    name
        Name of the command; its help is ``cli.help.<name>``, or of another key.
    callback
        What it does; it returns the exit code.
    params
        Its own arguments and options.
    key
        Key of its help, for the commands of a command.
    """
    return Command(
        name,
        lang=lang,
        help=text(f"cli.help.{key or name}", lang, package="nichiiki"),
        callback=callback,
        params=[*params, lang_option(lang), help_option(lang)],
        add_help_option=False,
    )


def lang_option(lang: Lang) -> click.Option:
    """Return the option ``--lang``: read before parsing, checked here."""
    return click.Option(
        ["--lang"],
        type=Word("ja", "en"),
        expose_value=False,
        help=text("cli.help.lang", lang, package="nichiiki"),
    )


def option(lang: Lang, *names: str, key: str = "", **extra: Any) -> click.Option:
    """Return an option whose help is ``cli.option.<name>``, or of another key."""
    entry = key or names[0].removeprefix("--").replace("-", "_")
    return click.Option(list(names), help=text(f"cli.option.{entry}", lang, package="nichiiki"), **extra)


def argument(lang: Lang, name: str, **extra: Any) -> Argument:
    """Return an argument whose meaning is ``cli.argument.<name>``; dots say that several may be given."""
    meaning = text(f"cli.argument.{name}", lang, package="nichiiki")
    dots = "..." if extra.get("nargs") == -1 else ""
    return Argument([name], metavar=name.upper() + dots, meaning=meaning, **extra)
