"""The cases of each documented API, numbered in this order: who says so (D, I, U), and what a client may rely on."""
