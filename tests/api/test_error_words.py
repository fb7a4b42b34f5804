"""What a planner can do wrong on the command line is said in Japanese and in English, each in words of its own."""

import ast
import re
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import nichiiki as nk
from nichiiki.batch import shares
from nichiiki.batch.manifest import jobs_of, read_manifest
from nichiiki.batch.store import FILE, Store
from nichiiki.cli.exits import Exit
from nichiiki_feed import feed
from nichiiki_models import errors
from nichiiki_models.texts import LANGUAGES, Lang, text
from nichiiki_solver import bundles
from nichiiki_solver.lotteries import serial_rule
from nichiiki_solver.policies import stable
from nichiiki_tariff_small import riders, sold, tree

Words = list[object]
JAPANESE = re.compile("[ぁ-んァ-ヶ一-龠]")
ENGLISH = re.compile(r"[A-Za-z]{2,}(?: [a-z]{2,}){2,}")
"""Three words of Latin letters in a row; what stands in brackets is a command or an id, as it is typed."""
QUOTED = re.compile("「[^」]*」")
RUNS = "[[runs]]\ninstances = ['flagship']\npolicies = ['points']\n"
HOUSE = {
    "house_id": "ho1",
    "region_id": "d0",
    "lat": 35,
    "lon": 139,
    "capacity_persons": 2,
    "rent_yen": 10_000,
}
HOME = {"household_id": "hh1", "home_region": "h", "budget_yen": 90_000, "round_trips": 1.0}
WISH = {"household_id": "hh1", "list": "stay", "rank": 1, "target_kind": "house", "target_id": "ho1"}
TOWNS = "code6,name,pref_code,lat,lon,pop_2020\n"


def town(path: Path, *products: Any, **changes: Any) -> Path:
    """Write a town with one household and some products."""
    demand = [riders(trips=1, value=4000, step=300, mass=5)]
    people: dict[str, Any] = {"households": [HOME], "houses": [HOUSE], "choices": [WISH], **changes}
    nk.write(tree([700], demand=demand, products=products).replace(**people), path / "town")
    return path / "town"


@pytest.fixture(scope="module")
def places(folder: Path, small_result: nk.Result, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what the words of the commands name: instances, an allocation, households with and without a place."""
    assert small_result.allocation is not None
    path = tmp_path_factory.mktemp("places")
    (path / "allocation.json").write_text(small_result.allocation.model_dump_json(), "utf-8")
    (path / "town").mkdir()
    free, other = (sold("flat", name=name, low=500, high=900, step=100) for name in ("free", "other"))
    given = sold("percentage", name="given", percent_back=40)
    return {
        "small": folder,
        "done": path / "allocation.json",
        "town": town(path, free, other, given),
        "placed": small_result.allocation.placements["household_id"][0],
        "waiting": small_result.allocation.unplaced["household_id"][0],
    }


def check(shown: Any, code: str, lang: Lang) -> None:
    """Check that a problem was said, whole, and in one language."""
    assert shown.exit_code == Exit.BAD_INPUT, shown.output
    said = shown.stderr
    assert text(f"problem.{code}.remedy", lang) in said
    if lang == "ja":
        words = QUOTED.sub("", said)
        assert "条件：" in words and "対処：" in words and JAPANESE.search(words)
        assert not ENGLISH.search(words), words
    else:
        assert "Allowed: " in said and "Remedy: " in said
        assert not JAPANESE.search(said), said


ASKED = [
    ("unknown_id", "explain {small} {done} nobody"),
    ("unknown_id", "fit {small} {done} nobody"),
    ("unknown_id", "evacuation {small} {done} --region atlantis"),
    ("unknown_id", "evacuation {small} {done} --period never"),
    ("unknown_id", "promote {small} {done} --declined nobody"),
    ("unknown_id", "platform platform --explain nobody"),
    ("arg_twice", "promote {small} {done} --declined {placed},{placed}"),
    ("no_place_to_accept", "promote {small} {done} --accepted {waiting}"),
    ("no_periods", "allocate platform"),
    ("no_second_engine", "allocate {small} --policy points --cross-check"),
    ("arg_share", "allocate {small} --gap 1"),
    ("official_gap", "allocate {small} --official --gap 0.1"),
    ("commitment_changed", "allocate {small} --value-name n --value v --digest 00ff"),
    ("public_value_empty", "lottery reveal {small} --value-name n --value= --digest 00ff"),
    ("public_name_empty", "lottery commit {small} --value-name="),
    ("lottery_of_nobody", "lottery commit platform --value-name n"),
    ("no_products", "plan {small}"),
    ("no_products", "price {small}"),
    ("arg_range", "price {town} --subsidy 9999999999999999999999"),
    ("ratio_not_chosen", "price {town} --ratio free=given:50"),
    ("ratio_of_ratio", "price {town} --ratio free=free:50"),
    ("arg_range", "price {town} --ratio free=other:0"),
    ("hosts_many", "generate --hosts 900 --out new"),
    ("hosts_more", "generate --hosts 5 --houses 2 --out new"),
    ("file_not_found", "generate --municipalities nowhere.csv --out new"),
    ("file_not_found", "convert nowhere.zip new"),
    ("file_not_found", "batch run nowhere.toml"),
    ("no_manifest", "verify --replay nowhere"),
]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(("code", "words"), ASKED)
def test_what_cannot_be_asked(run: Any, places: dict[str, Any], code: str, words: str, lang: Lang) -> None:
    check(run(*(word.format(**places) for word in words.split()), "--lang", lang), code, lang)


BATCHES = [
    ("broken_toml", "[[runs\n"),
    ("batch_key_missing", "[[runs]]\ninstances = ['flagship']\n"),
    ("batch_key_unknown", "[batch]\nmemory = 1\n" + RUNS),
    ("batch_limit", "[batch]\nworkers = 0\n" + RUNS),
    ("batch_limit", RUNS.replace("'points'", "")),
    ("batch_kind", "[batch]\nworkers = 'two'\n" + RUNS),
    ("arg_unknown", RUNS.replace("points", "chance")),
    ("no_such_instance", RUNS.replace("flagship", "nowhere")),
    ("too_many_jobs", RUNS.replace("'flagship'", "'flagship'," * 1100) + f"seeds = {list(range(1000))}\n"),
]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(("code", "manifest"), BATCHES, ids=[code for code, _ in BATCHES])
def test_batches_that_cannot_be_run(run: Any, tmp_path: Path, code: str, manifest: str, lang: Lang) -> None:
    (tmp_path / "plan.toml").write_text(manifest, "utf-8")
    check(run("batch", "run", tmp_path / "plan.toml", "--lang", lang), code, lang)


def begun(folder: Path, patch: pytest.MonkeyPatch) -> None:
    Store(folder / "out").close()


def later(folder: Path, patch: pytest.MonkeyPatch) -> None:
    begun(folder, patch)
    with closing(sqlite3.connect(folder / "out" / FILE)) as record:
        record.execute("pragma user_version = 99")


def shared(folder: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(shares, "file_system_of", lambda path: "cifs")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("code", "way", "prepare"),
    [("batch_begun", "run", begun), ("later_version", "resume", later), ("network_share", "run", shared)],
)
def test_folders_of_batches(
    run: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    way: str,
    prepare: Callable[[Path, pytest.MonkeyPatch], None],
    lang: Lang,
) -> None:
    (tmp_path / "plan.toml").write_text(RUNS, "utf-8")
    prepare(tmp_path, monkeypatch)
    check(run("batch", way, tmp_path / "plan.toml", "--out", tmp_path / "out", "--lang", lang), code, lang)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("code", "name", "content"),
    [
        ("broken_manifest", "manifest.json", "{}"),
        ("broken_allocation", "allocation.json", "{}"),
        ("arg_unknown", "manifest.json", None),
    ],
)
def test_runs_that_cannot_be_replayed(
    run: Any, tmp_path: Path, folder: Path, code: str, name: str, content: str | None, lang: Lang
) -> None:
    out = tmp_path / "out"
    assert run("allocate", folder, "--policy", "points", "--out", out).exit_code == Exit.DONE
    kept = (out / name).read_text("utf-8")
    (out / name).write_text(content or kept.replace('"policy": "points"', '"policy": "chance"'), "utf-8")
    check(run("verify", "--replay", out, "--lang", lang), code, lang)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("code", "content"), [("towns_columns", "x\n1\n"), ("towns_number", TOWNS + "302066,a,30,north,135,9,\n")]
)
def test_tables_of_municipalities(run: Any, tmp_path: Path, code: str, content: str, lang: Lang) -> None:
    (tmp_path / "towns.csv").write_text(content, "utf-8")
    shown = run(
        "generate", "--municipalities", tmp_path / "towns.csv", "--out", tmp_path / "new", "--lang", lang
    )
    check(shown, code, lang)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("code", "more"), [("gtfs_no_stop", ("--stops", "Q1")), ("gtfs_id_taken", ("--into", "{more}"))]
)
def test_feeds(run: Any, tmp_path: Path, code: str, more: tuple[str, ...], lang: Lang) -> None:
    source = feed(tmp_path)
    assert run("convert", source, tmp_path / "one", "--into", "flagship").exit_code == Exit.DONE
    asked = (word.format(more=tmp_path / "one") for word in more)
    check(run("convert", source, tmp_path / "two", *asked, "--lang", lang), code, lang)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("code", "low", "step", "names"),
    [("no_price_in_range", 800, 700, "a"), ("too_many_menus", 0, 100, "ab")],
)
def test_ranges_of_prices(
    run: Any, tmp_path: Path, code: str, low: int, step: int, names: str, lang: Lang
) -> None:
    high = 900 if low else 200_000
    products = [sold("flat", name=name, low=low, high=high, step=step) for name in names]
    check(run("price", town(tmp_path, *products), "--lang", lang), code, lang)


FAR = [
    {
        "link_id": f"x{k}",
        "from_id": f"q{k}",
        "to_id": f"q{k + 1}",
        "mode": "rail",
        "minutes": 2000,
        "fare_yen": 9,
    }
    for k in range(5)
]
STOPS = [{"place_id": f"q{k}", "region_id": "h", "kind": "station", "lat": 35, "lon": 139} for k in range(6)]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_ways_that_are_too_long(run: Any, tmp_path: Path, lang: Lang) -> None:
    ends = [
        {"link_id": "y0", "from_id": "h", "to_id": "q0", "mode": "rail", "minutes": 9, "fare_yen": 9},
        {"link_id": "y1", "from_id": "q5", "to_id": "d0", "mode": "rail", "minutes": 9, "fare_yen": 9},
    ]
    far = town(tmp_path, links=[*FAR, *ends], places=STOPS)
    check(run("allocate", far, "--lang", lang), "way_too_long", lang)


MINIMUM = [{"quota_id": "q", "min": 1}]
MUST = [{"household_id": "hh1", "target_kind": "placed", "effect": "must", "reason": "r"}]
REFUSED: list[tuple[str, str, Any, str, object]] = [
    ("policy_no_minimum", "points", None, "", None),
    ("policy_too_many", "stable", stable, "MOST_OPTIONS", 0),
    ("policy_too_large", "probabilistic_serial", serial_rule, "MOST_ENTRIES", 0),
    ("policy_lists_all", "nash", bundles, "LIST_ALL", 0),
]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(("code", "policy", "module", "limit", "value"), REFUSED)
def test_markets_that_a_policy_refuses(
    run: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    policy: str,
    module: Any,
    limit: str,
    value: object,
    lang: Lang,
) -> None:
    where = town(tmp_path, quotas=MINIMUM) if module is None else town(tmp_path, locks=MUST)
    if module is not None:
        monkeypatch.setattr(module, limit, value)  # a market of that size takes too long to make
    check(run("allocate", where, "--policy", policy, "--lang", lang), code, lang)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_cluster_that_is_not_there(
    run: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, lang: Lang
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    shown = run("compare", folder, "--policies", "points", "--scheduler", "tcp://127.0.0.1:1", "--lang", lang)
    check(shown, "dask_missing", lang)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_answer_that_is_withheld(
    run: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, lang: Lang
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise errors.VerificationError([nk.Violation(rule="unknown_id", where="hh1")])

    monkeypatch.setattr(nk, "allocate", broken)
    shown = run("allocate", folder, "--lang", lang)
    assert shown.exit_code == Exit.NEGATIVE
    assert bool(JAPANESE.search(shown.stderr)) == (lang == "ja")
    assert bool(ENGLISH.search(shown.stderr)) == (lang == "en")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_household_that_has_declined_before(
    run: Any, tmp_path: Path, places: dict[str, Any], lang: Lang
) -> None:
    given = (places["small"], places["done"], "--declined", places["placed"])
    assert run("promote", *given, "--out", tmp_path / "out").exit_code == Exit.DONE
    shown = run("promote", given[0], tmp_path / "out", *given[2:], "--lang", lang)
    check(shown, "declined_before", lang)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_a_command_refuses_by_itself_python_refuses_too(
    places: dict[str, Any], small_result: nk.Result, lang: Lang
) -> None:
    priced = nk.read(places["town"])
    for code, asked in (("equity_half", {"equity_yen": 5}), ("other_instance", {})):
        placed = None if asked else small_result.allocation
        with pytest.raises(nk.UsageError) as caught:
            nk.price(priced, placed, **asked)  # type: ignore[arg-type]  # the dict mixes names
        assert text(f"problem.{code}.remedy", lang) in caught.value.message(lang)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_plan_without_an_allocation(run: Any, tmp_path: Path, lang: Lang) -> None:
    free = sold("flat", low=500, high=900, step=100)
    shown = run("plan", town(tmp_path, free, quotas=[{"quota_id": "q", "min": 5}]), "--lang", lang)
    check(shown, "plan_impossible", lang)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    "words",
    [
        "check flagship --mapping {folder}",
        "check flagship --mapping {file}",
        "convert flagship {folder}/copy --mapping {file}",
        "map {file} --tables {file}",
        "allocate flagship --policy points --out {file}/out",
        "check flagship --errors {file}/new.csv",
        "fit {small} {done} {placed} --prices {folder}",
        "fit {small} {done} {placed} --prices {file}",
        "price {town} --guaranteed 99999999999999999999",
    ],
)
def test_files_and_folders_that_are_the_other_one(
    run: Any, tmp_path: Path, places: dict[str, Any], words: str, lang: Lang
) -> None:
    (tmp_path / "file.csv").write_text("a\n", "utf-8")
    named = {**places, "folder": tmp_path, "file": tmp_path / "file.csv"}
    shown = run(*(word.format(**named) for word in words.split()), "--lang", lang)
    assert shown.exit_code == Exit.BAD_INPUT
    assert ".tmp" not in shown.stderr, "a draft is nobody's file"
    assert bool(JAPANESE.search(shown.stderr)) == (lang == "ja")
    assert bool(ENGLISH.search(QUOTED.sub("", shown.stderr))) == (lang == "en")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("code", "column"),
    [
        ("mapping_origin", "{}"),
        ("mapping_pattern", '{ from = "x", pattern = "(" }'),
        ("mapping_wrong", "{ from = 1 }"),
        ("mapping_unknown", '{ from = "x", more = 1 }'),
    ],
)
def test_mappings(run: Any, tmp_path: Path, folder: Path, code: str, column: str, lang: Lang) -> None:
    head = '[[source]]\nfile = "*"\ntable = "houses"\n[source.columns]\n'
    (tmp_path / "m.toml").write_text(f"{head}lat = {column}\n", "utf-8")
    shown = run("map", folder / "houses.csv", "--mapping", tmp_path / "m.toml", "--lang", lang)
    check(shown, code, lang)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_job_that_failed_says_why(run: Any, tmp_path: Path, lang: Lang) -> None:
    (tmp_path / "plan.toml").write_text(RUNS, "utf-8")
    store = Store(tmp_path / "out")
    store.plan(jobs_of(read_manifest(tmp_path / "plan.toml"), tmp_path))
    job = store.take()
    assert job is not None
    store.finish(job.key, "failed", 1.0, {"error": "UnsupportedMarketError"})
    store.close()
    shown = run("batch", "status", tmp_path / "plan.toml", "--out", tmp_path / "out", "--lang", lang)
    assert shown.exit_code == Exit.NEGATIVE
    assert "nichiiki policies" in shown.stderr
    assert bool(JAPANESE.search(shown.stderr)) == (lang == "ja")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_run_of_a_comparison_that_was_refused(run: Any, tmp_path: Path, lang: Lang) -> None:
    where = town(tmp_path, quotas=MINIMUM)
    shown = run("compare", where, "--policies", "points", "--lang", lang)
    assert shown.exit_code == Exit.NEGATIVE
    assert text("problem.policy_no_minimum.remedy", lang) in shown.stderr


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("words", ["explain flagship {done}", "promote flagship {done}"])
def test_an_allocation_of_another_instance_is_no_defect_of_ours(
    run: Any, places: dict[str, Any], words: str, lang: Lang
) -> None:
    shown = run(*words.format(**places).split(), "--lang", lang)
    assert shown.exit_code == Exit.NEGATIVE
    assert text("cli.failed.given", lang, package="nichiiki", count=1) in shown.stderr


PYTHON_ONLY = {
    "api/nichiiki/auditing.py": "a result without an allocation has no manifest; the command ends before",
    "api/nichiiki/charts.py": "charts are drawn from Python",
    "api/nichiiki/comparing.py": "the command always gives instances, policies and seeds",
    "api/nichiiki/simulating.py": "no command simulates",
    "instances/nichiiki_instances/bundled.py": "a command takes an unknown name as a path",
    "instances/nichiiki_instances/gtfs/tariff.py": "no command writes fares as GTFS",
    "instances/nichiiki_instances/standard/": "no command reads or writes formats of the literature",
    "models/nichiiki_models/changes.py": "changes are made by a program",
    "solver/nichiiki_solver/allocating.py": "locks as rows of Python; a file of locks is checked on reading",
    "solver/nichiiki_solver/cost_table.py": "prices by household are given from Python",
    "solver/nichiiki_solver/flow/": "networks are arrays",
    "solver/nichiiki_solver/lotteries/decomposition.py": "chances are an array",
    "solver/nichiiki_solver/lotteries/lottery.py": "weights and tickets are given from Python",
    "solver/nichiiki_solver/lotteries/public.py": "an instance has no empty id",
    "solver/nichiiki_solver/market.py": "markets are arrays",
    "solver/nichiiki_solver/matching/": "matching markets are arrays",
    "solver/nichiiki_solver/payers.py": "expenses are given from Python",
    "solver/nichiiki_solver/pricing/analytic.py": "curves are given from Python",
    "solver/nichiiki_solver/pricing/robust.py": "the command has its own scenarios and a limit",
    "solver/nichiiki_solver/scenarios.py": "tables of scenarios are arrays",
    "solver/nichiiki_solver/seat_control/": "seats and costs are arrays",
    "solver/nichiiki_solver/settlement/": "trips and fees are arrays",
    "solver/nichiiki_solver/transport/": "trips and rents are arrays",
}
"""Where an error may be one English sentence, and why no command comes there with what a planner gives."""
ROOT = Path(__file__).parents[2]
KINDS = {
    name
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.NichiikiError)
}


def sentences(path: Path) -> int:
    """Count the errors of a module that are made of a sentence in the code."""
    return sum(
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in KINDS - {"VerificationError"}
        and not (call.args and isinstance(call.args[0], (ast.List, ast.ListComp, ast.Call, ast.Attribute)))
        and not (call.args and isinstance(call.args[0], ast.Name) and call.args[0].id.islower())
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
    )


def test_sentences_are_not_written_in_code() -> None:
    modules = [
        path for part in ("api", "instances", "models", "solver") for path in (ROOT / part).rglob("*.py")
    ]
    found = {path.relative_to(ROOT).as_posix() for path in modules if sentences(path)}
    assert [name for name in sorted(found) if not name.startswith(tuple(PYTHON_ONLY))] == []
    assert [name for name in PYTHON_ONLY if not any(each.startswith(name) for each in found)] == []
