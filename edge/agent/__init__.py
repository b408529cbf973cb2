"""`shilu-agent`: the room's one outbound link. Enrolment, configuration, manifests, tags, live offers, console."""
