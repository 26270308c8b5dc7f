"""One file per experiment: its docstring holds the command and the score to expect."""

OURS = "texture13"
"""The recipe of the shipped bundle, against which every other is held."""
