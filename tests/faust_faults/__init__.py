"""Known faults of stock Faust, each as one scenario for two subjects: stock Faust, which must fail it, and this engine.

A scenario that stock Faust passes breaks the build (`xfail(strict=True)`): then the override here has lost its reason.
"""
