"""Several processes that share a run: strategies, sharding, and the processes of a job."""
