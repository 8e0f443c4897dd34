"""The picture and sound of the preview engine: a shot in, a finished MP4 out. No network, no protocol."""

from __future__ import annotations

from pathlib import Path

from .shot import RenderError, Shot, frame_size

__all__ = ["RenderError", "Shot", "frame_size", "render"]


def render(shot: Shot, path: Path) -> None:
    """Draw and encode one clip.

    The file is H.264 (yuv420p, BT.709, 24 frames per second, exactly `duration * 24` frames) with AAC stereo sound at
    48 kHz when `shot.audio`, and its index comes first. It appears at `path` all at once or not at all. The same shot
    gives the same bytes on one machine with one set of library versions. Memory does not grow with the duration.

    Parameters
    ----------
    shot : Shot
        What to draw; its values were validated.
    path : Path
        Where the clip appears; its folder must exist, and an older file is replaced.

    Raises
    ------
    RenderError
        When the image cannot be read.
    OSError
        When the file cannot be written.
    """
    from .encode import fineness, write
    from .sound import sound
    from .stage import frames
    from .world import World

    world = World.of(shot)
    write(Path(path), world.size, frames(world), sound(world) if shot.audio else None, fineness(world))
