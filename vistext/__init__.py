"""vistext: image and text together, a course in notebooks and the small package behind them.

Importing the package is cheap: TensorFlow is imported by `vistext.nn.engine`, and only when a module needs it.
"""

__version__ = "0.2.0"
