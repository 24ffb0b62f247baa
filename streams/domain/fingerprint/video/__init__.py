"""A video to the hashes of its frames. fingerprint.py runs these steps, in this order.

source.py, ffmpeg_input.py  the protocol of sources, and the file object that FFmpeg reads through PyAV
container.py                FFmpeg: opens the container, seeks, reads packets
sampler.py                  chooses how the video is read: completely, by its index, or from beginning to end
index.py, plan.py           by its index: where the frames are, which parts are read
sequential.py               from beginning to end: which packets are decoded
decoder.py                  packets to small grey frames with their times
moments.py                  frames to moments, moments to entries
key_frames.py             the moments whose thumbnails prove a match
posters.py                  the moments that represent the video
"""
