"""The access register 查阅登记: written before footage leaves, chained by hash, read by those who may."""
