"""The project's own program, which Leyden does not call."""

import hydra


@hydra.main(version_base="1.3", config_path="../configs", config_name="train.yaml")
def main(cfg):
    raise SystemExit("the project's own program was run")


if __name__ == "__main__":
    main()
