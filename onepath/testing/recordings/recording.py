"""What a recording holds: for each case what was given, what a device computed, and the truth."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..cases import Case
from ..cases import cases as standard_cases
from ..parity.check import STEPS
from ..parity.outcomes import Data
from ..subject import parameters_of, state_of
from ..tracing import Plan
from .descriptions import description_of, first_change
from .file import RECORD_AGAIN, RecordingError, Tree, read

DTYPES = ("float32", "float64")
PARTS = ("given", "computed", "truth")
INPUTS = ("input", "output gradient")


class Entry(NamedTuple):
    """A case in one dtype, ready to be run again.

    Attributes
    ----------
    case : str
        Its name.
    data : Data
        The layer with the recorded parameters and state, and the recorded input and gradient.
    recorded : dict of str to numpy.ndarray
        What `trace` returned on the device.
    truth : dict of str to numpy.ndarray
        The same in float64, each quantity from what its layer really got; without `INPUTS`.
    """

    case: str
    data: Data
    recorded: dict[str, Any]
    truth: dict[str, Any]


@dataclass(frozen=True)
class Recording:
    """A recording that is whole.

    Attributes
    ----------
    path : str
        Where it was read.
    origin : dict of str to str
        Device, versions and date.
    seed : int
        For what was drawn.
    descriptions : dict of str to dict
        By the cases' names.
    arrays : dict
        By the cases' names, dtype, part (one of `PARTS`), and the quantity's name.
    """

    path: str
    origin: dict[str, str]
    seed: int
    descriptions: dict[str, Any]
    arrays: dict[str, Tree]

    @classmethod
    def read(cls, path: Any) -> "Recording":
        """Read a file.

        Parameters
        ----------
        path : str or path-like
            The file.

        Returns
        -------
        Recording
            With every byte verified.

        Raises
        ------
        FileNotFoundError
            If there is none.
        RecordingError
            If it is damaged, or no recording.
        """
        manifest, arrays = read(path)
        if (
            manifest.keys() != {"origin", "seed", "cases"}
            or manifest["cases"].keys() != arrays.keys()
        ):
            raise RecordingError(f"{path} is whole, but no recording of cases. {RECORD_AGAIN}")
        return cls(str(path), manifest["origin"], manifest["seed"], manifest["cases"], arrays)

    @property
    def device(self) -> str:
        """The name of the backend that computed it."""
        return self.origin["device"]

    def entries(self, cases: Iterable[Case] | None) -> Iterator[Entry]:
        """Find the cases again, and give them the recorded numbers.

        Parameters
        ----------
        cases : iterable of Case or None
            Where to look, by the name; the standard table if None.

        Yields
        ------
        Entry
            Each case in each dtype.

        Raises
        ------
        RecordingError
            If a case is not there any more, or is not what it was.
        """
        table = table_of(cases)
        for name, description in self.descriptions.items():
            if name not in table:
                where = "this version's table of cases" if cases is None else "the cases given"
                hint = "; a recording of your own layers is replayed with them (cases, or TARGET)"
                raise self.stale(name, f"which is not in {where}{hint if cases is None else ''}")
            changed = first_change(description, description_of(table[name], plan_of(table[name])))
            if changed:
                raise self.stale(name, f"which is not what it was: {changed}")
            for dtype in DTYPES:
                yield self._entry(table[name], dtype)

    def stale(self, case: str, why: str) -> RecordingError:
        """Return the error for a case that is no longer what was recorded."""
        return RecordingError(f"{self.path} is stale: it holds {case!r}, {why}. {RECORD_AGAIN}")

    def _entry(self, case: Case, dtype: str) -> Entry:
        given, computed, truth = (self.arrays[case.name][dtype][part] for part in PARTS)
        data = Data.of(case.make(dtype), given["input"], plan_of(case), self.seed).rounded(dtype)
        places = given_to(data)
        changed = first_change(kinds_of(given), kinds_of(places))
        if changed:
            raise self.stale(case.name, f"whose arrays are not what they were: {changed}")
        for name, place in places.items():
            place[...] = given[name]
        return Entry(case.name, data, {name: given[name] for name in INPUTS} | computed, truth)


def table_of(cases: Iterable[Case] | None) -> dict[str, Case]:
    """Return cases by their names, those of the standard table for None."""
    several = standard_cases() if cases is None else list(cases)
    table = {case.name: case for case in several}
    if not table or len(table) < len(several):
        raise ValueError(
            "cases must be one or more, each with a name of its own, got "
            f"{[case.name for case in several]}"
        )
    return table


def plan_of(case: Case) -> Plan:
    """Return what is done with a case: of steps, only an optimizer shows more in a second one."""
    return Plan(case.training, case.optimizer, STEPS if case.optimizer else 1)


def given_to(data: Data) -> dict[str, Any]:
    """Return the very arrays from which everything is computed."""
    return {
        **dict(zip(INPUTS, (data.x, data.dy), strict=True)),
        **{f"parameter {name}": array for name, array in parameters_of(data.layer).items()},
        **{f"state {name}": array for name, array in state_of(data.layer).items()},
    }


def kinds_of(arrays: Mapping[str, Any]) -> dict[str, str]:
    """Describe arrays, leaving their values aside."""
    return {name: f"{array.dtype} of shape {array.shape}" for name, array in arrays.items()}
