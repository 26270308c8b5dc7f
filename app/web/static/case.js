// Choosing cells to compare: counts them, stops at the most, and takes them along to the other pages of the gallery.
"use strict";
(() => {
  const bar = document.getElementById("compare");
  if (!bar) return;
  const most = Number(bar.dataset.most);
  const told = bar.querySelector("[role=status]");
  const boxes = [...document.querySelectorAll("input[type=checkbox][form=compare]")];
  const carried = [...bar.querySelectorAll("input[name=cell]")].map((field) => field.value);
  const ways = [...document.querySelectorAll("section[aria-labelledby=gallery] .chips a, .pager a, .filters a, .refused a")];
  const filters = document.querySelector(".filters");

  const chosen = () => [...carried, ...boxes.filter((box) => box.checked).map((box) => box.value)];

  function words(count) {
    const elsewhere = carried.length ? ` (${carried.length} on other pages)` : "";
    if (count === 0) return "Tick two to four cells to see them side by side.";
    return `${count} chosen${elsewhere}${count === most ? ": that is the most" : ""}.`;
  }

  function follow() {
    const cells = chosen();
    told.textContent = words(cells.length);
    for (const box of boxes) box.disabled = !box.checked && cells.length >= most;
    for (const way of ways) {
      const address = new URL(way.href);
      address.searchParams.delete("cell");
      for (const cell of cells) address.searchParams.append("cell", cell);
      way.href = address.href;
    }
    for (const field of filters.querySelectorAll("input[name=cell]")) field.remove();
    for (const cell of cells) {
      const field = document.createElement("input");
      Object.assign(field, { type: "hidden", name: "cell", value: cell });
      filters.append(field);
    }
  }

  for (const box of boxes) box.addEventListener("change", follow);
  window.addEventListener("pageshow", follow);
  follow();
})();
