"""`zosma doctor`: looks at every part of a set-up, and says what is wrong and what mends it. It changes nothing.

`run.py` asks the checks one after the other, each a module that knows one part; `findings.py` is what they answer with.
"""
