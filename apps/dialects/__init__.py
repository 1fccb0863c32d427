"""Other products' APIs spoken over our services: one folder each."""
