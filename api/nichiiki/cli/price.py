"""``nichiiki price``: prices of fare products, and everything that follows from them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nichiiki.cli.console import Screen
from nichiiki.cli.exits import Exit
from nichiiki.cli.help import Command
from nichiiki.cli.options import Cap, Number, Ratio, Refusal, Word, argument, build, option
from nichiiki_models.texts import Lang

if TYPE_CHECKING:
    from nichiiki.report.tariff_extras import Extras
    from nichiiki_models.instance import Instance
    from nichiiki_models.tariff import TariffResult
    from nichiiki_solver.pricing.relaxing import Relaxation

GOALS = ("break-even", "uptake", "revenue", "welfare")
BASELINES = ("cost", "single-fares")
FRONTIER_POINTS = 4
MOST_NAMES = 30


def question(lang: Lang) -> list[click.Parameter]:
    """Options that say what is a good and what an allowed tariff."""
    return [
        option(lang, "--goal", type=Word(*GOALS), default="break-even"),
        option(lang, "--subsidy", type=Number(0), default=0, metavar="YEN"),
        option(lang, "--baseline", type=Word(*BASELINES), default="cost"),
        option(lang, "--equity-share", type=Number(0, 100), metavar="PERCENT"),
        option(lang, "--equity-yen", type=Number(0), metavar="YEN"),
        option(lang, "--ratio", type=Ratio(), multiple=True, metavar="PRODUCT=OTHER:PERCENT"),
        option(lang, "--per-head", type=Number(0), metavar="YEN"),
        option(lang, "--town-cap", type=Cap(), multiple=True, metavar="REGION=YEN"),
    ]


def command(lang: Lang) -> Command:
    """Return the command in a language."""
    params: list[click.Parameter] = [
        argument(lang, "instance"),
        option(lang, "--allocation", metavar="FILE"),
        *question(lang),
        option(lang, "--compare", metavar="PRODUCT", key="compare_product"),
        option(lang, "--scenarios", is_flag=True),
        option(lang, "--guaranteed", type=Number(0, 1_000_000), default=0, metavar="SEATS"),
        option(lang, "--out", type=click.Path(path_type=Path), metavar="DIR"),
        option(lang, "--time-limit", type=Number(0, whole=False, above=True), default=60.0, metavar="S"),
        option(lang, "--seed", type=Number(0), default=0, metavar="N"),
        option(lang, "--force", is_flag=True),
        option(lang, "--json", "as_json", is_flag=True),
    ]

    def price(instance: str, **given: Any) -> int:
        return _price(Screen(lang), instance, **given)

    return build(lang, "price", price, params)


def _price(
    screen: Screen,
    name: str,
    *,
    allocation: str | None,
    compare: str | None,
    scenarios: bool,
    guaranteed: int,
    out: Path | None,
    force: bool,
    as_json: bool,
    **given: Any,
) -> int:
    import nichiiki
    from nichiiki.cli.opening import open_allocation, open_instance
    from nichiiki.cli.progress import Watch, beside
    from nichiiki.cli.saving import claim, json_bytes
    from nichiiki.report.tariff_files import TARIFF_OUTPUTS, write_tariff

    if out is not None:
        claim(out, force=force, own=TARIFF_OUTPUTS)
    instance = open_instance(name)
    check_names(instance, given, compare)
    placed = None if allocation is None else open_allocation(allocation)
    if placed is not None and placed.instance_hash != instance.hash:
        raise Refusal("failed.other_allocation", file=allocation)
    asked = arguments(given)
    effort = {"time_limit_s": given["time_limit"], "seed": given["seed"]}
    with Watch(screen, products=len(instance.products), time_limit_s=given["time_limit"]) as watch:
        signals: dict[str, Any] = {"progress": watch, "should_stop": watch.should_stop}
        tariff = beside(partial(nichiiki.price, instance, placed, **asked, **effort, **signals))
    more: dict[str, Any] = {"compare": compare, "scenarios": scenarios, "guaranteed": guaranteed}
    extras = extras_of(instance, placed, tariff, asked, **more) if out else None
    written = write_tariff(out, instance, tariff, extras=extras, lang=screen.lang) if out else []
    if as_json:
        click.echo(json_bytes(tariff.model_dump(mode="json")).decode("utf-8"), nl=False)
    else:
        show(screen, tariff, written, helps=extras.relaxations if extras else ())
    if watch.stopped:
        screen.tell("interrupted.saved")
        return Exit.INTERRUPTED
    return Exit.DONE if any(product.offered for product in tariff.products) else Exit.NEGATIVE


def check_names(instance: Instance, given: dict[str, Any], compare: str | None = None) -> None:
    """Refuse options that name what the instance does not have, or one of two that go together."""
    products, regions = instance.products.ids, instance.regions.ids
    named = [("--ratio", name, products) for product, other, _ in given["ratio"] for name in (product, other)]
    named += [("--town-cap", region, regions) for region, _ in given["town_cap"]]
    named += [("--compare", compare, products)] if compare else []
    for words, name, known in named:
        if name not in known:
            raise Refusal("usage.word", option=words, value=name, words=_listed(known))
    if (given["equity_share"] is None) != (given["equity_yen"] is None):
        raise Refusal("usage.together", option="--equity-share", other="--equity-yen")


def _listed(names: Collection[str]) -> str:
    """Names in order, the first of them where there are many."""
    return ", ".join([*sorted(names)[:MOST_NAMES], *["…"][: len(names) > MOST_NAMES]])


def arguments(given: dict[str, Any]) -> dict[str, Any]:
    """Arguments of `nichiiki.price` from options."""
    return {
        "goal": given["goal"].replace("-", "_"),
        "subsidy_yen": given["subsidy"],
        "baseline": given["baseline"].replace("-", "_"),
        "equity_share_percent": given["equity_share"],
        "equity_yen": given["equity_yen"],
        "subsidy_per_head_yen": given["per_head"],
        "town_caps_yen": dict(given["town_cap"]),
        "price_ratios": {product: (other, percent) for product, other, percent in given["ratio"]},
    }


def extras_of(
    instance: Instance,
    placed: Any,
    tariff: TariffResult,
    asked: dict[str, Any],
    *,
    compare: str | None = None,
    scenarios: bool = False,
    guaranteed: int = 0,
) -> Extras:
    """Find what a report says beside a tariff: budgets, black-outs, payers, and where asked kinds and scenarios.

    Where nothing keeps what was asked, what would help is found instead.
    """
    from nichiiki import tariffs
    from nichiiki.report.tariff_extras import Extras

    if tariff.objective is None:
        return Extras(relaxations=tariffs.relaxations(instance, placed, **asked))
    limits = {name: value for name, value in asked.items() if name not in ("goal", "subsidy_yen")}
    alone = {name: value for name, value in asked.items() if name != "price_ratios"}
    top = asked["subsidy_yen"]
    budgets = sorted({top * k // FRONTIER_POINTS for k in range(FRONTIER_POINTS + 1)})
    return Extras(
        points=tariffs.frontier(instance, placed, budgets_yen=budgets, **limits),
        kinds=tariffs.compare_products(instance, placed, product_id=compare, **alone) if compare else {},
        calendars=tariffs.pass_calendars(instance, tariff, guaranteed=guaranteed),
        payers=tariffs.payers_of(instance, tariff),
        robust=tariffs.robust_prices(instance, placed, **asked) if scenarios else None,
    )


def with_others(each: Relaxation) -> str:
    """Key of the words that say what must give way as well."""
    return "tariff.with_others" if each.limit in each.without else "tariff.without_caps"


def show(
    screen: Screen, tariff: TariffResult, written: list[Path], *, helps: Sequence[Relaxation] = ()
) -> None:
    """Show prices and key figures on the terminal, and what would help where there are none."""
    from nichiiki.cli import showing
    from nichiiki.report.words import number, percent, words

    say = words(screen.lang)
    table = showing.new_table()
    columns = ("product", "kind", "price_yen", "buyers", "trips_induced", "product_yen", "need_yen")
    for column in columns:
        table.add_column(say(f"tariff.{column}"), justify="left" if column in columns[:2] else "right")
    for product in tariff.products:
        figures = product.figures
        shown = number(product.price_yen) if product.offered else say("tariff.not_sold")
        trips = figures.trips_induced + figures.trips_new
        cells = (
            f"{figures.buyers / 1000:,.1f}",
            f"{trips / 1000:,.1f}",
            number(figures.product_yen),
            number(figures.need_yen),
        )
        table.add_row(product.product_id, say(f"tariff.kind.{product.kind}"), shown, *cells)
    showing.show(screen.say("price.title"), table, screen)
    status = f"{say(f'status.{tariff.status.value}')} – {say(f'stop.{tariff.reason.value}')}"
    values = {
        "status": status,
        "gap": percent(tariff.gap) or "–",
        "used": number(tariff.subsidy_used_yen),
        "share": percent(tariff.deadweight_share) or "–",
    }
    screen.out.print(screen.say("price.summary", **values), soft_wrap=True)
    for unit in tariff.units:
        certificate = unit.break_even
        if certificate and certificate.smallest_yen is None and certificate.rescue_yen is not None:
            key = {"product": certificate.product_id, "yen": number(certificate.rescue_yen)}
            screen.out.print(screen.say("price.spiral", **key), soft_wrap=True)
    for each in helps:
        word = "price.helps" if each.enough is not None else "price.does_not_help"
        name = f"{say(f'tariff.limit.{each.limit}')} {each.target_id}".strip()
        also = f" ({say(with_others(each))})" if each.without else ""
        told = {"limit": name + also, "asked": number(each.asked), "enough": number(each.enough)}
        screen.out.print(screen.say(word, **told), soft_wrap=True)
    if written:
        showing.files(written, screen)
    else:
        screen.tell("show.nothing_written")
