"""Staff tokens, and staff who sign in with an OpenID Connect provider."""
