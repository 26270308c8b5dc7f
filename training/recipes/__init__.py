"""One file per experiment: its docstring holds the command and the score to expect."""
