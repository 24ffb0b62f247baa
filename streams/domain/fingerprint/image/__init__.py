"""A picture to its hashes. fingerprint.py runs these steps, in this order.

file_structure.py   refuses files of countless parts, counts the frames of an animation
decode.py           Pillow: limits, decoding, turning upright; luminance.py reduces any mode to grey
views.py            cuts the views: the whole, pictures inside it (inner/), crops and ovals
dct.py, phash.py    pixels to frequencies, frequencies to hashes and quality
canonical.py        hashes of views in their canonical orientation
extra_hashes.py     hashes that a policy asks for: imagehash.py, pdq.py

inspection.py answers questions that no record answers: boxes of views, hashes in all orientations.
"""
