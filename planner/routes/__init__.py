"""Ways kept open: the ambulances' corridor, ingress, transfer, the public's ways."""
