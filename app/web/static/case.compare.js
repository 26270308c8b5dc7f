// Cells side by side: one zoom, one place and one brightness for all, for viewing only.
"use strict";
(() => {
  const bar = document.getElementById("view");
  const sides = document.getElementById("sides");
  if (!bar || !sides) return;
  const zoom = document.getElementById("zoom");
  const light = document.getElementById("light");
  const views = [...sides.querySelectorAll(".viewport")];
  const at = { x: 0, y: 0 }; // in widths of a view
  const STILL_PX = 4; // a press that moves less is no drag
  let dragged = 0;

  function draw() {
    const reach = (Number(zoom.value) - 1) / 2;
    at.x = Math.min(reach, Math.max(-reach, at.x));
    at.y = Math.min(reach, Math.max(-reach, at.y));
    sides.classList.toggle("enlarged", reach > 0); // as they are, a swipe over the cells scrolls the page
    sides.style.setProperty("--zoom", zoom.value);
    sides.style.setProperty("--light", light.value);
    sides.style.setProperty("--x", `${at.x * 100}%`);
    sides.style.setProperty("--y", `${at.y * 100}%`);
  }

  function move(x, y) {
    at.x += x;
    at.y += y;
    draw();
  }

  function scale(by) {
    const before = Number(zoom.value);
    zoom.value = String(before * by);
    const grown = Number(zoom.value) / before;
    move(at.x * (grown - 1), at.y * (grown - 1));
  }

  function centre(event) {
    const box = event.currentTarget.getBoundingClientRect();
    move(0.5 - (event.clientX - box.left) / box.width, 0.5 - (event.clientY - box.top) / box.height);
  }

  const KEYS = {
    ArrowLeft: () => move(0.1, 0), ArrowRight: () => move(-0.1, 0), ArrowUp: () => move(0, 0.1), ArrowDown: () => move(0, -0.1),
    "+": () => scale(1.25), "=": () => scale(1.25), "-": () => scale(0.8),
  };

  for (const view of views) {
    view.tabIndex = 0;
    view.setAttribute("role", "group");
    view.setAttribute("aria-label", "Cell; arrow keys move, plus and minus zoom all cells");
    view.addEventListener("keydown", (event) => {
      if (!KEYS[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      KEYS[event.key]();
    });
    view.addEventListener("wheel", (event) => {
      const end = event.deltaY < 0 ? zoom.max : zoom.min;
      if (zoom.value === end) return; // the page scrolls on
      event.preventDefault();
      scale(event.deltaY < 0 ? 1.15 : 1 / 1.15);
    }, { passive: false });
    view.addEventListener("pointerdown", (event) => {
      dragged = 0;
      view.setPointerCapture(event.pointerId);
    });
    view.addEventListener("pointermove", (event) => {
      if (!view.hasPointerCapture(event.pointerId)) return;
      dragged += Math.hypot(event.movementX, event.movementY);
      move(event.movementX / view.clientWidth, event.movementY / view.clientHeight);
    });
    view.addEventListener("click", (event) => {
      if (dragged < STILL_PX) centre(event);
    });
  }
  zoom.addEventListener("input", draw);
  light.addEventListener("input", draw);
  bar.addEventListener("reset", () => { at.x = at.y = 0; requestAnimationFrame(draw); });
  bar.addEventListener("submit", (event) => event.preventDefault());
  sides.classList.add("moves");
  bar.hidden = false;
  draw();
})();
