"""Names of Hugging Face's models in configs: `hf:PATH_OR_NAME`."""

from pathlib import Path

PREFIX = "hf:"


WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "model-*.safetensors")


def is_hf(source: str) -> bool:
    """Whether a source is of the form `hf:PATH_OR_NAME`."""
    return source.startswith(PREFIX)


def path_of(source: str) -> Path:
    """The path that a source names, if it names one."""
    return Path(source.removeprefix(PREFIX)).expanduser()


def is_here(source: str) -> bool:
    """Whether a source names a folder, not a model on the Hub."""
    return path_of(source).is_dir()


def is_kept(source: str) -> bool:
    """Whether a source is a folder, or a model that has been fetched from the Hub before."""
    if is_here(source):
        return True
    try:
        from huggingface_hub import snapshot_download

        name = source.removeprefix(PREFIX)
        folder = snapshot_download(name, allow_patterns=[*WEIGHTS], local_files_only=True)
    except Exception:  # of several packages; or there is none
        return False
    return any(Path(folder).glob("*.safetensors"))
