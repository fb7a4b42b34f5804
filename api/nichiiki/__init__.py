"""Allocation of second homes, school seats and roles in Japan's two-region living (二地域居住).

Everything here is loaded when it is first used, so that ``import nichiiki`` costs next to nothing.

Examples
--------
>>> import nichiiki as nk
>>> instance = nk.generate(households=20, seed=1)
>>> result = nk.allocate(instance, policy="points")
>>> nk.verify(instance, result.allocation)
[]
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nichiiki import market as market
    from nichiiki import platform as platform
    from nichiiki import tariffs as tariffs
    from nichiiki import testing as testing
    from nichiiki.apart import read_apart as read_apart
    from nichiiki.auditing import Manifest as Manifest
    from nichiiki.auditing import Replay as Replay
    from nichiiki.auditing import replay as replay
    from nichiiki.comparing import Comparison as Comparison
    from nichiiki.comparing import compare as compare
    from nichiiki.simulating import Simulation as Simulation
    from nichiiki.simulating import simulate as simulate
    from nichiiki.standard import read_standard as read_standard
    from nichiiki.standard import write_standard as write_standard
    from nichiiki_instances import read as read
    from nichiiki_instances import write as write
    from nichiiki_instances.allocation_files import read_allocation as read_allocation
    from nichiiki_instances.bundled import load as load
    from nichiiki_instances.frames import from_frames as from_frames
    from nichiiki_instances.generators import generate as generate
    from nichiiki_instances.gtfs import read_gtfs as read_gtfs
    from nichiiki_instances.gtfs import write_gtfs_fares as write_gtfs_fares
    from nichiiki_instances.template import write_template as write_template
    from nichiiki_models.allocation import Allocation as Allocation
    from nichiiki_models.allocation import Reason as Reason
    from nichiiki_models.allocation import Status as Status
    from nichiiki_models.allocation import StopReason as StopReason
    from nichiiki_models.allocation import Violation as Violation
    from nichiiki_models.conflict import Conflict as Conflict
    from nichiiki_models.difference import Difference as Difference
    from nichiiki_models.errors import CrossCheckError as CrossCheckError
    from nichiiki_models.errors import FileError as FileError
    from nichiiki_models.errors import InputError as InputError
    from nichiiki_models.errors import InstanceError as InstanceError
    from nichiiki_models.errors import MarketError as MarketError
    from nichiiki_models.errors import NichiikiError as NichiikiError
    from nichiiki_models.errors import UnsupportedMarketError as UnsupportedMarketError
    from nichiiki_models.errors import UsageError as UsageError
    from nichiiki_models.errors import VerificationError as VerificationError
    from nichiiki_models.explanation import WishReason as WishReason
    from nichiiki_models.fits import Fit as Fit
    from nichiiki_models.fits import ShadowPrice as ShadowPrice
    from nichiiki_models.instance import Instance as Instance
    from nichiiki_models.lock_prices import LockPrice as LockPrice
    from nichiiki_models.metrics import Metrics as Metrics
    from nichiiki_models.problems import Problem as Problem
    from nichiiki_models.promotion import Promotion as Promotion
    from nichiiki_models.result import Result as Result
    from nichiiki_models.rules import Rules as Rules
    from nichiiki_models.tariff import Figures as Figures
    from nichiiki_models.tariff import PlanResult as PlanResult
    from nichiiki_models.tariff import TariffResult as TariffResult
    from nichiiki_solver.allocating import allocate as allocate
    from nichiiki_solver.alone import alone as alone
    from nichiiki_solver.budget import budget_table as budget_table
    from nichiiki_solver.bundles import compile_market as compile
    from nichiiki_solver.certificates import certificates as certificates
    from nichiiki_solver.conflicts import conflicts as conflicts
    from nichiiki_solver.cost_table import costs as costs
    from nichiiki_solver.differing import diff as diff
    from nichiiki_solver.evacuation import evacuation as evacuation
    from nichiiki_solver.evaluate import evaluate as evaluate
    from nichiiki_solver.explain import explain as explain
    from nichiiki_solver.explain_check import check_reasons as check_reasons
    from nichiiki_solver.fitting import fit as fit
    from nichiiki_solver.fitting import shadow_prices as shadow_prices
    from nichiiki_solver.hand_results import hand_result as hand_result
    from nichiiki_solver.lock_prices import lock_prices as lock_prices
    from nichiiki_solver.pricing.plan import plan as plan
    from nichiiki_solver.pricing.price import price as price
    from nichiiki_solver.promoting import promote as promote
    from nichiiki_solver.verify import verify as verify
    from nichiiki_solver.verify.tariff import verify_tariff as verify_tariff

_HOMES = {
    "Allocation": "nichiiki_models.allocation",
    "Comparison": "nichiiki.comparing",
    "CrossCheckError": "nichiiki_models.errors",
    "Conflict": "nichiiki_models.conflict",
    "Difference": "nichiiki_models.difference",
    "Figures": "nichiiki_models.tariff",
    "Fit": "nichiiki_models.fits",
    "FileError": "nichiiki_models.errors",
    "InputError": "nichiiki_models.errors",
    "Instance": "nichiiki_models.instance",
    "InstanceError": "nichiiki_models.errors",
    "LockPrice": "nichiiki_models.lock_prices",
    "Manifest": "nichiiki.auditing",
    "MarketError": "nichiiki_models.errors",
    "Metrics": "nichiiki_models.metrics",
    "NichiikiError": "nichiiki_models.errors",
    "PlanResult": "nichiiki_models.tariff",
    "Problem": "nichiiki_models.problems",
    "Reason": "nichiiki_models.allocation",
    "Promotion": "nichiiki_models.promotion",
    "Replay": "nichiiki.auditing",
    "Result": "nichiiki_models.result",
    "Rules": "nichiiki_models.rules",
    "ShadowPrice": "nichiiki_models.fits",
    "Simulation": "nichiiki.simulating",
    "Status": "nichiiki_models.allocation",
    "StopReason": "nichiiki_models.allocation",
    "TariffResult": "nichiiki_models.tariff",
    "UnsupportedMarketError": "nichiiki_models.errors",
    "UsageError": "nichiiki_models.errors",
    "VerificationError": "nichiiki_models.errors",
    "Violation": "nichiiki_models.allocation",
    "WishReason": "nichiiki_models.explanation",
    "allocate": "nichiiki_solver.allocating",
    "budget_table": "nichiiki_solver.budget",
    "check_reasons": "nichiiki_solver.explain_check",
    "alone": "nichiiki_solver.alone",
    "certificates": "nichiiki_solver.certificates",
    "compare": "nichiiki.comparing",
    "compile": "nichiiki_solver.bundles:compile_market",
    "conflicts": "nichiiki_solver.conflicts:conflicts",
    "costs": "nichiiki_solver.cost_table",
    "diff": "nichiiki_solver.differing",
    "evacuation": "nichiiki_solver.evacuation",
    "evaluate": "nichiiki_solver.evaluate",
    "explain": "nichiiki_solver.explain",
    "fit": "nichiiki_solver.fitting",
    "from_frames": "nichiiki_instances.frames",
    "generate": "nichiiki_instances.generators",
    "hand_result": "nichiiki_solver.hand_results",
    "load": "nichiiki_instances.bundled",
    "lock_prices": "nichiiki_solver.lock_prices",
    "plan": "nichiiki_solver.pricing.plan",
    "price": "nichiiki_solver.pricing.price",
    "promote": "nichiiki_solver.promoting",
    "read": "nichiiki_instances",
    "read_allocation": "nichiiki_instances.allocation_files",
    "read_apart": "nichiiki.apart",
    "read_gtfs": "nichiiki_instances.gtfs",
    "write_gtfs_fares": "nichiiki_instances.gtfs",
    "read_standard": "nichiiki.standard",
    "replay": "nichiiki.auditing",
    "shadow_prices": "nichiiki_solver.fitting",
    "simulate": "nichiiki.simulating",
    "verify": "nichiiki_solver.verify",
    "verify_tariff": "nichiiki_solver.verify.tariff",
    "write": "nichiiki_instances",
    "write_template": "nichiiki_instances.template",
    "write_standard": "nichiiki.standard",
}
"""Where each public name lives: a module, and after a colon the name there if it is another one."""

__all__ = [
    "Allocation",
    "Comparison",
    "Conflict",
    "CrossCheckError",
    "Difference",
    "Figures",
    "FileError",
    "Fit",
    "InputError",
    "Instance",
    "InstanceError",
    "LockPrice",
    "Manifest",
    "MarketError",
    "Metrics",
    "NichiikiError",
    "PlanResult",
    "Problem",
    "Promotion",
    "Reason",
    "Replay",
    "Result",
    "Rules",
    "ShadowPrice",
    "Simulation",
    "Status",
    "StopReason",
    "TariffResult",
    "UnsupportedMarketError",
    "UsageError",
    "VerificationError",
    "Violation",
    "WishReason",
    "allocate",
    "alone",
    "budget_table",
    "certificates",
    "check_reasons",
    "compare",
    "compile",
    "conflicts",
    "costs",
    "diff",
    "evacuation",
    "evaluate",
    "explain",
    "fit",
    "from_frames",
    "generate",
    "hand_result",
    "load",
    "lock_prices",
    "market",
    "plan",
    "platform",
    "price",
    "promote",
    "read",
    "read_allocation",
    "read_apart",
    "read_gtfs",
    "read_standard",
    "replay",
    "shadow_prices",
    "simulate",
    "tariffs",
    "testing",
    "verify",
    "verify_tariff",
    "write",
    "write_gtfs_fares",
    "write_standard",
    "write_template",
]


def __getattr__(name: str) -> Any:
    if name in ("market", "platform", "tariffs", "testing"):
        return import_module(f"nichiiki.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'nichiiki' has no attribute {name!r}")
    module, _, attribute = _HOMES[name].partition(":")
    found = getattr(import_module(module), attribute or name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
