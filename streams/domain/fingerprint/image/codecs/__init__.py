"""What Pillow's plugins lack for files from outside, one file per format.

parts.py       what the parts of a file say about it, in any format
jpeg.py        decodes the rows that a JPEG has which was cut off
jpeg2000.py    refuses a JPEG 2000 whose many tiny parts would take all memory
heif.py        HEIC and HEIF, where pillow-heif is installed (extra `heif`)
"""
