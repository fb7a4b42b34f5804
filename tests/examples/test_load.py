"""The load tool counts what it should: answers, and those that are wrong."""

import time
from dataclasses import replace
from typing import Any

import load


def test_clients_count_right_and_wrong_answers(service: Any) -> None:
    (question,) = load.solve_questions(towns=1, households=6)
    until = time.monotonic() + 1.0
    right = load.ask(service.port, [question], 0, until)
    assert len(right.seconds) > 0 and right.wrong == 0
    false = replace(question, body=b"{")
    wrong = load.ask(service.port, [false], 0, time.monotonic() + 0.2)
    assert wrong.wrong == len(wrong.seconds) > 0


def test_figures_of_what_clients_saw() -> None:
    seen = [load.Seen(seconds=[0.1, 0.2, 0.3]), load.Seen(seconds=[0.4], wrong=1)]
    found = load.figures("fit", seen, wall=2.0, spent=0.8)
    assert (found["requests"], found["wrong"], found["per_second"]) == (4, 1, 2.0)
    assert (found["median_ms"], found["slowest_ms"], found["processor_ms"]) == (250, 400, 200)
    assert 300 < found["p99_ms"] <= 400
