"""From text files to tokens on disk. Free of torch, so that its processes start fast and small."""
