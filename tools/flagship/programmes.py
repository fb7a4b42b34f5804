"""Budget lines of the ministry's overview of two-region living, as dated programmes.

Amounts are the national budgets of the line, in million yen. A rate that the overview does not state is 0, so that the line
pays for nothing until somebody fills it in; nothing is made up. The programmes of this case, with budgets of its own,
are in `facts`.
"""

from __future__ import annotations

from datetime import date

from nichiiki_models.tables import Programme

FY2025 = date(2025, 4, 1), date(2026, 3, 31)
FY2026 = date(2026, 4, 1), date(2027, 3, 31)
OVERVIEW = "国土交通省「二地域居住等の促進について」概要資料"
Line = tuple[str, str, int, tuple[str, ...], tuple[str, ...], tuple[date, date], str]
"""Id, name, million yen, items, requirements, fiscal year, note."""

LINES: tuple[Line, ...] = (
    ("PG04", "全国二地域居住等促進官民連携プラットフォーム構築対策", 50, ("platform",), (), FY2026, "R7補正"),
    (
        "PG11",
        "空き家対策総合支援事業",
        5_900,
        ("renovation",),
        (),
        FY2025,
        "R7; 二地域居住の取組を重点的に支援",
    ),
    (
        "PG12",
        "空き家再生等推進事業 (社会資本整備総合交付金)",
        487_410,
        ("renovation",),
        (),
        FY2025,
        "R7, 内数",
    ),
    ("PG13", "地方移住促進テレワーク拠点施設整備支援事業", 59, ("coworking",), ("plan",), FY2025, "R7"),
    ("PG14", "地域の人事部支援事業 (経済産業省)", 300, ("recruiting",), ("designation",), FY2025, "R7"),
    ("PG15", "広域連携事業 (社会資本整備総合交付金)", 487_410, ("infrastructure",), (), FY2025, "R7, 内数"),
    ("PG16", "官民連携基盤整備推進調査費", 331, ("infrastructure_design",), ("plan",), FY2025, "R7"),
    ("PG17", "第2のふるさとづくりプロジェクト (観光庁)", 376, ("tourism",), ("plan",), FY2025, "R7, 内数"),
    (
        "PG18",
        "「交通空白」解消等リ・デザイン全面展開プロジェクト",
        32_600,
        ("local_transport",),
        ("plan",),
        FY2025,
        "R6補正, 内数",
    ),
    ("PG19", "新しい地方経済・生活環境創生交付金 (内閣府)", 200_000, (), (), FY2025, "R7, 内数"),
    (
        "PG20",
        "農山漁村振興交付金 (農林水産省)",
        7_389,
        ("rural",),
        (),
        FY2025,
        "R7, 内数; 特定居住促進計画区域内を重点的に支援",
    ),
    (
        "PG21",
        "特定有人国境離島地域社会維持推進交付金 (内閣府)",
        5_000,
        ("island_fare",),
        ("plan",),
        FY2025,
        "R7",
    ),
    ("PG22", "離島広域活性化事業 (社会資本整備総合交付金)", 487_410, ("island",), (), FY2025, "R7, 内数"),
)


def overview_programmes() -> tuple[Programme, ...]:
    """Return every line of the overview whose amount is stated; PG03 has none, PG05 is the state's own survey."""
    return (_matching(), *(_programme(*line) for line in LINES))


def _matching() -> Programme:
    """PG01 pays a supporter's matching in full (定額)."""
    return Programme(
        programme_id="PG01",
        name="特定居住支援法人モデル構築実証調査",
        rate_kind="fixed",
        rate_percent=100,
        budget_yen=255_472_000,
        eligible_items=("survey", "training", "matching_site", "publicity", "concierge"),
        requires=("designation", "membership"),
        valid_from=FY2026[0],
        valid_until=FY2026[1],
        source=f"{OVERVIEW}: R7補正 250百万円 + R8当初案 5.472百万円, 定額",
    )


def _programme(
    name: str,
    title: str,
    million: int,
    items: tuple[str, ...],
    requires: tuple[str, ...],
    days: tuple[date, date],
    note: str,
) -> Programme:
    return Programme(
        programme_id=name,
        name=title,
        rate_percent=0,
        budget_yen=million * 1_000_000,
        eligible_items=items,
        requires=requires,  # type: ignore[arg-type]
        valid_from=days[0],
        valid_until=days[1],
        source=f"{OVERVIEW}: {note}; 補助率は資料に記載なし",
    )
