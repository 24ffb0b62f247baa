"""Explaining: would one medium be called a copy of another, or a part of it, and why?"""
