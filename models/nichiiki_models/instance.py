"""An instance: column tables and rules, checked as a whole, immutable, with a canonical content hash."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ModelWrapValidatorHandler, model_validator

from nichiiki_models.checks import find_problems
from nichiiki_models.errors import InstanceError
from nichiiki_models.formats import migrated
from nichiiki_models.hashing import content_hash
from nichiiki_models.rules import Level, Rules
from nichiiki_models.table import Row, Table
from nichiiki_models.tables import (
    TABLES,
    Choice,
    Demand,
    Experience,
    Facility,
    House,
    Household,
    Link,
    Lock,
    Measure,
    Need,
    Offer,
    Operator,
    Pass,
    Period,
    Person,
    Place,
    Previous,
    Priority,
    Product,
    Programme,
    Quota,
    Region,
    Role,
    Seat,
    Supporter,
    Use,
)

INSTANCE_FORMAT: Literal["nichiiki-instance/1"] = "nichiiki-instance/1"


def _empty(schema: type[Row]) -> Any:
    return Field(default_factory=lambda: Table.empty(schema))


class Instance(BaseModel):
    """Everything one run needs: tables in canonical order, and rules.

    A variant comes from `replace`; nothing changes in place. Names and addresses of people are never part of
    an instance (they stay in a separate contacts file).

    Raises
    ------
    InstanceError
        If cells, keys, references or rules across tables are broken; every problem is listed.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True
    )

    format: Literal["nichiiki-instance/1"] = INSTANCE_FORMAT
    name: str = "instance"
    note: str = ""
    rules: Rules = Rules()
    regions: Table[Region] = _empty(Region)
    places: Table[Place] = _empty(Place)
    periods: Table[Period] = _empty(Period)
    households: Table[Household] = _empty(Household)
    persons: Table[Person] = _empty(Person)
    houses: Table[House] = _empty(House)
    facilities: Table[Facility] = _empty(Facility)
    seats: Table[Seat] = _empty(Seat)
    roles: Table[Role] = _empty(Role)
    supporters: Table[Supporter] = _empty(Supporter)
    experiences: Table[Experience] = _empty(Experience)
    choices: Table[Choice] = _empty(Choice)
    priorities: Table[Priority] = _empty(Priority)
    links: Table[Link] = _empty(Link)
    products: Table[Product] = _empty(Product)
    programmes: Table[Programme] = _empty(Programme)
    measures: Table[Measure] = _empty(Measure)
    quotas: Table[Quota] = _empty(Quota)
    use_history: Table[Use] = _empty(Use)
    operators: Table[Operator] = _empty(Operator)
    demand: Table[Demand] = _empty(Demand)
    offers: Table[Offer] = _empty(Offer)
    needs: Table[Need] = _empty(Need)
    previous: Table[Previous] = _empty(Previous)
    locks: Table[Lock] = _empty(Lock)
    passes: Table[Pass] = _empty(Pass)

    @model_validator(mode="wrap")
    @classmethod
    def _checked(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Check what is made of rows or tables; an instance, as a field of a result or a question has it, is checked already."""
        if isinstance(value, cls):
            return value
        made = handler(migrated(value))
        problems = find_problems(made.tables, made.rules)
        if any(problem.severity == "error" for problem in problems):
            raise InstanceError(problems)
        # the one place where an instance is written to: before anybody has seen it
        made.__dict__.update({name: table.sorted() for name, table in made.tables.items()})
        return made

    @classmethod
    def from_tables(
        cls,
        tables: Mapping[str, Table[Any]],
        rules: Rules | None = None,
        *,
        name: str = "instance",
        note: str = "",
        checked: bool = False,
    ) -> Instance:
        """Build from tables by name.

        Parameters
        ----------
        tables
            Tables by name; those left out are empty.
        rules
            Rules; the defaults if None.
        name, note
            What to call the instance, and what to know about it; neither counts for the hash.
        checked
            True only if `find_problems` has just passed on these tables.
        """
        if not checked:
            return cls.model_validate({"name": name, "note": note, "rules": rules or Rules(), **tables})
        full: dict[str, Any] = {
            key: tables.get(key, Table.empty(schema)).sorted() for key, schema in TABLES.items()
        }
        return cls.model_construct(name=name, note=note, rules=rules or Rules(), **full)

    @property
    def tables(self) -> dict[str, Table[Any]]:
        """Every table by name, in the order of writing."""
        return {name: getattr(self, name) for name in TABLES}

    @property
    def levels(self) -> tuple[Level, ...]:
        """Levels of the objective in order: those of the rules, and that of moves where there was an earlier allocation."""
        stated, where = self.rules.objective.levels, self.rules.moves.level
        if not len(self.previous) or where == "none" or any("kept" in level.weights for level in stated):
            return stated
        moves = Level(name="moves", weights={"kept": 1})
        return (moves, *stated) if where == "first" else (*stated, moves)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the content in canonical form; names of files, order of rows and width of columns do not matter."""
        return content_hash(self.tables, self.rules)

    def replace(self, **changes: Any) -> Instance:
        """Return a checked variant with some tables (or rows of them), rules, name or note exchanged."""
        kept = {"name": self.name, "note": self.note, "rules": self.rules, **self.tables}
        return Instance(**{**kept, **changes})

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Instance):
            return NotImplemented
        return self.rules == other.rules and self.tables == other.tables

    def __hash__(self) -> int:
        return hash(self.hash)
