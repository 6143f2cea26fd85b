"""A still of a small crystal, counted by a detector, as a picture and as a file that programs for data reduction read.

    python first_image.py
"""

from __future__ import annotations

import numpy as np

import bragg

exp = bragg.Experiment(
    bragg.Crystal(
        cell=[78.5, 78.5, 37.8],  # Å; the angles are 90 degrees unless they are given
        misset=[10, 20, 30],
        extent="30 um",
        n_cells=15,  # of one of its mosaic blocks
        shape="gauss",
        mosaic={"eta": 0.1},  # degrees
        structure_factors={"default": 100.0},  # every reflection alike
    ),
    bragg.Beam(energy="12.4 keV", flux=1e12, exposure="10 ms", size="50 um"),
    bragg.Detector(distance=120, pixels=[400, 400], pixel_size="172 um"),
)

photons = exp.simulate()
counts = bragg.noise(photons, seed=1)
bragg.write("first_image.cbf", counts, exp)
with open("first_image.png", "wb") as file:
    file.write(bragg.picture(counts, exp, rings="auto"))
print(f"{exp}: {photons.sum():.0f} photons expected, {counts.sum()} counted, at most {counts.max()} in a pixel")

# Another experiment of the same crystal: values have the names of experiment files.
for distance in (100, 200):
    image = exp.replace(**{"detector.distance": distance}).simulate()
    print(f"at {distance} mm the spots cover {np.count_nonzero(image > 1)} pixels")
