"""Which moments of a video are its key frames, and their evidence: thumbnails by which a match is proved."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence

from PIL import Image

from streams.domain.evidence.extract import extract_evidence
from streams.domain.evidence.grounds.plain import is_blank
from streams.domain.evidence.key_frames import MAX_KEY_FRAMES, KeyFrame, pack_key_frames
from streams.domain.fingerprint.image.luminance import OnGround
from streams.domain.fingerprint.image.reduced import ReducedPicture
from streams.domain.fingerprint.video.inside import Inside
from streams.domain.fingerprint.video.moments import Moment, inner_pictures, inside_of


def key_frame_evidence(moments: Sequence[Moment], size: tuple[int, int]) -> str:
    """The evidence of a video, in base64 as records have it; empty if no moment shows anything.

    The moments that are shown longest are the key frames: of a film and of a clip of it, the same ones are. Frames of
    one colour are left out.

    Args:
        moments: of the video, in order.
        size: width and height of its upright frames.
    """
    longest_first = sorted(moments, key=lambda moment: (moment.from_ms - moment.to_ms, -moment.quality, moment.from_ms))
    inside = inside_of([moment.grey for moment in moments])
    frames: list[KeyFrame] = []
    for moment in longest_first:
        if len(frames) == MAX_KEY_FRAMES:
            break
        frame = _key_frame(moment, inside, size)
        if not is_blank(frame.evidence.thumbnails[-1].packed):
            frames.append(frame)
    return b64encode(pack_key_frames(sorted(frames, key=lambda frame: frame.from_ms))).decode()


def _key_frame(moment: Moment, inside: Inside, size: tuple[int, int]) -> KeyFrame:
    reduced = ReducedPicture(OnGround(Image.fromarray(moment.grey)))
    inner = [(code, part, None) for code, part in inner_pictures(reduced, inside)]
    return KeyFrame(moment.from_ms, extract_evidence(reduced.pixels, size, reduced.whole, inner))
