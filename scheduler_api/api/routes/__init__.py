"""The routes, one module for each resource, in folders by topic."""
