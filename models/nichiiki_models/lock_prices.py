"""What the planner's locks cost."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from nichiiki_models.tables import Lock


class LockPrice(BaseModel):
    """The price of one lock: what the best allocation without it is better by.

    Attributes
    ----------
    lock
        The lock, with its reason.
    lost
        By level of the objective: value without the lock - value with it, as found. The first one that is not 0 counts: at a
        later level a lock may seem to gain. Empty where one of the two has no allocation.
    lost_at_least, lost_at_most
        Limits of the loss at the first level that the bounds prove; None where unknown. They meet if both runs were proven.
    first_choices_lost
        By how many fewer households have a stay of their first rank; negative if there are more. None without both allocations.
    moved_households
        Households that get something else because of the lock, the locked one included.
    blocks
        Whether there is an allocation without it and none with it.
    impossible
        Whether there is none without it either: other locks, minimum quotas or musts stand against every allocation.
    proven
        Whether both runs were proven, so that `lost` is exact.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    lock: Lock
    lost: Mapping[str, int] = {}
    lost_at_least: int | None = None
    lost_at_most: int | None = None
    first_choices_lost: int | None = None
    moved_households: int | None = None
    blocks: bool = False
    impossible: bool = False
    proven: bool = False
