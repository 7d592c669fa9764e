"""Images: the data sets, and how folders and files of images are read."""
