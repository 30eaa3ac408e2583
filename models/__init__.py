"""The schema of Dutybook. SQLAlchemy and the standard library only.

Importing the package imports every module in it, so that ``models.base.Base.metadata`` is complete and a new
entity needs nothing but its file. Import a class from its module: ``from models.customer import Customer``.
"""

from importlib import import_module
from pkgutil import iter_modules

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
