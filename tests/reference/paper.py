"""The plain twin of streams/domain/evidence/paper: numpy and whole numbers, no compiled code. No tests here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tests.reference.changes import page_changes
from tests.reference.evidence import finer, nudged

Ints = NDArray[np.int64]
BLOCK, PIXEL, UNKNOWN = 12, 4096, -2000
TURNS, ZOOMS, SHIFTS = (0, -68, 68, -137, 137, -205, 205), (4096, 3850, 4342), 5


def percentile_blocks(pixels: NDArray[np.uint8], percent: int) -> Ints:
    filled = np.pad(pixels.astype(np.int64), [(0, -side % BLOCK) for side in pixels.shape], mode="edge")
    rows, columns = filled.shape[0] // BLOCK, filled.shape[1] // BLOCK
    blocks = filled.reshape(rows, BLOCK, columns, BLOCK).swapaxes(1, 2).reshape(rows, columns, BLOCK * BLOCK)
    chosen: Ints = np.sort(blocks, axis=2)[..., BLOCK * BLOCK * percent // 100]
    return chosen


def neighbourhoods(blocks: Ints) -> Ints:
    """The nine blocks around every block in ascending order."""
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(blocks, 1, mode="edge"), (3, 3))
    return np.sort(windows.reshape(*blocks.shape, 9), axis=2)


def interpolated(blocks: Ints, height: int, width: int) -> Ints:
    def places(side: int, count: int) -> tuple[Ints, Ints, Ints]:
        at = ((2 * np.arange(side, dtype=np.int64) + 1 - BLOCK) * 16 // (2 * BLOCK)).clip(0, (count - 1) * 16)
        return at >> 4, np.minimum((at >> 4) + 1, count - 1), at & 15

    above, below, g = places(height, blocks.shape[0])
    left, right, f = places(width, blocks.shape[1])
    across = (blocks[:, left] << 4) + (blocks[:, right] - blocks[:, left]) * f
    down = (across[above] << 4) + (across[below] - across[above]) * g[:, None]
    pixels: Ints = down.astype(np.int64) >> 8
    return pixels


def ink(pixels: NDArray[np.uint8], least_percent: int) -> tuple[NDArray[np.uint8], int]:
    """The ink of a page, and its contrast."""
    around = neighbourhoods(paper := percentile_blocks(pixels, 75))
    ground = interpolated(np.maximum(paper, around[..., 4]), *pixels.shape)
    darker = np.maximum(ground - pixels.astype(np.int64), 0)
    contrast = int(np.sort(darker.ravel())[darker.size - 1 - darker.size // 200])
    least = max(14, contrast * least_percent // 100)
    strongest = neighbourhoods(percentile_blocks(darker.astype(np.uint8), 97))[..., 8]
    full = np.maximum(interpolated(strongest, *pixels.shape), least) - least // 5
    levels = np.minimum(238, (np.maximum(darker - least // 5, 0) * 238 + full // 2) // full)
    return levels.astype(np.uint8), contrast


def is_dark(pixels: NDArray[np.uint8]) -> bool:
    height, width = pixels.shape
    middle = np.sort(pixels[height // 4 : height - height // 4, width // 4 : width - width // 4].ravel())
    whole = np.sort(pixels.ravel())
    ends = sum(int(whole[whole.size * percent // 100]) for percent in (2, 98))
    return 2 * int(middle[middle.size // 2]) < ends


def is_paper(pixels: NDArray[np.uint8], levels: NDArray[np.uint8], contrast: int, needs_words: bool = False) -> bool:
    strong = levels >= 85
    windows = np.lib.stride_tricks.sliding_window_view(strong, (3, 3))
    thick, counts, flat = int(windows.all(axis=(2, 3)).sum()), np.bincount(pixels.ravel(), minlength=256), 0
    for _ in range(3):
        sums = [int(counts[max(level - 6, 0) : level + 7].sum()) for level in range(256)]
        tone = sums.index(max(sums))
        flat += sums[tone]
        counts[max(tone - 6, 0) : tone + 7] = 0
    middle, light = percentile_blocks(pixels, 50), percentile_blocks(pixels, 90)
    paper = percentile_blocks(pixels, 75)
    paper = np.maximum(paper, neighbourhoods(paper)[..., 4])
    steps = np.concatenate([np.abs(np.diff(paper, axis=axis)).ravel() for axis in (0, 1)])
    even = int((steps <= 10).sum()) * 100 // steps.size
    plain = int((light - middle <= max(6, contrast // 12)).sum()) * 100 // paper.size
    blank = (levels < 17).sum() * 100 / levels.size
    if contrast < 40 or blank < 50 or (needs_words and count_words(levels) < 10):
        return False
    if plain < 36:
        thin = thick * 100 <= 10 * strong.sum()
        return bool(plain >= 15 and even >= 85 and (thin or (even >= 93 and blank >= 65)))
    drawn = thick * 100 <= 20 * strong.sum() or flat * 100 // pixels.size + even >= 165
    return bool(even >= 50 and (drawn or (even >= 80 and blank >= 70 and count_words(levels) >= 10)))


def count_words(levels: NDArray[np.uint8]) -> int:
    words = 0
    for top in range(0, levels.shape[0] - 5, 6):
        for left in range(0, levels.shape[1] - 11, 12):
            found = [count_turns([int(value) for value in row]) for row in levels[top : top + 6, left : left + 12]]
            rows = sum(turns > 0 for turns in found)
            words += rows >= 3 and 2 * sum(found) >= 7 * rows
    return words


def count_turns(row: Sequence[int]) -> int:
    """The longest zigzag of steps of 70."""
    turns, rising, ends = 0, None, [row[0]]
    for value in row:
        ends.append(value)
        if rising is not True and value - min(ends) >= 70:
            turns, rising, ends = turns + 1, True, [value]
        elif rising is not False and max(ends) - value >= 70:
            turns, rising, ends = turns + 1, False, [value]
    return turns


def levels(page: NDArray[np.uint8]) -> list[Ints]:
    """Three sizes, the largest first."""
    sizes = [page.astype(np.int64)]
    for _ in range(2):
        even = np.pad(sizes[-1], [(0, side & 1) for side in sizes[-1].shape], mode="edge")
        sizes.append((even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2] + 2) >> 2)
    result = []
    for size in sizes:
        wide = np.pad(size, 1, mode="edge")
        rows = wide[:-2] + 2 * wide[1:-1] + wide[2:]
        result.append((rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) >> 4)
    return result


def laid_over(known: Ints, query: Ints, m: Sequence[int], step: int = 1) -> Ints:
    """The query as the known page lies, at every step-th pixel; -1 where it shows nothing."""
    y, x = np.mgrid[0 : known.shape[0] : step, 0 : known.shape[1] : step].astype(np.int64)
    u, v = m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5]
    right, low = (query.shape[1] - 1) << 12, (query.shape[0] - 1) << 12
    inside = (u >= -2048) & (v >= -2048) & (u <= right + 2048) & (v <= low + 2048)
    u, v = u.clip(0, right - 1), v.clip(0, low - 1)
    i, j, f, g = u >> 12, v >> 12, (u >> 8) & 15, (v >> 8) & 15
    above, below = query[j, i] * (16 - f) + query[j, i + 1] * f, query[j + 1, i] * (16 - f) + query[j + 1, i + 1] * f
    return np.where(inside, (above * (16 - g) + below * g) >> 8, -1)


def thousandths(k: Ints, q: Ints) -> int:
    n, own, other = k.size, int((k * k).sum()), int((q * q).sum())
    own, other = own * n - int(k.sum()) ** 2, other * n - int(q.sum()) ** 2
    both = int((k * q).sum()) * n - int(k.sum()) * int(q.sum())
    if own <= 0 or other <= 0 or both <= 0:
        return 0
    return int(float(both) * 1000.0 / (float(np.sqrt(float(own))) * float(np.sqrt(float(other)))))


def correlation(known: Ints, query: Ints, m: Sequence[int], step: int) -> int:
    laid, looked_at = laid_over(known, query, m, step), known[::step, ::step]
    shown = laid >= 0
    if shown.sum() * 100 < shown.size * 30:
        return 0
    return thousandths(looked_at[shown], laid[shown])


def climbed(known: Ints, query: Ints, m: list[int], step: int, rounds: int, size: int) -> tuple[int, list[int]]:
    best = correlation(known, query, m, step)
    for _ in range(rounds):
        moved = False
        for number in range(6):
            for change in (size, -size):
                trial = nudged(m, number, change, known.shape[1], known.shape[0])
                score = correlation(known, query, trial, step)
                if score > best:
                    best, moved, m = score, True, trial
                    break
        if not moved:
            size //= 2
    return best, m


def best_shift(known: Ints, query: Ints, m: list[int]) -> tuple[int, list[int]]:
    y, x = np.mgrid[0 : known.shape[0] : 2, 0 : known.shape[1] : 2].astype(np.int64)
    u, v = m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5]
    f, g = (u >> 8) & 15, (v >> 8) & 15

    def ink_at(j: Ints, i: Ints) -> Ints:
        inside = (j >= 0) & (j < query.shape[0]) & (i >= 0) & (i < query.shape[1])
        return np.where(inside, query[j.clip(0, query.shape[0] - 1), i.clip(0, query.shape[1] - 1)], 0)

    found = []
    for at in range(SHIFTS * SHIFTS):
        down, right = at // SHIFTS - SHIFTS // 2, at % SHIFTS - SHIFTS // 2
        j, i = (v >> 12) + down, (u >> 12) + right
        above = ink_at(j, i) * (16 - f) + ink_at(j, i + 1) * f
        below = ink_at(j + 1, i) * (16 - f) + ink_at(j + 1, i + 1) * f
        score = thousandths(known[::2, ::2], (above * (16 - g) + below * g) >> 8)
        found.append((-score, at, [m[0], m[1], m[2] + right * PIXEL, m[3], m[4], m[5] + down * PIXEL]))
    score, _, shifted = min(found)
    return -score, shifted


def frame(page: Ints, axis: int) -> tuple[int, int]:
    sums = [int(value) * 100 for value in page.sum(axis=axis)]
    total = sum(sums) // 100
    if total == 0:
        return 0, (len(sums) - 1) * PIXEL

    def crossing(hundredfold: int) -> int:
        below = 0
        for at, here in enumerate(sums):
            if here > 0 and below + here >= hundredfold:
                return at * PIXEL + (hundredfold - below) * PIXEL // here - PIXEL // 2
            below += here
        return (len(sums) - 1) * PIXEL

    return crossing(total * 6), crossing(total * 94)


def starts(known: Ints, query: Ints) -> list[list[int]]:
    (height, width), (tall, wide) = known.shape, query.shape
    frames = [0] * 6
    for axis in range(2):
        (first, last), (start, end) = frame(known, axis), frame(query, axis)
        frames[4 * axis] = (end - start) * PIXEL // max(last - first, 1)
        frames[2 + 3 * axis] = start - frames[4 * axis] * first // PIXEL
    found = [frames]
    for turn in TURNS:
        for zoom in ZOOMS:
            across, down = zoom * wide // width, zoom * tall // height
            m = [across, (turn * down) >> 12, 0, (-turn * across) >> 12, down, 0]
            m[2] = ((wide - 1) * PIXEL - m[0] * (width - 1) - m[1] * (height - 1)) // 2
            m[5] = ((tall - 1) * PIXEL - m[3] * (width - 1) - m[4] * (height - 1)) // 2
            found.append(m)
    return found


def best_of_starts(known: Ints, query: Ints, tried: list[list[int]], count: int) -> tuple[int, list[int]]:
    """The best start; `tried` is shifted and refined in place, as the kernel does."""
    scores = []
    for at, m in enumerate(tried):
        score, tried[at] = best_shift(known, query, m)
        scores.append(score)
    best, found = -1, tried[0]
    for _ in range(min(count, len(tried))):
        at = scores.index(max(scores))
        scores[at] = -1
        score, tried[at] = climbed(known, query, tried[at], 2, 3, PIXEL // 2)
        if score > best:
            best, found = score, tried[at]
    tried[0] = found
    return best, found


def refined(known: Sequence[Ints], query: Sequence[Ints], m: list[int]) -> list[int]:
    aligned, m = climbed(known[0], query[0], finer(m), 3, 3, PIXEL // 4)
    if aligned >= 850:
        return m
    before = best = correlation(known[0], query[0], m, 4)
    found = m
    for down in range(-4, 5):
        for right in (-2, 0, 2):
            trial = [m[0], m[1], m[2] + right * PIXEL, m[3], m[4], m[5] + down * PIXEL]
            score = correlation(known[0], query[0], trial, 4)
            if score > best:
                best, found = score, trial
    return climbed(known[0], query[0], found, 3, 3, PIXEL // 2)[1] if best > before else m


def correlate(known: Ints, query: Ints, top: int, left: int, down: int, right: int) -> tuple[int, bool]:
    if left + right < 0 or left + right + 12 > query.shape[1]:
        return UNKNOWN, False
    first, last = max(top, -down), min(top + 6, len(query) - down)
    k = known[first:last, left : left + 12]
    q = query[first + down : last + down, left + right : left + right + 12]
    k, q = k[(q >= 0).all(axis=1)], q[(q >= 0).all(axis=1)]
    if len(k) < 5:
        return UNKNOWN, False
    own, other, both = (
        int(((one * two).sum(axis=1) * 12 - one.sum(axis=1) * two.sum(axis=1)).sum())
        for one, two in ((k, k), (q, q), (k, q))
    )
    area = len(k) * 144
    scale = float(np.sqrt(float(own + 110 * area))) * float(np.sqrt(float(other + 110 * area)))
    return int(float(both) * 1000.0 / scale), max(own, other) >= 200 * area


def cells(known: Ints, query: Ints, reach: int) -> Ints:
    shifts = [(down, right) for down in range(-reach, reach + 1) for right in range(-reach, reach + 1)]
    found = np.full((known.shape[0] // 6, known.shape[1] // 12), UNKNOWN, np.int64)
    for row, column in np.ndindex(*found.shape):
        if correlate(known, query, row * 6, column * 12, 0, 0)[1]:
            found[row, column] = max(correlate(known, query, row * 6, column * 12, *shift)[0] for shift in shifts)
    return found


def own(page: Ints) -> Ints:
    wide = np.pad(page, ((1, 0), (1, 0)), mode="edge")
    return cells(page, (wide[1:, 1:] + wide[1:, :-1] + wide[:-1, 1:] + wide[:-1, :-1] + 2) >> 2, 0)


def ranked(found: Ints, own: Ints) -> tuple[int, int, int, int, int, int]:
    """Score, loss, low loss, usual loss, cells that show another word, and how many cells count."""
    kept = sorted(int(value) for value in own.ravel() if value != UNKNOWN)
    low = kept[len(kept) // 10] if kept else 0
    counted = [(int(value), int(of)) for value, of in zip(found.ravel(), own.ravel(), strict=True) if value != UNKNOWN]
    if not counted:
        return 0, 0, 0, 0, 0, 0
    values = sorted(value for value, _ in counted)[:4]
    lost = sorted((low if of == UNKNOWN else of) - value for value, of in counted)
    return (
        sum(values) // len(values),
        sum(lost[-4:]) // len(lost[-4:]),
        lost[len(lost) - 1 - len(lost) // 10],
        lost[len(lost) // 2],
        sum(loss > 100 for loss in lost),
        len(counted),
    )


def compared(known: Sequence[Ints], query: Sequence[Ints], given: list[list[int]]) -> tuple[list[int], Ints | None]:
    """Correlation after alignment, percentage of the query covered, changes, the numbers of `ranked`; and the cells.

    Zeros, and no cells, of pages that do not resemble each other on a smaller level.
    """
    tried = given + starts(known[2], query[2])
    likely = tried[: len(given) + 1]
    good, m = best_of_starts(known[2], query[2], likely, 1)
    if good < 900:
        tried[: len(likely)] = likely
        good, m = best_of_starts(known[2], query[2], tried, 3)
    if good >= 700:
        good, m = climbed(known[1], query[1], finer(m), 2, 4, PIXEL // 2)
    if good < 700:
        return [0] * 10, None
    m = refined(known, query, m)
    found = cells(known[0], laid_over(known[0], query[0], m), 1)
    covered = abs(m[0] * m[4] - m[1] * m[3]) * known[0].size * 100 // (PIXEL * PIXEL * query[0].size)
    numbers, differing = ranked(found, own(known[0])), (0, 0)
    if numbers[0] >= 200 and numbers[1] <= 80:
        half = PIXEL // 2
        laid = []
        for right, down in ((0, 0), (half, 0), (-half, 0), (0, half), (0, -half)):
            moved = [*m[:2], m[2] + right, *m[3:5], m[5] + down]
            laid.append(laid_over(known[0], query[0], moved))
        differing = page_changes(known[0], laid)
    return [correlation(known[0], query[0], m, 1), covered, *differing, *numbers], found
