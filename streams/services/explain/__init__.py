"""Explaining: would one medium be called a copy or a part of another, and why?"""
