"""`exact` and `fast` beside stock on the real-size pipeline, one recording at a time: CPU seconds decide."""

from __future__ import annotations

from benchmarks.engine.shared import Shared
from benchmarks.engine.stock_process import Cost
from benchmarks.record import Row

NAMES = ("30s", "5min")


def measure(shared: Shared) -> list[Row]:
    ratios = [
        cost_row(
            f"exact_cpu_ratio_{name}",
            ">= 6",
            shared.stock_real_size[recording.name].plain.cost,
            shared.exact_real_size[recording.name][1],
        )
        for name, recording in zip(NAMES, shared.timed, strict=True)
    ]
    return [*ratios, fast_row(shared), _active_slot_share(shared)]


def fast_row(shared: Shared) -> Row:
    five_minutes = shared.timed[1].name
    stock, (_, fast) = shared.stock_real_size[five_minutes].plain.cost, shared.fast_real_size[five_minutes]
    return cost_row("fast_cpu_ratio_5min", ">= 25", stock, fast)


def cost_row(name: str, goal: str, stock: Cost, ours: Cost) -> Row:
    detail = (
        f"CPU {stock.cpu_s:.1f} s of stock over {ours.cpu_s:.1f} s of the engine's whole process tree, "
        "its median of three runs; "
        f"wall {stock.wall_s:.1f} s over {ours.wall_s:.1f} s; real-size pipeline"
    )
    return Row(name, stock.cpu_s / ours.cpu_s, "×", goal, detail)


def _active_slot_share(shared: Shared) -> Row:
    answers = [answer.plain for answer in shared.stock_real_size.values()]
    slots = sum(answer.slots for answer in answers)
    share = sum(answer.active_slots for answer in answers) / slots
    several = sum(len({segment[2] for segment in answer.timeline.segments}) > 1 for answer in answers)
    detail = (
        f"percent of the {slots} (window, speaker) slots of the real-size recordings in which somebody speaks, "
        f"to lie between 30 and 70; stock finds more than one speaker in {several} of {len(answers)}"
    )
    return Row("active_slot_share", 100 * share, "%", ">= 30", detail)
