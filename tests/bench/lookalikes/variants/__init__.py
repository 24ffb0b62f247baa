"""Families that differ in little: another number, price, face or word on one photo; a few fields of one form; drawings
in other colours, or turned.
"""
