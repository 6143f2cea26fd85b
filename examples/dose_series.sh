#!/bin/sh
# A dose series: the image is computed once, and each dose is counted with noise of its own.
# The program is `bragg` on the PATH, or BRAGG=target/release/bragg.
set -eu
bragg=${BRAGG:-bragg}
here=$(dirname "$0")

"$bragg" simulate "$here/lysozyme.toml" --set noise.poisson=false -o lysozyme.npy
for dose in 0.01 0.1 1; do
    "$bragg" noise lysozyme.npy --experiment "$here/lysozyme.toml" --scale "$dose" --seed 1 \
        -o "lysozyme_$dose.cbf" -o "lysozyme_$dose.png"
done
