"""The exception tree: bad input and broken promises; an infeasible instance is a result, not an error.

NichiikiError
├── InputError              what was given cannot be used: exit code 2
│   ├── InstanceError       an instance, allocation or rules file has problems (all of them, listed)
│   ├── FileError           a file cannot be read or written at all
│   ├── UsageError          an argument has no meaning (unknown policy, negative limit, …)
│   └── MarketError         a market's arrays do not fit together or leave the safe integer range
├── CommitmentError         a public lottery is not the one that was fixed before the draw
├── CrossCheckError         two exact engines do not agree; both answers are kept
├── UnsupportedMarketError  a policy refuses a market it makes no promise for
└── VerificationError       an answer failed its independent check and is withheld
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from nichiiki_models.problems import Problem, make_problem

if TYPE_CHECKING:
    from nichiiki_models.allocation import Violation
    from nichiiki_models.texts import Lang


class NichiikiError(Exception):
    """Base of every error this project raises on purpose.

    Parameters
    ----------
    problems
        Every problem found, in the order of file, row and column; or one English sentence, where only a program can have
        made the mistake (an array of another shape, say).

    Attributes
    ----------
    problems
        The problems, which speak both languages; empty after a plain sentence.
    """

    def __init__(self, problems: Sequence[Problem] | str = ()) -> None:
        self.problems: tuple[Problem, ...] = () if isinstance(problems, str) else tuple(problems)
        sentence = (
            problems if isinstance(problems, str) else "\n".join(p.message("en") for p in self.problems)
        )
        super().__init__(sentence)

    def message(self, lang: Lang) -> str:
        """Return its problems in a language, one a line; the sentence that it was made of where it has none."""
        return "\n".join(problem.message(lang) for problem in self.problems) or str(self)

    @classmethod
    def of(cls, code: str, **fields: object) -> Self:
        """Return the error of one problem: a code of the catalogue ``problem``, and what its texts name.

        Parameters
        ----------
        code
            As in `Problem`.
        fields
            As in `make_problem`.
        """
        return cls([make_problem(code, **fields)])


class InputError(NichiikiError):
    """What was given cannot be used."""


class InstanceError(InputError):
    """An instance, allocation or rules file has problems: all of them, by file, row and column."""


class FileError(InputError):
    """A file cannot be read or written at all."""


class UsageError(InputError):
    """An argument has no meaning here."""


class MarketError(InputError):
    """A market's arrays do not fit together or leave the safe integer range."""


class CommitmentError(NichiikiError):
    """A public lottery is not the one that was fixed before the draw."""


class CrossCheckError(NichiikiError):
    """Two exact engines do not agree on an optimum; nothing is returned, and both answers are kept.

    Parameters
    ----------
    difference
        What differs.
    answers
        What the first and the second engine found: outcomes of a market, allocations of an instance.
    """

    def __init__(self, difference: Problem, answers: tuple[Any, Any]) -> None:
        self.difference = difference
        self.answers = answers
        super().__init__([difference])


class UnsupportedMarketError(NichiikiError):
    """A policy refuses a market it makes no promise for."""


class VerificationError(NichiikiError):
    """An answer failed its independent check and is withheld.

    Parameters
    ----------
    violations
        What the check found.
    given
        Whether it is an answer that was given (another instance's, say), not one that was found here.
    """

    def __init__(self, violations: Sequence[Violation], *, given: bool = False) -> None:
        self.violations = tuple(violations)
        self.given = given
        super().__init__("\n".join(str(violation) for violation in self.violations))
