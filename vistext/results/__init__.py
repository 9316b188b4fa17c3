"""What the experiments measured, a NAME.json each: seeds, versions, times and figures, for the lessons to plot.

They are part of the package, so that a lesson finds them wherever the package is installed, on Colab too.
"""

from pathlib import Path

FOLDER = Path(__file__).parent
