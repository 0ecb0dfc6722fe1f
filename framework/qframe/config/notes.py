"""Notes on a config: what it asks for is allowed, and may still not be what was meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from qframe.circuits.costs import LABELS, can_only_be_zero
from qframe.circuits.gate_notes import gate_notes
from qframe.config.document import dotted
from qframe.config.load import LoadedConfig
from qframe.config.to_recipe import MadeCircuits, MadeGates, located
from qframe.contracts.coupling import coupling_notes
from qframe.contracts.gate_set import GateSetOptions
from qframe.contracts.plugin import Plugin


def notes_on_gates(loaded: LoadedConfig, made: MadeGates) -> tuple[str, ...]:
    """Notes on the gate set: one line each, with its place in the config."""
    options, gates = made.gate_set.options, made.instructions.gates
    coupling = options.coupling if isinstance(options, GateSetOptions) else "all"
    where, key = loaded.document.where(("gate_set",)), ("gate_set", "coupling")
    return (
        *(
            f"{loaded.document.where(key)}: {dotted(key)}: {x}"
            for x in coupling_notes(coupling, gates)
        ),
        *(f"{where}: gate_set: {line}" for line in gate_notes(made.instructions)),
        *_of_plugin(loaded, "gate_set", made.gate_set),
    )


def notes_on(
    loaded: LoadedConfig, made: MadeCircuits, others: Mapping[str, Plugin[GateSetOptions]]
) -> tuple[str, ...]:
    """Notes on all that a run uses: one line each, with its place in the config.

    Args:
        loaded: the config.
        made: its gate set and its sampler.
        others: its other plugins by kind, as far as they are made.
    """
    own = (_of_plugin(loaded, kind, plugin) for kind, plugin in others.items())
    return (
        *notes_on_gates(loaded, made),
        *_of_plugin(loaded, "sampler", made.sampler),
        *_on_labels(loaded, made),
        *(note for notes in own for note in notes),
    )


def _of_plugin(loaded: LoadedConfig, kind: str, plugin: Plugin[GateSetOptions]) -> Iterator[str]:
    """The notes of a plugin itself. One that has an attribute of this name for itself has none."""
    with located(loaded, kind):
        said = plugin.notes() if callable(plugin.notes) else ()
        lines = [
            " ".join(str(line).split()) for line in ([said] if isinstance(said, str) else said)
        ]
    where = loaded.document.where((kind,))
    return (f"{where}: {kind}: {line}" for line in lines)


def _on_labels(loaded: LoadedConfig, made: MadeCircuits) -> Iterator[str]:
    """Labels whose column can only be 0."""
    where = loaded.document.where(("labels",))
    for name in LABELS:
        if name in loaded.config.labels:
            why = (
                f"the sampler {made.sampler.name!r} gives unitaries and no circuits"
                if made.sampler.gives_unitaries
                else can_only_be_zero(name, made.instructions)
            )
            if why is not None:
                yield f"{where}: labels: {name} can only be 0: {why}"
