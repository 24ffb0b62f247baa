"""An animated picture or a TIFF of several pages to its facts, which are those of a short video.

animation.py     Pillow: the frames of an animated GIF, WebP, PNG or AVIF, and how long they are shown
pages.py         Pillow: the pages of a TIFF, shown one after the other
frames.py        what frames and pages have in common: small grey pictures with times, limits
fingerprint.py   frames to moments (video/moments.py), moments to facts; what is a picture after all
"""
