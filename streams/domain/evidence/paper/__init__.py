"""Evidence for paper: pages of text, forms, invoices, receipts, tables, charts, slides, screenshots of text.

A thumbnail does not show words. The ink of a page does, at 160 pixels of the long side: it is stored in 8 levels,
aligned with the ink of another page, and compared word by word.
"""
