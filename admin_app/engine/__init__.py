"""The engine: turns any relational schema into safe, fast screens, and knows no word of customers."""
