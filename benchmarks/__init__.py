"""How fast the worker is, beside stock Faust, on one broker in one run (`make bench`)."""
