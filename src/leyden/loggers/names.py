"""What a run is called where it stands beside others."""

from dataclasses import dataclass
from pathlib import Path

from leyden.files.json_file import read_json
from leyden.run.folder import default_name, read_frozen
from leyden.run.record import NAME as RECORD
from leyden.run.swept import NAME as SWEEP


@dataclass(frozen=True)
class RunNames:
    """Names of a run.

    Attributes:
        experiment: What is shared by all runs of the same: the key `name`, or what stands for it.
        group: What is shared by the jobs of a sweep, and by the parts of a run that was resumed.
        run: Name of the run's own folder.
    """

    experiment: str
    group: str
    run: str

    @classmethod
    def of(cls, folder: Path) -> "RunNames":
        """Those of the run in a folder.

        Args:
            folder: Folder of the run. Without a record, as in a script of one's own, it has but the
                folder's name.
        """
        folder = folder.absolute()
        experiment = folder.name
        if (folder / RECORD).is_file():
            record = read_json(folder / RECORD)
            named = read_frozen(folder).name
            experiment = named or default_name(record["experiment"], record["choices"])
        is_job = (folder.parent / SWEEP).is_file()
        return cls(
            experiment,
            group=folder.parent.name if is_job else folder.name,
            run=folder.name,
        )
