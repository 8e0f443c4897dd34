"""Smooth randomness: fields for clouds and mist, lines for ridges."""

from __future__ import annotations

import numpy as np

from .planes import Floats, resized


def field(
    rng: np.random.Generator, width: int, height: int, cells: float, octaves: int = 4, stretch: float = 1.0
) -> Floats:
    """Fractal value noise in about 0-1.

    Parameters
    ----------
    rng : numpy Generator
        Where the values come from.
    width, height : int
        Size in px.
    cells : float
        Features across the width in the coarsest octave.
    octaves : int
        How many layers of ever finer noise.
    stretch : float
        How much wider than high a feature is.
    """
    total = np.zeros((height, width), np.float32)
    weight = 0.0
    for octave in range(octaves):
        across = max(2, round(cells * 2**octave) + 2)
        down = max(2, round(cells * 2**octave * stretch * height / width) + 2)
        strength = 0.55**octave
        grain = rng.random((down, across), dtype=np.float32)
        total += strength * resized(grain, width, height)
        weight += strength
    total /= weight
    return total


def line(rng: np.random.Generator, width: int, cells: float, octaves: int = 5, roughness: float = 0.5) -> Floats:
    """A fractal line of `width` values in about 0-1: the outline of a range of hills."""
    at = np.linspace(0, 1, width, dtype=np.float32)
    total = np.zeros(width, np.float32)
    weight = 0.0
    for octave in range(octaves):
        count = max(2, round(cells * 2**octave)) + 1
        knots = rng.random(count, dtype=np.float32)
        place = at * (count - 1)
        left = np.minimum(place.astype(np.intp), count - 2)
        part = place - left
        part = part * part * (3 - 2 * part)  # eased, so that no knot shows as a corner
        strength = roughness**octave
        total += strength * (knots[left] * (1 - part) + knots[left + 1] * part)
        weight += strength
    total /= weight
    return total


def smoothstep(low: float, high: float, value: Floats) -> Floats:
    """0 below `low`, 1 above `high`, eased between."""
    part = np.clip((value - low) / (high - low), 0.0, 1.0)
    eased: Floats = (part * part * (3.0 - 2.0 * part)).astype(np.float32)
    return eased
