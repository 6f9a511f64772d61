"""CPU time of stock pyannote.audio relative to exact and fast mode, real-size pipeline, one recording at a time."""

from __future__ import annotations

from benchmarks.engine.shared import SharedResults
from benchmarks.engine.stock_process import Cost
from benchmarks.record import Row

NAMES = ("30s", "5min")


def measure(shared: SharedResults) -> list[Row]:
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


def fast_row(shared: SharedResults) -> Row:
    five_minutes = shared.timed[1].name
    stock, (_, fast) = shared.stock_real_size[five_minutes].plain.cost, shared.fast_real_size[five_minutes]
    return cost_row("fast_cpu_ratio_5min", ">= 25", stock, fast)


def cost_row(name: str, goal: str, stock: Cost, engine: Cost) -> Row:
    detail = (
        f"CPU time {stock.cpu_s:.1f} s of stock over {engine.cpu_s:.1f} s of the engine's process tree "
        f"(median of three runs); wall time {stock.wall_s:.1f} s over {engine.wall_s:.1f} s; real-size pipeline"
    )
    return Row(name, stock.cpu_s / engine.cpu_s, "×", goal, detail)


def _active_slot_share(shared: SharedResults) -> Row:
    results = [result.plain for result in shared.stock_real_size.values()]
    slots = sum(result.slots for result in results)
    share = sum(result.active_slots for result in results) / slots
    several = sum(len({segment[2] for segment in result.timeline.segments}) > 1 for result in results)
    detail = (
        f"share of active local speakers among the {slots} of all windows of the real-size recordings; 30 to 70 % is "
        f"realistic; stock finds more than one speaker in {several} of {len(results)} recordings"
    )
    return Row("active_slot_share", 100 * share, "%", ">= 30", detail)
