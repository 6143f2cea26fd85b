"use strict";

// A click on a heading sorts its table, a second one the other way; numbers by value, in front of text.
function sortBy(heading) {
  const table = heading.closest("table");
  const column = heading.cellIndex;
  const down = heading.getAttribute("aria-sort") === "ascending";
  const key = (row) => {
    const cell = row.cells[column];
    const holder = cell.querySelector("[data-value]");
    return (holder ? holder.dataset.value : cell.textContent).trim();
  };
  const compare = (a, b) => {
    const [x, y] = [key(a), key(b)];
    const [m, n] = [x === "" ? NaN : Number(x), y === "" ? NaN : Number(y)];
    if (!Number.isNaN(m) && !Number.isNaN(n)) return m - n;
    if (Number.isNaN(m) !== Number.isNaN(n)) return Number.isNaN(m) ? 1 : -1;
    return x.localeCompare(y);
  };
  const rows = [...table.tBodies[0].rows].sort(compare);
  if (down) rows.reverse();
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", down ? "descending" : "ascending");
  table.tBodies[0].append(...rows);
}

// A click on a picture opens it over the page: the wheel zooms about the pointer, dragging moves, Escape or a double click closes.
function zoomInto(picture) {
  const lens = document.createElement("div");
  lens.id = "lens";
  const image = new Image();
  image.src = picture.src;
  image.alt = picture.alt;
  image.draggable = false;
  const hint = document.createElement("p");
  hint.textContent = "wheel: zoom, drag: move, Esc: close";
  lens.append(image, hint);
  let scale = Math.min(innerWidth / picture.naturalWidth, innerHeight / picture.naturalHeight);
  let [x, y] = [0, 0];
  const place = () => { image.style.transform = `translate(${x}px, ${y}px) scale(${scale})`; };
  const close = () => { lens.remove(); document.removeEventListener("keydown", onKey); };
  const onKey = (event) => { if (event.key === "Escape") close(); };
  lens.addEventListener("wheel", (event) => {
    event.preventDefault();
    const factor = Math.exp(-event.deltaY / 400);
    x = event.clientX - (event.clientX - x) * factor;
    y = event.clientY - (event.clientY - y) * factor;
    scale *= factor;
    place();
  }, { passive: false });
  lens.addEventListener("pointermove", (event) => {
    if (event.buttons === 1) { x += event.movementX; y += event.movementY; place(); }
  });
  lens.addEventListener("dblclick", close);
  document.addEventListener("keydown", onKey);
  place();
  document.body.append(lens);
}

document.addEventListener("click", (event) => {
  const heading = event.target.closest("table.sortable th");
  if (heading) sortBy(heading);
  if (event.target.matches("img.zoom")) zoomInto(event.target);
});
