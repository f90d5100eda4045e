"""Other machines: the connection to Ray, its workers, and the parts that they leave."""
