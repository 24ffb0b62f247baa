"""What flows through the topics: frozen values, valid by construction, and their JSON."""
