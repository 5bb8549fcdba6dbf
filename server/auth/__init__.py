"""Who somebody is and what he may do: tokens, guests, roles, admission and limits."""
