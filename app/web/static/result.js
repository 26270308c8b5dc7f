/* The result page's single keys and its opacity slider. Everything else works by check boxes, links and style alone. */
"use strict";
(() => {
  const KEPT = "blastscreen.single-keys";
  const keys = document.getElementById("single-keys");
  const slider = document.getElementById("heat-opacity");
  const heat = document.querySelector(".cell .heat");
  const MARKS = ["show-outline", "show-clefts", "show-spots"];

  if (keys) {
    keys.checked = localStorage.getItem(KEPT) !== "off";
    keys.closest(".keys").hidden = false;
    const tell = () => document.documentElement.classList.toggle("has-keys", keys.checked);
    keys.addEventListener("change", () => {
      localStorage.setItem(KEPT, keys.checked ? "on" : "off");
      tell();
    });
    tell();
  }

  if (slider && heat) {
    slider.closest(".opacity").hidden = false;
    slider.addEventListener("input", () => { heat.style.opacity = slider.value / 100; });
  }

  const toggle = (ids) => {
    const boxes = ids.map((id) => document.getElementById(id)).filter(Boolean);
    const on = boxes.some((box) => !box.checked);
    boxes.forEach((box) => { box.checked = on; });
    return boxes.length > 0;
  };

  const typing = (target) => target.closest("textarea, select, [contenteditable], input:not([type=checkbox], [type=radio], [type=range])");

  document.addEventListener("keydown", (event) => {
    if (!keys?.checked || event.ctrlKey || event.metaKey || event.altKey || event.repeat || typing(event.target)) return;
    const key = event.key.toLowerCase();
    if (key !== "h" && key !== "m") return;
    if (toggle(key === "h" ? ["show-heat"] : MARKS)) return;
    document.querySelector(`a[data-key="${key}"]`)?.click();
  });
})();
