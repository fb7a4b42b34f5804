"""Which seats a pass may take, and when: black-out calendars, bid prices and protection levels."""

from nichiiki_solver.seat_control.blackout import BlackoutCalendar, blackout_calendar, cost_by_period
from nichiiki_solver.seat_control.protection import (
    BidPrices,
    bid_prices,
    protect,
    protection_levels,
    worth_a_seat,
)

__all__ = [
    "BidPrices",
    "BlackoutCalendar",
    "bid_prices",
    "blackout_calendar",
    "cost_by_period",
    "protect",
    "protection_levels",
    "worth_a_seat",
]
