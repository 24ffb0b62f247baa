"""Every question that mediasieve asks of the rows in ClickHouse, a file a question. Dashboards read the views instead.

A question is a function of a connected client and typed parameters, and returns frozen values. Every value from outside
is a query parameter of ClickHouse's own, never part of the SQL.
"""
