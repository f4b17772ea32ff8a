"""What the commit before has written is read by this one: states, topics, database and folders (`make.py`)."""
