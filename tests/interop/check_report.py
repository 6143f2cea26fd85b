"""Opens the HTML report and the index of a suite of `bragg compare` in headless Chromium.

    python check_report.py PROGRAM [FOLDER]

PROGRAM is bragg; it works in FOLDER, or in a temporary one. There must be no message on the browser's console, every picture must be
there, and a click on a heading must sort its table. Skipped where there is no Chromium. Leaves screenshots in FOLDER.
"""

import html
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import numpy as np

NAMES = ["chromium", "chromium-browser", "google-chrome", "chrome"]
failures = []

# Appended to the page: clicks a heading twice, opens a picture and closes it, and writes down what it sees. An error anywhere is kept.
PROBE = """
<script>
addEventListener("load", () => {
  const table = document.getElementById("TABLE");
  const column = COLUMN;
  const read = () => [...table.tBodies[0].rows].map((row) => {
    const holder = row.cells[column].querySelector("[data-value]");
    return holder ? holder.dataset.value : row.cells[column].textContent;
  });
  const seen = { errors: window.seenErrors, before: read() };
  const heading = table.tHead.rows[0].cells[column];
  heading.click();
  seen.once = read();
  seen.ariaOnce = heading.getAttribute("aria-sort");
  heading.click();
  seen.twice = read();
  seen.pictures = [...document.images].map((image) => [image.alt, image.naturalWidth, image.naturalHeight]);
  const picture = document.querySelector("img.zoom");
  if (picture) {
    picture.click();
    const lens = document.getElementById("lens");
    const before = lens.querySelector("img").style.transform;
    lens.dispatchEvent(new WheelEvent("wheel", { deltaY: -200, clientX: 50, clientY: 50, cancelable: true }));
    seen.zoomed = lens.querySelector("img").style.transform !== before;
    document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
    seen.closed = !document.getElementById("lens");
  }
  seen.outside = [...document.querySelectorAll("script[src], link[href]:not([href^='data:']), img:not([src^='data:'])")].length;
  const holder = document.createElement("pre");
  holder.id = "seen";
  holder.textContent = JSON.stringify(seen);
  document.body.append(holder);
});
</script>
"""
LISTENER = "<script>window.seenErrors = []; addEventListener('error', (event) => window.seenErrors.push(String(event.message)), true);</script>"


def check(name, passed, detail=""):
    print(("ok    " if passed else "FAILED"), name, "" if passed else detail)
    if not passed:
        failures.append(name)


def browse(chromium, folder, page, *options):
    command = [chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
    command += ["--enable-logging=stderr", "--v=0", f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=10000"]
    run = subprocess.run([*command, *options, page.resolve().as_uri()], capture_output=True, text=True, timeout=240)
    console = [line for line in run.stderr.splitlines() if ":CONSOLE" in line]
    return run.stdout, console


def visit(chromium, folder, name, page, table, column, n_pictures):
    text = page.read_text()
    probe = PROBE.replace("TABLE", table).replace("COLUMN", str(column))
    probed = page.with_name("probed.html")
    probed.write_text(text.replace("<head>", "<head>" + LISTENER, 1).replace("</body>", probe + "</body>", 1))
    dom, console = browse(chromium, folder, probed, "--dump-dom")
    probed.unlink()
    match = re.search(r'<pre id="seen">(.*?)</pre>', dom, re.DOTALL)
    check(f"{name}: the page runs", match is not None, dom[-500:])
    if not match:
        return
    seen = json.loads(html.unescape(match.group(1)))
    check(f"{name}: nothing on the console", not console and not seen["errors"], f"{console} {seen['errors']}")
    pictures = seen["pictures"]
    check(f"{name}: {n_pictures} pictures", len(pictures) == n_pictures and all(w > 100 and h > 50 for _, w, h in pictures), pictures)
    check(f"{name}: no other file is needed", seen["outside"] == 0, seen["outside"])

    def key(value):
        return (0, float(value), "") if value else (1, 0.0, value)

    ascending = sorted(seen["before"], key=key)
    check(f"{name}: a click sorts", [key(v) for v in seen["once"]] == [key(v) for v in ascending], seen["once"])
    check(f"{name}: the order was another before", seen["before"] != seen["once"], seen["before"])
    check(f"{name}: a second click sorts the other way", seen["twice"] == seen["once"][::-1], seen["twice"])
    check(f"{name}: the heading says so", seen["ariaOnce"] == "ascending", seen["ariaOnce"])
    if n_pictures:
        check(f"{name}: a picture zooms and closes", seen["zoomed"] and seen["closed"], str(seen))
    shot = folder / f"{name}.png"
    browse(chromium, folder, page, f"--screenshot={shot}", "--window-size=1300,2600", "--hide-scrollbars")
    check(f"{name}: a screenshot", shot.is_file() and shot.stat().st_size > 10_000, str(shot))


def main():
    chromium = next((path for path in map(shutil.which, NAMES) if path), None)
    if chromium is None:
        print("skipped: there is no Chromium (Debian: apt install chromium)")
        return 0
    program = str(pathlib.Path(sys.argv[1]).resolve())
    temporary = None if len(sys.argv) > 2 else tempfile.TemporaryDirectory()
    folder = pathlib.Path(sys.argv[2] if temporary is None else temporary.name).resolve()
    random = np.random.default_rng(3)
    slow, fast = np.indices((96, 120))
    image = 5 + sum(
        height * np.exp(-((fast - x) ** 2 + (slow - y) ** 2) / 4)
        for x, y, height in zip(random.uniform(0, 120, 30), random.uniform(0, 96, 30), 10 ** random.uniform(0, 3, 30))
    )
    np.save(folder / "a.npy", image.astype(np.float32))
    np.save(folder / "b.npy", (image * random.normal(1, 0.02, image.shape)).astype(np.float32))
    command = [program, "compare", "-q", "--outdir", "one", "--images", "a.npy", "b.npy", "--max-rel", "0.01"]
    status = subprocess.run(command, cwd=folder).returncode
    check("the images differ", status == 3, status)
    visit(chromium, folder, "report", folder / "one" / "report.html", "metrics", 1, 4)

    cases = "".join(
        f'[[case]]\nname = "cells_{n}"\nargs = "-cell 100 100 100 90 90 90 -default_F 100 -lambda 1 -distance 100 -detpixels 64 -N 5"\n'
        f'candidate_args = "-N {n}"\nmin_correlation = 0.9\nmax_sum_deviation = 100\n\n'
        for n in (7, 5, 12, 6)
    )
    ours = json.dumps(f"'{program}' nanobragg")
    (folder / "suite.toml").write_text(f"reference = {ours}\n\n{cases}")
    subprocess.run([program, "compare", "-q", "--outdir", "many", "--suite", "suite.toml"], cwd=folder)
    visit(chromium, folder, "index", folder / "many" / "index.html", "cases", 3, 0)
    print(f"{len(failures)} failed" if failures else "all passed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
