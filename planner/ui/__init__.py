"""The page in the browser: state, panels and map. Asks, plans, shows; decides nothing."""
