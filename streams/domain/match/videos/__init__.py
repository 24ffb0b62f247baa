"""Near duplicates among videos: from the frames of a submission to the known video that it copies.

`index.py` runs the steps in this order:

1. `kernel.py` looks up the submission's frames among the frames of known videos, and compares all frames of a
   candidate. `orientation.py` adds the orientations in which a frame was not hashed.
2. `frame_pairs.py` holds the pairs of frames that look the same. `shared_captions.py` tells videos apart that have
   only a caption or a logo in common.
3. `alignment/` finds the speed and the offset at which most pairs agree, and turns them into segments:
   where a clip lies in the known video.
4. `relation.py` decides whether the submission is a copy, a clip, a compilation, an overlap, or none of them.
   `movement.py` and `verification.py` say how sure that is: by what moves, and by the evidence of key frames.
5. `outcome.py` writes the match of a decision.

`appearances.py` finds pictures in videos. `arrays.py` holds the known videos in memory. `comparison.py` compares just
two media, with all details, for `mediasieve explain`.
"""
