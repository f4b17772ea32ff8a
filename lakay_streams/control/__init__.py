"""What operators and officers decide, on its way to the workers: records of `lakay.internal.control`.

dispositions   decisions about profiles, alerts and exchange rates
"""
