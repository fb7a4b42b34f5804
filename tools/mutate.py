"""Mutation testing of the independent check and of the tie-break: break one thing in the source, and see whether a test notices.

    make mutation                                       the default sample
    .venv/bin/python tools/mutate.py --sample 300 --minutes 20 --seed 1

This is a small tool of our own because four source roots are mapped together by an editable install, which mutmut's copy of one tree
does not fit. It makes mutants of the syntax tree (comparisons, arithmetic, logic, constants, negations, minimum and
maximum, calls whose result nobody uses), takes a seeded sample, and runs the tests of the mutated part in a fork of its own
(Linux, macOS); the first failure ends it. A mutant that no test notices survives and is printed with its
line and column. Exit code 1 if fewer than 95 % are killed. Mutants that do the same as the source, whatever is asked, are left
out: `equivalent_mutants.toml` lists them, each with the reason; one that no longer fits the source is an error.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib
import os
import random
import signal
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOLVER = ROOT / "solver" / "nichiiki_solver"
CHECK_TESTS = ("tests/solver/verify",)
TARIFF_TESTS = (
    "tests/solver/pricing/test_check.py",
    "tests/solver/pricing/test_check_towns.py",
    "tests/solver/pricing/test_plan.py",
    "tests/solver/pricing/test_brute_force.py",
)
TIE_TESTS = ("tests/solver/test_official.py",)
TESTS: dict[str, tuple[str, ...]] = {
    "tariff.py": TARIFF_TESTS,
    "takers.py": TARIFF_TESTS,
    "fares.py": TARIFF_TESTS,
    "book.py": (*CHECK_TESTS, "tests/solver/test_evaluate.py"),
    "platform.py": ("tests/solver/platform",),
    "standings.py": (*CHECK_TESTS, "tests/solver/test_promoting.py"),
    "tie_break.py": TIE_TESTS,
    "public_weights.py": TIE_TESTS,
}
"""Tests that have to notice a change, by file of the mutant; of all others those of the check."""
TIE_BREAK = ("tie_break.py", "public_weights.py")
GOAL = 0.95
DRAWS = "60"
"""Random instances on which check and oracle are compared: more than by default."""
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.toml")
SLOWEST = 5
"""A mutant whose tests take this many times as long as those of the true source hangs, and is killed by that."""

COMPARE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
SWAPPED = {"minimum": "maximum", "maximum": "minimum", "min": "max", "max": "min", "any": "all", "all": "any"}


@dataclass(frozen=True)
class Mutant:
    """One change: the file, the number of its place in the order of walking, the line, and what it does."""

    file: Path
    place: int
    variant: int
    line: int
    column: int
    what: str

    @property
    def name(self) -> str:
        """What it is called in reports and in the list of those that change nothing."""
        return f"{self.file.name}:{self.column}: {self.what}"


def variants(node: ast.AST) -> Iterator[tuple[str, Callable[[ast.AST], ast.AST | None]]]:
    """Yield what may be done to a node: a description, and a function that changes a copy of it."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARE:
        swapped = COMPARE[type(node.ops[0])]
        yield f"{type(node.ops[0]).__name__} -> {swapped.__name__}", lambda n: _set(n, "ops", [swapped()])
    if isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
        other = ARITHMETIC[type(node.op)]
        yield f"{type(node.op).__name__} -> {other.__name__}", lambda n: _set(n, "op", other())
    if isinstance(node, ast.BoolOp):
        flipped = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield f"{type(node.op).__name__} flipped", lambda n: _set(n, "op", flipped)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.Invert):
        yield "negation dropped", lambda n: n.operand  # type: ignore[attr-defined]
    if isinstance(node, ast.Constant) and isinstance(node.value, int) and not isinstance(node.value, bool):
        more = node.value + 1
        yield f"{node.value} -> {more}", lambda n: _set(n, "value", more)
    if isinstance(node, ast.Constant) and type(node.value) is bool:
        yield f"{node.value} -> {not node.value}", lambda n: _set(n, "value", not node.value)
    if isinstance(node, ast.Attribute) and node.attr in SWAPPED:
        yield f"{node.attr} -> {SWAPPED[node.attr]}", lambda n: _set(n, "attr", SWAPPED[node.attr])
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in SWAPPED:
        yield f"{node.id} -> {SWAPPED[node.id]}", lambda n: _set(n, "id", SWAPPED[node.id])
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield "call dropped", lambda n: ast.copy_location(ast.Pass(), n)
    if isinstance(node, ast.IfExp):
        yield "branches of ... if ... else swapped", _swap_branches


def _set(node: ast.AST, name: str, value: object) -> ast.AST:
    setattr(node, name, value)
    return node


def _swap_branches(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.IfExp)  # noqa: S101 - only called on these
    node.body, node.orelse = node.orelse, node.body
    return node


def _skipped(tree: ast.AST) -> set[int]:
    """Nodes that no run can tell apart: annotations, decorators, the strictness of `zip`, module constants of typing."""
    found: set[int] = set()
    for node in ast.walk(tree):
        parts: list[ast.AST | None] = []
        if isinstance(node, ast.ClassDef):
            parts += node.decorator_list
        if isinstance(node, ast.keyword) and node.arg == "strict":
            parts.append(node)
        if isinstance(node, ast.FunctionDef):
            named = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
            parts += [node.returns, *node.decorator_list, *(each.annotation for each in named)]
        if isinstance(node, ast.AnnAssign):
            parts.append(node.annotation)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            parts.append(node)
        for part in parts:
            found |= {id(each) for each in ast.walk(part)} if part is not None else set()
    return found


def mutants_of(file: Path) -> list[Mutant]:
    """List every mutant of a file."""
    tree = ast.parse(file.read_text("utf-8"))
    skipped = _skipped(tree)
    return [
        Mutant(file, place, variant, getattr(node, "lineno", 0), getattr(node, "col_offset", 0), what)
        for place, node in enumerate(ast.walk(tree))
        if id(node) not in skipped
        for variant, (what, _) in enumerate(variants(node))
    ]


def without_equivalents(mutants: list[Mutant]) -> list[Mutant]:
    """Leave out the mutants that are known to change nothing; a line that lists none is an error."""
    listed = {
        (code, name): False
        for code, names in tomllib.loads(EQUIVALENT.read_text("utf-8")).items()
        for name in names["mutants"]
    }
    lines = {file: file.read_text("utf-8").splitlines() for file in {mutant.file for mutant in mutants}}
    kept = []
    for mutant in mutants:
        code = lines[mutant.file][mutant.line - 1].strip()
        if (code, mutant.name) in listed:
            listed[code, mutant.name] = True
        else:
            kept.append(mutant)
    idle = [name for (_, name), found in listed.items() if not found]
    if idle:
        sys.exit(f"{EQUIVALENT.name} lists what is not there: {', '.join(idle)}")
    return kept


def source_of(mutant: Mutant) -> str:
    """Return the source of a file with one change."""
    tree = ast.parse(mutant.file.read_text("utf-8"))
    target = list(ast.walk(tree))[mutant.place]
    _, change = list(variants(target))[mutant.variant]
    changed = change(copy.deepcopy(target))

    class Replace(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST | None:
            return changed if node is target else self.generic_visit(node)

    Replace().visit(tree)
    return ast.unparse(ast.fix_missing_locations(tree))


def tests_of(file: Path) -> tuple[str, ...]:
    """Return the tests that have to notice a change of a file."""
    return TESTS.get(file.name, CHECK_TESTS)


class Runner:
    """Collects the tests of some mutants once, and runs them on each mutant in a fork of its own.

    Parameters
    ----------
    mutants
        Mutants with the same tests.
    deadline
        When no more mutants are begun (`time.monotonic`).
    report
        Told of each mutant whether it was noticed.
    """

    def __init__(
        self, mutants: list[Mutant], deadline: float, report: Callable[[Mutant, bool], None]
    ) -> None:
        self.mutants, self.deadline, self.report = mutants, deadline, report
        self.times: dict[str, float] = {}
        self.kills: dict[str, int] = {}
        self.failed = ""

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the true source first, then every mutant; a mutant's tests begin with those that noticed most so far."""
        limit_s = max(60.0, SLOWEST * self._baseline(session))
        for mutant in self.mutants:
            if time.monotonic() > self.deadline:
                break
            order = sorted(
                session.items, key=self._worth
            )  # stable: those that never noticed stay module by module
            self.report(mutant, self._survives(session, order, mutant, limit_s))
        return True

    def _worth(self, item: pytest.Item) -> float:
        return -self.kills.get(item.nodeid, 0) / (self.times[item.nodeid] + 0.05)

    def _baseline(self, session: pytest.Session) -> float:
        started = time.monotonic()
        for item, following in zip(session.items, [*session.items[1:], None], strict=True):
            begun = time.monotonic()
            _run(item, following)
            self.times[item.nodeid] = time.monotonic() - begun
            if session.testsfailed:
                sys.exit(f"a test fails without a change: {item.nodeid}")
        return time.monotonic() - started

    def _survives(
        self, session: pytest.Session, order: list[pytest.Item], mutant: Mutant, limit_s: float
    ) -> bool:
        """Run the tests with the module of a mutant replaced; the first failure, or too long a time, ends it."""
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read)
            _run_all(session, order, mutant, write)
        os.close(write)
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                break
            time.sleep(0.02)
        else:
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
        with os.fdopen(read, encoding="utf-8") as told:
            name = told.read()
        if name:
            self.kills[name] = self.kills.get(name, 0) + 1
        return os.waitstatus_to_exitcode(status) == 0


def _run(item: pytest.Item, following: pytest.Item | None) -> None:
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


def _run_all(session: pytest.Session, order: list[pytest.Item], mutant: Mutant, write: int) -> None:
    """In the fork: replace the module, run the tests in silence, and end the process; name the test that failed.

    A module that cannot be imported, or a run that breaks off, is noticed, too.
    """
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    code = 1
    try:
        replace_module(source_of(mutant), mutant.file)
        code = 0
        for item, following in zip(order, [*order[1:], None], strict=True):
            _run(item, following)
            if session.testsfailed:
                os.write(write, item.nodeid.encode())
                code = 1
                break
    except BaseException:
        code = 1
    finally:
        os._exit(code)


def replace_module(source: str, file: Path) -> None:
    """Run another source in a module that is imported already, and hand what it defines to whoever imported the old.

    An exception here counts as noticed: a module that cannot be imported fails every test.
    """
    module = sys.modules[".".join(file.relative_to(SOLVER.parent).with_suffix("").parts)]
    before = dict(vars(module))
    exec(compile(source, str(file), "exec"), vars(module))  # noqa: S102 - our own source, changed in one place
    renewed = {id(old): vars(module)[name] for name, old in before.items() if vars(module)[name] is not old}
    for other in [each for name, each in sys.modules.items() if name.startswith(("nichiiki", "tests"))]:
        for name, value in list(vars(other).items()):
            if id(value) in renewed and other is not module:
                setattr(other, name, renewed[id(value)])


def preload() -> None:
    """Import everything that the tests need, so that a fork begins with their first line."""
    sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "tools")]
    names = [f"nichiiki_solver.verify.{file.stem}" for file in (SOLVER / "verify").glob("[a-z]*.py")]
    names += ["nichiiki_solver.promoting", "nichiiki_solver.rerunning", "nichiiki_oracle.random_instances"]
    names += ["nichiiki_solver.tie_break", "nichiiki_solver.policies.welfare"]
    names += ["nichiiki_oracle.allocations", "nichiiki_oracle.brute_force", "nichiiki_small"]
    names += ["nichiiki_solver.pricing.price", "nichiiki_tariff_small"]
    for name in names:
        importlib.import_module(name)


def chosen(sample: int, seed: int, only: set[str]) -> list[Mutant]:
    """Return a seeded sample of the mutants of the check, and of the tie-break in the same share but at least a fifth.

    Parameters
    ----------
    sample, seed
        How many, and of which draw.
    only
        Names of the files that are mutated; all if empty.
    """
    draw = random.Random(seed)  # noqa: S311 - a sample, no secret
    files = [*sorted((SOLVER / "verify").glob("*.py")), *(SOLVER / name for name in TIE_BREAK)]
    every = without_equivalents([mutant for file in files for mutant in mutants_of(file)])
    ties = [mutant for mutant in every if mutant.file.name in TIE_BREAK]
    check = [mutant for mutant in every if mutant.file.name not in TIE_BREAK]
    if only:
        check, ties = ([m for m in each if m.file.name in only] for each in (check, ties))
    few = min(len(ties), max(1, sample // 5 if check else sample))
    picked = draw.sample(ties, few) + draw.sample(check, min(len(check), sample - few))
    print(
        f"{len(check)} mutants of the check, {len(ties)} of the tie-break; sample of {len(picked)}, seed {seed}"
    )
    draw.shuffle(picked)
    return picked


def main() -> int:
    """Run the sample and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sample", type=int, default=120)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="file names, with commas between them")
    asked = parser.parse_args()
    os.environ.pop("NICHIIKI_FULL", None)
    os.environ["NICHIIKI_DRAWS"] = DRAWS
    os.chdir(ROOT)
    preload()
    only = {name for name in asked.only.split(",") if name}
    started, picked = time.monotonic(), chosen(asked.sample, asked.seed, only)
    tried: list[bool] = []
    say = partial(print, file=sys.stdout, flush=True)

    def report(mutant: Mutant, alive: bool) -> None:
        tried.append(alive)
        if alive:
            say(f"survived: {mutant.file.relative_to(ROOT)}:{mutant.line}: {mutant.name}")
        if len(tried) % 20 == 0:
            say(f"{tried.count(False)} of {len(tried)} killed after {time.monotonic() - started:.0f} s")

    groups: dict[tuple[str, ...], list[Mutant]] = {}
    for mutant in picked:
        groups.setdefault(tests_of(mutant.file), []).append(mutant)
    for number, (tests, some) in enumerate(groups.items(), start=1):
        left = 60 * asked.minutes - (time.monotonic() - started)
        share = time.monotonic() + left * len(some) / sum(
            len(each) for each in [*groups.values()][number - 1 :]
        )
        options = ["-q", "-n", "0", "-p", "no:cacheprovider", *tests]
        with open(os.devnull, "w", encoding="utf-8") as silence, redirect_stdout(silence):
            ended = pytest.main(options, plugins=[Runner(some, share, report)])
        if ended not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            sys.exit(f"the tests cannot be collected: {' '.join(tests)}")
    killed = tried.count(False)
    print(f"{killed} of {len(tried)} killed, of a sample of {len(picked)}: {killed / max(1, len(tried)):.1%}")
    return int(killed < GOAL * len(tried))


if __name__ == "__main__":
    sys.exit(main())
