"""What commands print for people: tables, reports and summaries, laid out with rich."""
