"""Behaviour: a profile of each user's habits, and whether somebody else has taken the account over."""
