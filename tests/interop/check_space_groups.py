"""Compares bragg's space groups with gemmi's: numbers, names, operators, absences, centric reflections, multiplicities.

    python check_space_groups.py [PROGRAM [FOLDER]]

Both arguments are there because every script here is called with them; the groups come from the library's example `space_groups`,
which cargo builds. Needs gemmi. Ends with status 1 if anything differs.
"""

import itertools
import json
import os
import pathlib
import subprocess
import sys

import gemmi

ROOT = pathlib.Path(__file__).resolve().parents[2]
HKL = list(itertools.product(range(-3, 5), repeat=3))
# Names with a change of basis, whose Hall symbols gemmi decodes by itself.
CHANGED = [
    "P 1 2 1 (a,c,b)",
    "P 21 21 21 (a,b,c;1/8,0,0)",
    "P 43 21 2 (b,c,a;1/8,1/4,0)",
    "P 61 2 2 (c,a,b;0,0,1/8)",
    "I 41/a m d:2 (a,b,c;0,1/8,1/24)",
    "P 31 1 2 (b,-a-b,c;1/24,0,1/12)",
    "C 1 2/c 1 (a,b,-a-c)",
]
failures = []


def check(name, found, expected):
    if found != expected:
        failures.append(name)
        print("FAILED", name, f"{found!r} and not {expected!r}"[:300])


def dump(*names):
    cargo = os.environ.get("CARGO", "cargo")
    command = [cargo, "run", "--quiet", "--package", "bragg", "--example", "space_groups", "--", *names]
    output = subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL).stdout
    return [json.loads(line) for line in output.splitlines()]


def triplets(operations):
    return sorted(operation.triplet() for operation in operations)


def compare_operators(name, group, operations):
    check(f"{name}: operators", sorted(gemmi.Op(text).triplet() for text in group["operators"]), triplets(operations))
    expected = [
        [
            int(operations.is_systematically_absent(hkl)),
            int(operations.is_reflection_centric(hkl)),
            operations.epsilon_factor_without_centering(hkl),
        ]
        for hkl in HKL
    ]
    check(f"{name}: reflections", group["reflections"], expected)


def main():
    ours = dump()
    theirs = list(gemmi.spacegroup_table())
    check("number of settings", len(ours), len(theirs))
    for group, other in zip(ours, theirs):
        name = other.xhm()
        # gemmi has CCP4's names for CCP4's origins: `P 21212(a)`, `C 2 2 21a)`.
        plain = [text.replace(" ", "").replace("(", "").replace(")", "") for text in (group["name"], name)]
        check(f"{name}: name", plain[0], plain[1])
        check(f"{name}: number", group["number"], other.number)
        check(f"{name}: Hall symbol", group["hall"], other.hall)
        check(f"{name}: system", group["system"], other.crystal_system_str())
        compare_operators(name, group, other.operations())
    print(f"{len(ours)} settings, {len(HKL)} reflections each")
    numbers = range(1, 231)
    for number, group in zip(numbers, dump(*map(str, numbers))):
        other = gemmi.get_spacegroup_reference_setting(number)
        check(f"No. {number}: name", group["name"], other.xhm())
        compare_operators(f"No. {number}", group, other.operations())
    print(f"{len(numbers)} numbers")
    for spelling in ("xhm", "short_name"):
        names = [getattr(other, spelling)() for other in theirs]
        for other, name, group in zip(theirs, names, dump(*names)):
            # Short names may mean several groups: `B2` is No. 5 before it is No. 3.
            check(f"{name} ({spelling}): number", group["number"], gemmi.find_spacegroup_by_name(name).number)
            if spelling == "xhm":
                compare_operators(name, group, other.operations())
        print(f"{len(names)} names as gemmi's {spelling} writes them")
    for name, group in zip(CHANGED, dump(*CHANGED)):
        compare_operators(f"{name} = {group['hall']}", group, gemmi.symops_from_hall(group["hall"]))
    print(f"{len(CHANGED)} changes of basis")
    print("FAILED" if failures else "ok", len(failures), "differences")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
