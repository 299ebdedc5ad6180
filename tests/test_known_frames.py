"""What is held is put back to the pixel, and goes over into what is new beside it."""

from __future__ import annotations

import numpy as np
import pytest

from nbagent.render.held_frames import KnownFrames, Mask

HIGH, WIDE = 64, 80


def restored(mask: Mask, held: int = 200, new: int = 40) -> np.ndarray:
    frames = np.full((*mask.shape, 3), held, np.uint8)
    known = KnownFrames(frames=frames, mask=mask, before=frames[:0], after=frames[:0])
    return known.restore(np.full_like(frames, new))


def test_a_half_goes_over_within_a_few_pixels() -> None:
    mask = np.ones((1, HIGH, WIDE), bool)
    mask[:, :, :40] = False
    row = restored(mask)[0, 30, :, 0].astype(int)
    assert (row[40:] == 200).all()
    assert (row[:36] == 40).all()  # a twentieth of the shorter side
    assert (np.diff(row[34:42]) >= 0).all()
    assert np.diff(row).max() < 100  # no edge of 160


def test_frames_that_are_new_or_held_as_a_whole_stay_as_they_are() -> None:
    mask = np.zeros((3, HIGH, WIDE), bool)
    mask[1] = True
    assert (restored(mask) == np.array([40, 200, 40])[:, None, None, None]).all()


@pytest.mark.parametrize("side", [3, 6, 12])
def test_a_small_part_is_still_new_in_its_middle(side: int) -> None:
    mask = np.ones((1, HIGH, WIDE), bool)
    mask[:, 20 : 20 + side, 20 : 20 + side] = False
    frame = restored(mask)[0, :, :, 0]
    assert frame[20 + side // 2, 20 + side // 2] < 110
    assert (frame[mask[0]] == 200).all()


def known(values: list[int], is_known: list[bool]) -> KnownFrames:
    """Return frames of one grey each, some of them known."""
    frames = np.empty((len(values), HIGH, WIDE, 3), np.uint8)
    frames[:] = np.array(values, np.uint8)[:, None, None, None]
    mask = np.empty((len(values), HIGH, WIDE), bool)
    mask[:] = np.array(is_known)[:, None, None]
    return KnownFrames(frames=frames, mask=mask, before=frames[:0], after=frames[:0])


def test_what_stands_still_goes_over_within_four_frames() -> None:
    held = known([100] * 10, [True, True, *[False] * 8])
    frames = held.restore(np.full_like(held.frames, 140))
    assert frames[:2].tolist() == held.frames[:2].tolist()
    row = frames[:, 30, 40, 0].astype(int)
    assert (np.diff(row) >= 0).all()
    assert row[2] < 125
    assert (row[6:] == 140).all()
    # From both ends, and nothing stays behind of either.
    held = known([100] * 12, [True, *[False] * 10, True])
    row = held.restore(np.full_like(held.frames, 140))[:, 30, 40, 0].astype(int)
    assert row.tolist() == row[::-1].tolist()
    assert row[1] < 125
    assert row[6] == 140


def test_what_moves_at_an_end_is_left_as_it_is() -> None:
    held = known([100] * 8, [True, True, *[False] * 6])
    new = np.full_like(held.frames, 120)
    for at in range(8):
        new[at, 20:30, 5 + 10 * at : 15 + 10 * at] = 255  # ten pixels a frame
    frames = held.restore(new)
    for at in range(2, 6):
        assert (frames[at, 22:28, 5 + 10 * at : 15 + 10 * at] == 255).all()
    assert frames[2, 50, 40, 0] < 120


def test_a_seam_is_beside_the_change_of_the_clip() -> None:
    held = known([0] * 6, [True, True, True, False, False, False])
    ramp = np.empty_like(held.frames)
    ramp[:] = np.array([0, 10, 20, 30, 40, 50], np.uint8)[:, None, None, None]
    assert held.seam(ramp) == 0.75
    ramp[3:] += 5
    assert held.seam(ramp) == 0.5
    ramp[3:] += 60
    assert held.seam(ramp) == pytest.approx(0.1)
    assert held.seam(ramp[:1]) is None  # a still
    part = restored_part()
    assert part.seam(part.frames) is None


def restored_part() -> KnownFrames:
    """Return frames of which a half is known."""
    held = known([0] * 3, [True] * 3)
    mask = held.mask.copy()
    mask[:, :, :40] = False
    return KnownFrames(
        frames=held.frames, mask=mask, before=held.before, after=held.after
    )
