"""A clip as pocket makes them, for tests that compose what comes after it."""

from nbagent.ledger import Artifact

# Two seconds.
PLAYED = Artifact(
    video="b2:v.mp4",
    poster="b2:p.jpg",
    latents=None,
    num_frames=16,
    fps=8.0,
    height=256,
    width=256,
    duration_s=2.0,
    size_bytes=1,
    seconds_rendered=1.0,
)
