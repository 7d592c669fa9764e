"""The page of `leyden eval --report`: how a model does on the test part, or on new inputs."""
