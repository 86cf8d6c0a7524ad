"""Live checks (`--live`): what only the real subscription can tell, read-only. One module for each topic.

Each yields a verdict on all that it asks: `Holds`, a `Finding`, or a `Finding` with a reason in `unchecked`.
"""
