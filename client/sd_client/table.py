"""A timeline as a text table: the segments, and the total speech of each speaker."""

from __future__ import annotations

from dataclasses import dataclass

from sd_client.timeline import Segment, Timeline

_COLOURS = (36, 33, 35, 32, 34, 31)  # ANSI foregrounds: cyan, yellow, magenta, green, blue, red


_TABLE_COLUMNS, _MIN_BAR_COLUMNS, _MAX_BAR_COLUMNS = 50, 10, 60


@dataclass(frozen=True, slots=True)
class TableStyle:
    """Options of the table: the width of its bars (0 = none), and colour."""

    bar_columns: int = 0
    colour: bool = False

    @classmethod
    def for_terminal(cls, columns: int, *, colour: bool) -> TableStyle:
        """Return the style for a terminal: bars fill the columns that the text leaves free, if they are ten or more."""
        free = columns - _TABLE_COLUMNS
        return cls(bar_columns=min(free, _MAX_BAR_COLUMNS) if free >= _MIN_BAR_COLUMNS else 0, colour=colour)


PLAIN = TableStyle()


def render(timeline: Timeline, title: str, style: TableStyle = PLAIN) -> str:
    """Return the table as text that ends with a newline; `title` names the recording."""
    if not timeline.segments:
        return f"{title}\nNobody speaks in this recording.\n"
    parts = [_heading(timeline, title), _turns(timeline, style), _shares(timeline, style)]
    return "\n".join(parts)


def clock(time_s: float) -> str:
    """Format 61.5 as `1:01.50`, and times of an hour or more as `1:01:01.50`."""
    minutes, hundredths = divmod(round(time_s * 100), 6000)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{hundredths // 100:02d}.{hundredths % 100:02d}"
    return f"{hours}:{minutes:02d}:{seconds}" if hours else f"{minutes}:{seconds}"


def _heading(timeline: Timeline, title: str) -> str:
    first, last = timeline.segments[0].start_time_s, _end_s(timeline)
    return (
        f"{title}\n"
        f"{_count(len(timeline.speakers), 'speaker')}, {_count(len(timeline.segments), 'segment')}, "
        f"speech between {clock(first)} and {clock(last)}\n"
    )


def _turns(timeline: Timeline, style: TableStyle) -> str:
    lines = [f"{'start':>12}{'end':>12}{'length':>11}   speaker"]
    lines += [_turn(segment, timeline, style) for segment in timeline.segments]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _turn(segment: Segment, timeline: Timeline, style: TableStyle) -> str:
    times = f"{clock(segment.start_time_s):>12}{clock(segment.end_time_s):>12}{segment.duration_s:>9.2f} s"
    text = f"{segment.speaker:<12}{_position_bar(segment, timeline, style)}"
    return f"{times}   {_coloured(text, segment.speaker, timeline, style)}"


def _shares(timeline: Timeline, style: TableStyle) -> str:
    lines = [f"{'talks':>12}{'share':>12}{'segments':>11}   speaker"]
    lines += [_share(speaker, timeline, style) for speaker in timeline.speakers]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _share(speaker: str, timeline: Timeline, style: TableStyle) -> str:
    talks_s = timeline.talk_time_s[speaker]
    share = talks_s / (sum(timeline.talk_time_s.values()) or 1.0)
    turns = sum(segment.speaker == speaker for segment in timeline.segments)
    text = f"{speaker:<12}{_block(0, share, style)}"
    return f"{clock(talks_s):>12}{share:>12.0%}{turns:>11}   {_coloured(text, speaker, timeline, style)}"


def _position_bar(segment: Segment, timeline: Timeline, style: TableStyle) -> str:
    end_s = _end_s(timeline) or 1.0
    return _block(segment.start_time_s / end_s, segment.end_time_s / end_s, style)


def _block(start: float, end: float, style: TableStyle) -> str:
    """Return a bar from `start` to `end`, both fractions of the whole width; it has at least one column."""
    if not style.bar_columns:
        return ""
    before = min(int(start * style.bar_columns), style.bar_columns - 1)
    length = max(round(end * style.bar_columns) - before, 1)
    return " " * before + "━" * length


def _coloured(text: str, speaker: str, timeline: Timeline, style: TableStyle) -> str:
    if not style.colour:
        return text
    code = _COLOURS[timeline.speakers.index(speaker) % len(_COLOURS)]
    return f"\033[{code}m{text.rstrip()}\033[0m"


def _end_s(timeline: Timeline) -> float:
    return max(segment.end_time_s for segment in timeline.segments)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
