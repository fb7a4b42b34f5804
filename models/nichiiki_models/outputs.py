"""Lists made from an allocation for others to use: certificates of those placed, and what each household pays."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from nichiiki_models.columns import column
from nichiiki_models.table import Row
from nichiiki_models.tables import TOTAL_YEN, Id, Registration


class Certificate(Row):
    """A household that is to be certified as living in two regions (二地域居住者証明)."""

    key: ClassVar[tuple[str, ...]] = ("household_id",)
    household_id: Id = column("household")
    region_id: Id = column("region that certifies: that of the house")
    house_id: Id = column("house")
    valid_from: date = column("first day of the stay")
    valid_until: date = column("last day of the stay")
    registration: Registration = column("standing as a furusato resident in the first period of the stay")
    registrations: int = column(
        "municipalities in which the household is then registered, this one included; 0 without a registration",
        ge=0,
        le=1000,
    )


class Cost(Row):
    """What the second base costs a placed household in its dearest month, before and after a pass."""

    key: ClassVar[tuple[str, ...]] = ("household_id",)
    household_id: Id = column("household")
    region_id: Id = column("region of the house")
    income_class: int | None = column("income class, 1 = lowest", default=None, ge=1, le=99)
    rent_yen: int = column("rent", unit="yen a month", **TOTAL_YEN)
    fares_yen: int = column("travel at single fares", unit="yen a month", **TOTAL_YEN)
    pass_yen: int | None = column(
        "travel with the pass, if there is one", unit="yen a month", default=None, **TOTAL_YEN
    )
    before_yen: int = column("rent and single fares", unit="yen a month", **TOTAL_YEN)
    after_yen: int = column("rent and the cheaper of fares and pass", unit="yen a month", **TOTAL_YEN)
    saved_yen: int = column(
        "borne by those who carry the pass, no longer by the household", unit="yen a month", **TOTAL_YEN
    )
    budget_yen: int = column("what the household can pay", unit="yen a month", **TOTAL_YEN)
    burden_yen: int | None = column(
        "limit of its income class", unit="yen a month", default=None, **TOTAL_YEN
    )
    deposit_yen: int = column("deposit, once", unit="yen", **TOTAL_YEN)
    pay_yen: int = column("pay for roles in the best period", unit="yen a period", **TOTAL_YEN)
