"""Whether what is recorded is fit for evidence: pure detectors, the board that remembers, the proof that it decodes."""
