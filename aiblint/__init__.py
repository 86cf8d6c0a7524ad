"""aiblint: a linter for image templates of Azure VM Image Builder."""

import os

# Written here and nowhere else: pyproject.toml reads it, and importlib.metadata would cost five interpreter starts.
__version__ = "0.3.0"

# In a checkout `checks/` stands beside this package, in a wheel inside it; both are imported as `aiblint.checks`.
_beside = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
if os.path.exists(os.path.join(_beside, "checks", "__init__.py")) and not os.path.exists(
    os.path.join(_beside, "aiblint", "checks")
):
    __path__.append(_beside)
