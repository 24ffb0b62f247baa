"""Sources on the web, under the guard against server-side request forgery."""
