#!/bin/sh
# Ten parameters of three crystals (cell, orientation, distance), refined from half an index away. Prints how long each takes as a whole
# process, and the refined values against the true ones. The images are simulated with the drop-in, or taken as DIR/ref_1.bin to ref_3.bin
# (32-bit floats) where a folder with images of the reference program is given.
#
#   examples/refine_benchmark.sh [BRAGG] [DIR] [factor of the offsets] [options of bragg refine]
set -eu
bragg=${1:-bragg}
images=${2:-}
factor=${3:-1}
[ $# -ge 3 ] && shift 3 || shift $#
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

flags() { # which, offsets' factor
  scale=$(awk "BEGIN { print $2 * ($1 == 2 ? 0.5 : 1) }")
  awk -v s="$scale" 'BEGIN { printf "-cell %.9g %.9g %.9g %.9g %.9g %.9g -misset %.9g %.9g %.9g -distance %.9g ",
    70+.35*s, 80-.4*s, 90+.45*s, 75+.3*s, 85-.3*s, 95+.3*s, 5+.4*s, 3-.4*s, 2+.4*s, 100+.3*s }'
  printf '%s ' "-default_F 100 -lambda 1 -detpixels 256 -oversample 1 -nointerpolate -nonoise -nopgm -seed 1"
  case $1 in
    1) echo "-N 5 -pixel 0.2" ;;
    2) echo "-N 10 -pixel 0.4" ;;
    3) echo "-N 5 -pixel 0.2 -phi 10 -osc 1 -phisteps 4 -mosaic 0.5 -mosaic_dom 25" ;;
  esac
}

for i in 1 2 3; do
  if [ -n "$images" ]; then
    cp "$images/ref_$i.bin" "$work/ref_$i.bin"
  else
    # shellcheck disable=SC2046
    (cd "$work" && "$bragg" nanobragg $(flags $i 0) -floatfile "ref_$i.bin" -intfile i.img > log 2>&1)
  fi
  "$bragg" nanobragg $(flags $i 0) -print_experiment > "$work/truth.toml" 2> "$work/log"
  "$bragg" nanobragg $(flags $i "$factor") -print_experiment > "$work/start.toml" 2> "$work/log"
  echo "ref_$i"
  (cd "$work" && time "$bragg" refine start.toml "ref_$i.bin" --set sampling.physics=correct \
    --free cell:triclinic,orientation,detector.distance --loss least-squares -o refined.toml --quiet "$@")
  for key in real_space_a real_space_b real_space_c origin; do
    for file in truth refined; do
      grep "^$key" "$work/$file.toml" | sed "s/ *#.*//; s/^/$file /"
    done
  done
done
