"""An allocation: who gets what, as column tables; violations, reasons and level results beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from itertools import chain
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    TypeAdapter,
    WithJsonSchema,
    computed_field,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from nichiiki_models.columns import Array, column, runs
from nichiiki_models.formats import migrated
from nichiiki_models.notebook import card
from nichiiki_models.table import BLOCK, Row, Table
from nichiiki_models.tables import TOTAL_YEN, Id
from nichiiki_models.texts import Lang, has_text, text

ALLOCATION_FORMAT: Literal["nichiiki-allocation/1"] = "nichiiki-allocation/1"
ItemList = Literal["school", "care", "desk", "role", "experience"]
ITEM_FIELDS = {
    "school": "schools",
    "care": "care",
    "desk": "desks",
    "role": "roles",
    "experience": "experiences",
}


class Status(StrEnum):
    """How a run ended."""

    OPTIMAL = "OPTIMAL"
    FEASIBLE = "FEASIBLE"
    INFEASIBLE = "INFEASIBLE"
    UNKNOWN = "UNKNOWN"


class StopReason(StrEnum):
    """Why a run stopped."""

    PROVEN = "PROVEN"
    GAP_REACHED = "GAP_REACHED"
    TIME_LIMIT = "TIME_LIMIT"
    INTERRUPTED = "INTERRUPTED"
    PROCEDURE_ENDED = "PROCEDURE_ENDED"
    CYCLE = "CYCLE"


class Placement(Row):
    """A household that is placed."""

    key: ClassVar[tuple[str, ...]] = ("household_id",)
    household_id: Id = column("household")
    supporter_id: Id | None = column("supporter or coordinator", default=None)
    cost_yen: int = column(
        "highest monthly cost over its periods: rent and travel", unit="yen a month", ge=0, le=1_000_000_000
    )


class Stay(Row):
    """A house for some periods."""

    key: ClassVar[tuple[str, ...]] = ("household_id", "house_id", "periods")
    household_id: Id = column("household")
    house_id: Id = column("house")
    region_id: Id = column("region of the house")
    units: int = column("units taken", unit="units", ge=0, le=1_000_000)
    periods: tuple[Id, ...] = column("periods, in calendar order")


class Item(Row):
    """A school seat, care place, desk, role or experience; it holds in those periods of the stay that it has."""

    key: ClassVar[tuple[str, ...]] = ("household_id", "list", "person_id", "target_id")
    household_id: Id = column("household")
    list: ItemList = column("what it is")
    person_id: Id | None = column("person; empty for an experience", default=None)
    target_id: Id = column("facility, role or experience")


class Unplaced(Row):
    """A reason why a household has no place; a household may have several."""

    key: ClassVar[tuple[str, ...]] = ("household_id", "target_id", "rule")
    household_id: Id = column("household")
    rule: Id = column("id of the rule that stands against it")
    target_id: Id | None = column("what was wished for", default=None)
    value: int | None = column("what it would take, in the unit of the rule", default=None)
    limit: int | None = column("what is allowed, in the unit of the rule", default=None)


class MeasureTaken(Row):
    """A measure that is carried out."""

    key: ClassVar[tuple[str, ...]] = ("measure_id",)
    measure_id: Id = column("measure")
    cost_yen: int = column("cost", unit="yen", **TOTAL_YEN)


class Payment(Row):
    """What somebody pays for a measure; without a programme it is own money of the region or supporter."""

    key: ClassVar[tuple[str, ...]] = ("measure_id", "programme_id")
    measure_id: Id = column("measure")
    programme_id: Id | None = column("programme; empty = own money", default=None)
    amount_yen: int = column("what is paid", unit="yen", **TOTAL_YEN)


class Standing(Row):
    """Where a household stands with its place, or on the waiting list."""

    key: ClassVar[tuple[str, ...]] = ("household_id",)
    household_id: Id = column("household")
    state: Literal["offered", "accepted", "declined", "waiting"] = column("state")
    number: int | None = column(
        "number on the waiting list (補欠順位), 1 = next; for those who wait",
        default=None,
        ge=1,
        le=10_000_000,
    )


class LevelResult(BaseModel):
    """What is known of one level of the objective.

    Attributes
    ----------
    objective, bound
        Value reached, and a value that no allocation can pass; None where unknown.
    gap
        (bound - objective) / max(1, |objective|); None without a bound.
    proven
        Whether objective and bound meet.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    objective: int | None
    bound: int | None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def gap(self) -> float | None:
        """Relative distance between objective and bound."""
        if self.objective is None or self.bound is None:
            return None
        return (self.bound - self.objective) / max(1, abs(self.objective))

    @computed_field  # type: ignore[prop-decorator]
    @property
    def proven(self) -> bool:
        """Whether objective and bound meet."""
        return self.objective is not None and self.objective == self.bound

    @model_validator(mode="before")
    @classmethod
    def _drop_derived(cls, value: Any) -> Any:
        """Take back what JSON states beside the facts, and refuse what does not follow from them."""
        if not isinstance(value, dict):
            return value
        facts = {key: entry for key, entry in value.items() if key not in ("gap", "proven")}
        if len(facts) < len(value):
            true = cls(**facts)
            stated = {key: value[key] for key in ("gap", "proven") if key in value}
            if any(entry != getattr(true, key) for key, entry in stated.items()):
                raise ValueError("gap and proven must follow from objective and bound")
        return facts


class Violation(BaseModel):
    """A broken rule, or a claim of an allocation that is not true.

    Attributes
    ----------
    rule
        Id of the rule (key ``rule.<id>`` in the catalogue).
    where
        Ids of what is concerned, joined by spaces: household, house, facility, role, period …
    details
        The numbers: value, limit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str
    where: str
    details: Mapping[str, int | str] = Field(default_factory=dict)

    @property
    def message(self) -> str:
        """The English sentence."""
        return self.sentence("en")

    def sentence(self, lang: Lang) -> str:
        """Return the sentence in a language."""
        values: dict[str, Any] = {"value": "?", "limit": "?", **self.details}
        return text(f"rule.{self.rule}", lang, where=self.where, **values)

    def __str__(self) -> str:
        return f"[{self.rule}] {self.message}"


class Reason(BaseModel):
    """Why a household did not get something: a rule of a closed list, with its numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    household_id: str
    rule: str
    target_id: str | None = None
    value: int | None = None
    limit: int | None = None

    def sentence(self, lang: Lang) -> str:
        """Return the sentence in a language."""
        shown: dict[str, Any] = {
            name: "?" if number is None else f"{number:,}"
            for name, number in (("value", self.value), ("limit", self.limit))
        }
        key = f"reason.{self.rule}"
        if not self.target_id and has_text(f"{key}.all", lang):
            key += ".all"
        return text(key, lang, target=self.target_id or "", **shown)


ROW_SCHEMAS: dict[str, type[Row]] = {
    "placements": Placement,
    "stays": Stay,
    "items": Item,
    "unplaced": Unplaced,
    "measures": MeasureTaken,
    "payments": Payment,
    "standings": Standing,
}
"""The tables of an allocation, and what a row of each is."""


def _empty(schema: type[Row]) -> Any:
    return Field(default_factory=lambda: Table.empty(schema))


class _Shape(BaseModel):
    """A part of an allocation as JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class StayShape(_Shape):
    """A house for some periods, within a placement."""

    house_id: Id
    region_id: Id
    # as a row of `Stay`; the schema of this version has been published without the limits
    units: Annotated[int, Field(ge=0, le=1_000_000), WithJsonSchema({"type": "integer"})]
    periods: tuple[Id, ...]


class PlacedShape(_Shape):
    """A placed household as JSON: its stays, and by person what the person gets."""

    household_id: Id
    stays: tuple[StayShape, ...] = ()
    schools: Mapping[Id, Id] = Field(default={}, description="school by pupil")
    care: Mapping[Id, Id] = Field(default={}, description="care facility by child")
    desks: Mapping[Id, Id] = Field(default={}, description="facility by person")
    roles: Mapping[Id, tuple[Id, ...]] = Field(default={}, description="roles by person")
    experiences: tuple[Id, ...] = ()
    supporter_id: Id | None = None
    cost_yen: int = Field(
        description="highest monthly cost over its periods: rent and travel (yen a month)",
        ge=0,
        le=1_000_000_000,
    )


class DetailShape(_Shape):
    """Numbers of a reason, in the unit of the rule."""

    value: int | None = None
    limit: int | None = None


class ReasonShape(_Shape):
    """Why a household does not get what it wished for."""

    rule: Id
    target_id: Id | None = None
    detail: DetailShape | None = None


class UnplacedShape(_Shape):
    """A household without a place as JSON."""

    household_id: Id
    reasons: tuple[ReasonShape, ...]


class Allocation(BaseModel):
    """Who gets what, with the claims that were made for it.

    Tables are in canonical order; ``instance_hash`` names the instance it belongs to. JSON has one object a
    placement, as documented in the reference.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True
    )

    format: Literal["nichiiki-allocation/1"] = ALLOCATION_FORMAT
    instance_hash: str
    policy: str
    seed: int = 0
    status: Status
    reason: StopReason
    objective: int | None = None
    bound: int | None = None
    levels: tuple[LevelResult, ...] = ()
    placements: Table[Placement] = _empty(Placement)
    stays: Table[Stay] = _empty(Stay)
    items: Table[Item] = _empty(Item)
    unplaced: Table[Unplaced] = _empty(Unplaced)
    measures: Table[MeasureTaken] = _empty(MeasureTaken)
    payments: Table[Payment] = _empty(Payment)
    standings: Table[Standing] = _empty(Standing)
    provenance: Mapping[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _from_json_shape(cls, value: Any) -> Any:
        value = migrated(value)
        if isinstance(value, dict) and isinstance(value.get("placements"), list):
            return {
                **value,
                **rows_of("placements", value["placements"]),
                **rows_of("unplaced", value.get("unplaced", [])),
            }
        return value

    @model_validator(mode="after")
    def _sort(self) -> Self:
        for name in ROW_SCHEMAS:
            self.__dict__[name] = getattr(self, name).sorted()
        return self

    @model_serializer(mode="plain")
    def _to_json_shape(self) -> dict[str, Any]:
        return {
            name: list(chain.from_iterable(value)) if isinstance(value, Iterator) else value
            for name, value in self.json_fields()
        }

    def json_fields(self) -> Iterator[tuple[str, Any]]:
        """Yield the fields of the JSON document; the lists of households as iterators of blocks of their objects."""
        head = ("format", "instance_hash", "policy", "seed", "objective", "bound")
        yield from {
            **{name: getattr(self, name) for name in head},
            "status": self.status.value,
            "reason": self.reason.value,
            "levels": [level.model_dump() for level in self.levels],
            "placements": _placement_blocks(self),
            "unplaced": _unplaced_blocks(self.unplaced),
            "measures": [row.model_dump() for row in self.measures.rows()],
            "payments": [row.model_dump() for row in self.payments.rows()],
            "standings": ([row.model_dump() for row in block.rows()] for block in self.standings.blocks()),
            "provenance": dict(self.provenance),
        }.items()

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        facts = {
            "policy": self.policy,
            "status": self.status.value,
            "objective": self.objective,
            "bound": self.bound,
            "placements": len(self.placements),
            "unplaced": len(set(self.unplaced["household_id"].tolist())),
        }
        return card("Allocation", facts, self.stays._repr_html_())

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Describe the JSON shape: one object a placement, not the tables that it is kept in."""
        found = handler(schema)
        properties = handler.resolve_ref_schema(found)["properties"]
        for name in ("stays", "items"):
            del properties[name]
        for name, shape in (("placements", PlacedShape), ("unplaced", UnplacedShape)):
            properties[name] = {"type": "array", "items": handler(shape.__pydantic_core_schema__)}
        return found

    def replace(self, **changes: Any) -> Allocation:
        """Return a variant with some fields exchanged."""
        return Allocation(**{**{name: getattr(self, name) for name in type(self).model_fields}, **changes})


def _placement_blocks(allocation: Allocation) -> Iterator[list[dict[str, Any]]]:
    tables = (allocation.placements, allocation.stays, allocation.items)
    ids = np.concatenate([runs(table["household_id"])[0] for table in tables])
    households = ids[np.sort(np.unique(ids, return_index=True)[1])]
    for start in range(0, len(households), BLOCK):
        yield _placement_objects(allocation, households[start : start + BLOCK])


def _placement_objects(allocation: Allocation, households: Array) -> list[dict[str, Any]]:
    objects = {household: _blank(household) for household in households.tolist()}
    for row in allocation.placements.of(households).rows():
        objects[row.household_id] |= {"supporter_id": row.supporter_id, "cost_yen": row.cost_yen}
    for stay in allocation.stays.of(households).rows():
        place = {name: getattr(stay, name) for name in ("house_id", "region_id", "units")}
        objects[stay.household_id]["stays"].append({**place, "periods": list(stay.periods)})
    for item in allocation.items.of(households).rows():
        _add_item(objects[item.household_id], item)
    return list(objects.values())


def _blank(household_id: str) -> dict[str, Any]:
    """Return a placement object without anything in it."""
    lists: dict[str, Any] = {"schools": {}, "care": {}, "desks": {}, "roles": {}, "experiences": []}
    return {"household_id": household_id, "stays": [], **lists, "supporter_id": None, "cost_yen": 0}


def _add_item(target: dict[str, Any], item: Item) -> None:
    field = target[ITEM_FIELDS[item.list]]
    if item.list == "experience":
        field.append(item.target_id)
    elif item.list == "role":
        field.setdefault(item.person_id, []).append(item.target_id)
    else:
        field[item.person_id] = item.target_id


def _unplaced_blocks(unplaced: Table[Unplaced]) -> Iterator[list[dict[str, Any]]]:
    households = runs(unplaced["household_id"])[0]
    for start in range(0, len(households), BLOCK):
        objects: dict[str, list[dict[str, Any]]] = {}
        rows = unplaced.of(households[start : start + BLOCK])
        for household, rule, target, value, limit in rows.tuples(
            "household_id", "rule", "target_id", "value", "limit"
        ):
            reason = {"rule": rule, "target_id": target, "detail": {"value": value, "limit": limit}}
            objects.setdefault(household, []).append(reason)
        yield [{"household_id": household, "reasons": reasons} for household, reasons in objects.items()]


def rows_of(name: str, entries: list[Any]) -> dict[str, list[Any]]:
    """Return the rows that entries of a list of the JSON shape become, by table.

    Parameters
    ----------
    name
        Name of the list.
    entries
        All of its entries, or some of them.

    Raises
    ------
    pydantic.ValidationError
        If an entry has another shape: with its number among these, from 0, and the field.
    """
    if name == "placements":
        return _placed_rows(_PLACED.validate_python(entries))
    if name == "unplaced":
        return {name: _reason_rows(_UNPLACED.validate_python(entries))}
    return {name: _LISTED[name].validate_python(entries)}


# What follows makes rows without a second look: what the shapes of JSON allow, the rows do.


def _placed_rows(placed: list[PlacedShape]) -> dict[str, list[Any]]:
    return {
        "placements": [
            Placement.model_construct(
                household_id=each.household_id, supporter_id=each.supporter_id, cost_yen=each.cost_yen
            )
            for each in placed
        ],
        "stays": [
            Stay.model_construct(household_id=each.household_id, **dict(stay))
            for each in placed
            for stay in each.stays
        ],
        "items": [
            Item.model_construct(
                household_id=each.household_id, list=name, person_id=person, target_id=target
            )
            for each in placed
            for name, person, target in _items_of(each)
        ],
    }


def _reason_rows(unplaced: list[UnplacedShape]) -> list[Unplaced]:
    return [
        Unplaced.model_construct(
            household_id=each.household_id,
            rule=reason.rule,
            target_id=reason.target_id,
            **dict(reason.detail or _NO_DETAIL),
        )
        for each in unplaced
        for reason in each.reasons
    ]


def _items_of(placed: PlacedShape) -> Iterator[tuple[str, str | None, str]]:
    """Yield list, person and target of all that a placed household has."""
    for name, field in ITEM_FIELDS.items():
        found = getattr(placed, field)
        for person, targets in found.items() if isinstance(found, Mapping) else [(None, found)]:
            for target in [targets] if isinstance(targets, str) else targets:
                yield name, person, target


_NO_DETAIL = DetailShape()
_PLACED = TypeAdapter(list[PlacedShape])
_UNPLACED = TypeAdapter(list[UnplacedShape])
_LISTED: dict[str, TypeAdapter[list[Any]]] = {
    "measures": TypeAdapter(list[MeasureTaken]),
    "payments": TypeAdapter(list[Payment]),
    "standings": TypeAdapter(list[Standing]),
}
