"""What people and dashboards look at: a medium, a group, the figures of a collection, the health of the system."""
