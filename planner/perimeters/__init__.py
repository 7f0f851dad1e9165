"""The two lines held by posts, and who holds them."""
