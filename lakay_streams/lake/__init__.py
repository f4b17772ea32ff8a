"""The lake: what happened, in files that outlive every topic, on S3 or in a folder."""
