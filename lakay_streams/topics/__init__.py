"""Kafka's topics of this application: made, checked, and given more partitions.

layout      how topics and states are split, and whether workers may start on it
provision   topics made where missing, and refused where shaped wrongly
rescale     more partitions for a stopped application, with every state where its key then belongs
"""
