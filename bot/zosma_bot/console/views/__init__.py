"""The views of the page, a module each: `routes(parts)` gives its addresses. None knows another."""
