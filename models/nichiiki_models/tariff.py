"""A tariff: prices of fare products, who takes them, what they earn and cost, and how good they are known to be.

Persons and trips are counted in thousandths, money in whole yen, over the whole calendar unless a name says
otherwise. What the figures mean is said in docs/explanation/tariffs.md.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, computed_field, model_validator

from nichiiki_models.allocation import LevelResult, Status, StopReason
from nichiiki_models.formats import migrated
from nichiiki_models.notebook import card, table
from nichiiki_models.result import Result
from nichiiki_models.settlement import Settlement

TARIFF_FORMAT: Literal["nichiiki-tariff/1"] = "nichiiki-tariff/1"
Goal = Literal["break_even", "uptake", "revenue", "welfare"]
Baseline = Literal["cost", "single_fares"]
GOALS: tuple[str, ...] = Goal.__args__  # type: ignore[attr-defined]
BASELINES: tuple[str, ...] = Baseline.__args__  # type: ignore[attr-defined]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Figures(_Frozen):
    """What a group of travellers does under a tariff, against single fares alone."""

    buyers: int = Field(default=0, description="persons with a product, thousandths of a person-month")
    riders: int = Field(default=0, description="persons who travel, thousandths of a person-month")
    priced_out: int = Field(
        default=0,
        description="persons who do not travel though a trip is worth more to them than it costs to run, thousandths",
    )
    trips_existing: int = Field(default=0, description="round trips made at single fares too, thousandths")
    trips_induced: int = Field(
        default=0, description="further round trips of those who travel at single fares, thousandths"
    )
    trips_new: int = Field(
        default=0, description="round trips of those who do not travel at single fares, thousandths"
    )
    trips_lost: int = Field(default=0, description="round trips that are no longer made, thousandths")
    paid_yen: int = Field(default=0, description="fees and fares paid by travellers")
    product_yen: int = Field(default=0, description="of it for products: fees, and fares on what they cover")
    cost_yen: int = Field(default=0, description="cost of the seats used")
    product_cost_yen: int = Field(default=0, description="of it on what products cover")
    admin_yen: int = Field(default=0, description="cost of selling products")
    seat_rent_yen: int | None = Field(
        default=None, description="scarcity of the seats used by products; None where the goal is not in yen"
    )
    cannibalised_yen: int = Field(default=0, description="single fares that buyers of products paid before")
    gift_yen: int = Field(default=0, description="what buyers save on trips they made anyway")
    need_yen: int = Field(default=0, description="shortfall against the baseline; below 0 a surplus")
    surplus_yen: int = Field(default=0, description="value to travellers above what they pay")


class ProductResult(_Frozen):
    """A product of the tariff."""

    product_id: str
    kind: str
    offered: bool = Field(description="whether it is sold")
    decided: bool = Field(description="whether its price was decided here, not given")
    price_yen: int | None = Field(description="price a month and full fare; None if it is not sold")
    unit: int | None = Field(
        default=None, description="number of the pricing unit; None if its price is given and meets no other"
    )
    covers: tuple[str, ...] = Field(default=(), description="links that it covers, in both directions")
    figures: Figures = Figures()


class OdResult(_Frozen):
    """A pair of origin and destination."""

    from_id: str
    to_id: str
    zone: str = Field(description="region of the destination")
    figures: Figures = Figures()


class ZoneResult(_Frozen):
    """A region to which people travel."""

    region_id: str
    figures: Figures = Figures()


class BreakEven(_Frozen):
    """Every price at which a product breaks even, or the proof that there is none."""

    product_id: str
    roots_yen: tuple[float, ...] = Field(
        description="prices at which the shortfall is exactly the lump sum, others fixed"
    )
    ranges_yen: tuple[tuple[float, float], ...] = Field(
        description="price ranges with a buyer in which the shortfall is at most the lump sum"
    )
    smallest_yen: int | None = Field(
        description="smallest price of the grid that breaks even; None if none does"
    )
    needs: tuple[tuple[int, int, int], ...] = Field(
        description="price, buyers (thousandths) and shortfall of each price of the grid with a buyer: the certificate"
    )
    rescue_yen: int | None = Field(
        description="smallest lump sum with which some price of the grid breaks even; None without a buyer"
    )


class UnitResult(_Frozen):
    """A pricing unit: products whose prices must be chosen together, because somebody could buy either."""

    unit: int
    product_ids: tuple[str, ...]
    menus: int = Field(description="price combinations that were compared")
    need_yen: int
    subsidy_yen: int = Field(description="shortfall paid from the budget")
    break_even: BreakEven | None = Field(
        default=None, description="for a unit with one decided price and choice by what is best"
    )


class Way(_Frozen):
    """The round trip that travellers of a pair take, with single fares or with a product."""

    from_id: str
    to_id: str
    period_id: str
    car: bool
    limit_minutes: int | None = None
    product_id: str | None = None
    out: tuple[tuple[str, str], ...] = Field(
        description="link (empty = straight way) and the point it leads to"
    )
    back: tuple[tuple[str, str], ...] = ()


class FlowResult(_Frozen):
    """Passengers on a link in a direction and period."""

    link_id: str
    from_id: str
    to_id: str
    period_id: str
    passengers: int = Field(description="thousandths")
    product_passengers: int = Field(description="of them with a product that covers the link, thousandths")
    seats: int | None = Field(description="seats for products; None = no limit")
    rent_yen: float | None = Field(
        default=None,
        description="yen that one more seat would add to the goal; None where the goal is not in yen",
    )
    rent_buyers: float | None = Field(
        default=None,
        description="person-months of buyers that one more seat would win; None where the goal is in yen",
    )


class SettlementRow(_Frozen):
    """Income of an operator under a way of sharing."""

    rule: str
    operator_id: str
    before_yen: int = Field(description="single fares without products")
    after_yen: int = Field(description="single fares and its share of the products")
    cost_change_yen: int = Field(default=0, description="cost of the seats used, against single fares alone")
    loss_cap_yen: int | None = None


class TariffResult(_Frozen):
    """A tariff, its figures and its proof; JSON both ways.

    Attributes
    ----------
    status, reason
        How the run ended, and why. INFEASIBLE: no prices keep what was asked (`units` say why and what would help).
    objective, bound
        Of the first level not proven, else of the first level; maximised.
    levels
        Every level of the goal.
    settings
        What was asked for: all arguments that say what is a good or an allowed tariff.
    """

    format: Literal["nichiiki-tariff/1"] = TARIFF_FORMAT
    instance_hash: str
    allocation_hash: str | None = None
    goal: Goal
    baseline: Baseline
    status: Status
    reason: StopReason
    objective: int | None = None
    bound: int | None = None
    levels: tuple[LevelResult, ...] = ()
    seconds: float = 0.0
    settings: dict[str, Any] = Field(default_factory=dict)
    subsidy_used_yen: int = 0
    deadweight_share: float | None = Field(
        default=None,
        description="part of the money paid in that goes to trips made anyway; None without money",
    )
    yen_per_buyer: float | None = Field(
        default=None,
        description="subsidy that one more person-month of a buyer costs; None where the goal is in yen or no more can be bought",
    )
    total: Figures = Figures()
    without: Figures = Field(default=Figures(), description="the same travellers with single fares alone")
    products: tuple[ProductResult, ...] = ()
    units: tuple[UnitResult, ...] = ()
    ods: tuple[OdResult, ...] = ()
    zones: tuple[ZoneResult, ...] = ()
    flows: tuple[FlowResult, ...] = ()
    ways: tuple[Way, ...] = ()
    settlement: tuple[SettlementRow, ...] = ()
    sharing: tuple[Settlement, ...] = Field(
        default=(),
        description="what products earn, shared among operators by each rule, with Shapley value and core",
    )
    unreachable: int = Field(default=0, description="persons without any way, thousandths of a person-month")
    provenance: dict[str, Any] = Field(default_factory=dict)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def gap(self) -> float | None:
        """Relative distance between objective and bound."""
        if self.objective is None or self.bound is None:
            return None
        return (self.bound - self.objective) / max(1, abs(self.objective))

    @property
    def prices(self) -> dict[str, int | None]:
        """Price of each product a month; None if it is not sold."""
        return {product.product_id: product.price_yen for product in self.products}

    def _repr_html_(self) -> str:
        """Return what a notebook shows; persons and trips in thousandths, as the fields have them."""
        facts = {
            "goal": self.goal,
            "status": self.status.value,
            "reason": self.reason.value,
            "objective": self.objective,
            "bound": self.bound,
            "gap": self.gap,
            "subsidy_used_yen": self.subsidy_used_yen,
            "deadweight_share": self.deadweight_share,
        }
        columns = ("product_id", "kind", "price_yen", "buyers", "trips_induced", "product_yen", "need_yen")
        rows = (
            (
                each.product_id,
                each.kind,
                each.price_yen,
                *(getattr(each.figures, name) for name in columns[3:]),
            )
            for each in self.products
        )
        return card("TariffResult", facts, table(columns, rows, len(self.products)))

    @model_validator(mode="before")
    @classmethod
    def _drop_derived(cls, value: Any) -> Any:
        value = migrated(value)
        if not isinstance(value, dict):
            return value
        levels = [
            {k: v for k, v in level.items() if k not in ("gap", "proven")}
            if isinstance(level, dict)
            else level
            for level in value.get("levels", ())
        ]
        return {**{k: v for k, v in value.items() if k != "gap"}, "levels": levels}


class Move(_Frozen):
    """A household whose second base differs between an allocation at single fares and one with the tariff."""

    household_id: str
    before_house: str | None
    after_house: str | None
    needs_product: bool = Field(
        default=False, description="whether the new stay would be over the household's budget at single fares"
    )


class PlanRound(_Frozen):
    """A round of the plan: allocate at prices, then price the allocation."""

    number: int
    state: str = Field(description="hash of prices and allocation; a repeated one closes a cycle")
    prices: dict[str, int | None]
    placed: int
    welfare: int | None = Field(description="objective of the allocation")
    tariff_objective: int | None


class PlanResult(_Frozen):
    """Allocation and tariff that fit each other, or the best state of a cycle.

    Attributes
    ----------
    reason
        PROVEN at a fixed point; CYCLE; TIME_LIMIT.
    allocation_regret
        What the allocation's objective would gain if it were made again at the tariff's prices; 0 at a fixed point.
    tariff_regret
        What other prices could gain for this allocation at most: the gap of the tariff's first level.
    strained
        Households whose stay costs more than their budget (or the limit of their burden) at the tariff's prices; nobody at a
        fixed point.
    enabled
        Households whose stay would cost more than that at single fares.
    """

    status: Status
    reason: StopReason
    allocation: Result
    tariff: TariffResult
    rounds: tuple[PlanRound, ...]
    cycle: tuple[int, ...] = Field(default=(), description="numbers of the rounds that repeat")
    allocation_regret: int | None = None
    tariff_regret: int | None = None
    strained: tuple[str, ...] = ()
    enabled: tuple[str, ...] = ()
    moves: tuple[Move, ...] = ()
    seconds: float = 0.0

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the rounds, then both sides."""
        facts = {"reason": self.reason.value, "moves": len(self.moves), "strained": len(self.strained)}
        columns = ("number", "placed", "welfare", "tariff_objective")
        rows = (tuple(getattr(each, name) for name in columns) for each in self.rounds)
        sides = (self.allocation._repr_html_(), self.tariff._repr_html_())
        return card("PlanResult", facts, table(columns, rows, len(self.rounds)), *sides)
