"""An animated picture or a TIFF of several pages to its facts, which are those of a short video.

animation.py       which frames of an animation are sampled, and when they are shown
ffmpeg_frames.py   the frames of an animated GIF or PNG
pillow_frames.py   the frames of an animated WebP or AVIF
pages.py           the pages of a TIFF, shown one after the other
frames.py          what frames and pages have in common
fingerprint.py     frames to moments (video/moments.py), moments to facts; what is a picture after all
"""
