"""On Colab: what is to last longer than a session goes to the user's Drive, if they want it to. Nothing needs it.

from vistext import colab
folder = colab.mount_drive()    # asks for permission; then data is downloaded once, not once a session
fit(network, batches, seconds=600, checkpoint=folder / "checkpoints" / "mine")
"""

import os
from pathlib import Path

from vistext import profile
from vistext.data import download

PLACE = Path("/content/drive")  # where Colab shows a Drive


def mount_drive(name: str = "vistext", *, place: Path = PLACE) -> Path:
    """Keep downloads and whatever is made from them in a folder of the user's Drive, from this call on.

    Elsewhere than on Colab nothing is changed, for there everything lasts as it is.

    Returns:
        The folder, in which checkpoints may be kept, too; elsewhere that in which vistext keeps data anyway.

    Raises:
        PermissionError: the user has not let Colab show the Drive. Everything runs without it.
    """
    if not profile.on_colab():
        return download.cache_folder()
    from google.colab import drive

    try:
        drive.mount(str(place))
    except Exception as error:  # Colab's own raises whatever its front end raises: ValueError, MessageError, ...
        raise PermissionError(f"your Drive is not shown ({error}); everything runs without it, too") from error
    folder = place / "MyDrive" / name
    folder.mkdir(parents=True, exist_ok=True)
    os.environ[download.CACHE_VARIABLE] = str(folder)
    return folder
