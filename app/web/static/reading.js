// Reading by keyboard. Every control that bears `data-key` is worked by that key, which the reader has chosen; none of
// them while somebody types. What is typed is kept as a draft all along, which prolongs the hold on the cell as well;
// a note that the service does not take, as after an ended session, is kept in this tab until it does.
"use strict";
(() => {
  const form = document.querySelector("[data-reading]");
  const keys = document.getElementById("keys");
  const LOOK_MS = 1000; // a second Enter within this time was meant for the page before
  let acted = false;
  const typing = (on) => on.matches?.("textarea, select, [contenteditable], input:not([type=radio], [type=checkbox], [type=range])");

  function work(control) {
    acted = true;
    if (control.type === "radio") {
      control.checked = true;
      control.focus();
      control.dispatchEvent(new Event("change", { bubbles: true }));
    } else if (control.matches("textarea")) {
      control.focus();
    } else {
      control.click();
    }
  }

  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (typing(event.target) || keys?.open) return;
    if (event.key === "Enter") {
      if (event.target.closest("a, button, summary")) return;
      event.preventDefault();
      if (form && !acted && performance.now() < LOOK_MS) return;
      if (form) form.requestSubmit();
      else document.querySelector('[data-key="Enter"]')?.click();
      return;
    }
    const pressed = event.key.length === 1 ? event.key.toLowerCase() : "";
    const control = pressed && document.querySelector(`[data-key="${CSS.escape(pressed)}"]`);
    if (!control) return;
    event.preventDefault();
    work(control);
  });

  for (const notice of document.querySelectorAll(".undo")) {
    const left = Date.parse(notice.dataset.until) - Date.now();
    setTimeout(() => { notice.hidden = true; notice.querySelector("button").removeAttribute("data-key"); }, Math.max(0, left));
  }
  if (!form) return;

  for (const part of document.querySelectorAll("[data-needs-script]")) part.hidden = false;
  for (const part of document.querySelectorAll("[data-without-script]")) part.hidden = true;

  // The view: nothing of it leaves this page.
  const sheet = document.querySelector("[data-sheet]");
  const cell = document.querySelector("[data-cell]");
  const zoom = document.querySelector("[data-zoom]");
  const brightness = document.querySelector("[data-brightness]");
  function look() {
    sheet.style.width = `${zoom.value}%`;
    cell.style.filter = brightness.value === "100" ? "" : `brightness(${brightness.value}%)`;
  }
  const acts = {
    zoom_in: () => zoom.stepUp(2),
    zoom_out: () => zoom.stepDown(2),
    brighter: () => brightness.stepUp(),
    darker: () => brightness.stepDown(),
    as_it_was: () => { zoom.value = 100; brightness.value = 100; },
    help: () => keys.showModal(),
  };
  for (const control of document.querySelectorAll("[data-act]")) {
    control.addEventListener("click", () => { acts[control.dataset.act](); look(); });
  }
  zoom.addEventListener("input", look);
  brightness.addEventListener("input", look);

  // How long the cell was really in front of somebody.
  let seen = 0;
  let since = document.visibilityState === "visible" ? performance.now() : null;
  function count() {
    if (since !== null) seen += performance.now() - since;
    since = document.visibilityState === "visible" ? performance.now() : null;
  }

  // The draft.
  const told = form.querySelector("[data-kept]");
  const note = form.elements.note;
  const HELD = `note ${document.querySelector(".who a").textContent} ${form.action}`;
  let known = note.value; // to the service
  let dirty = false;
  let sent = false;
  let soon;
  function say(words, lost) {
    told.textContent = words;
    told.toggleAttribute("data-lost", lost);
  }
  function sayEnded() {
    const link = document.createElement("a");
    link.href = location.pathname;
    link.textContent = "sign in and open this cell again";
    say("The session of this page has ended. Your note is kept in this tab: ", true);
    told.append(link, ".");
  }
  async function keep() {
    clearTimeout(soon);
    if (sent) return;
    const changed = dirty;
    const sending = note.value;
    dirty = false;
    const body = new URLSearchParams(new FormData(form));
    const reply = await fetch(`${form.action}/draft`, { method: "POST", body, keepalive: true, headers: { accept: "application/json" } }).catch(() => null);
    if (reply?.ok) {
      known = sending;
      sessionStorage.removeItem(HELD);
      if (changed) say("Draft kept.", false);
      return;
    }
    dirty = dirty || changed;
    hold();
    if (reply?.status === 409) say("This cell is no longer open for you here. Copy your note before you leave.", true);
    else if (reply?.status === 401 || reply?.status === 403) sayEnded();
    else say("The draft could not be kept. It is tried again.", true);
  }
  function hold() {
    if (note.value && note.value !== known) sessionStorage.setItem(HELD, note.value);
  }
  function takeBack() {
    const held = sessionStorage.getItem(HELD);
    sessionStorage.removeItem(HELD);
    if (!held || held === note.value) return;
    note.value = held;
    dirty = true;
    say("You wrote this note before, and it was not recorded.", false);
    soon = setTimeout(keep, 700);
  }
  takeBack();
  form.addEventListener("input", () => {
    dirty = true;
    const over = [...note.value].length - Number(note.dataset.most);
    note.setCustomValidity(over > 0 ? `${over} characters too many.` : "");
    clearTimeout(soon);
    soon = setTimeout(keep, 700);
  });
  setInterval(() => { if (document.visibilityState === "visible" || dirty) keep(); }, Number(form.dataset.renewSeconds) * 1000);
  document.addEventListener("visibilitychange", () => {
    count();
    if (document.visibilityState === "hidden" && dirty) keep();
  });

  form.addEventListener("submit", (event) => {
    if (sent) { event.preventDefault(); return; }
    count();
    form.elements.seconds.value = Math.round(seen / 1000);
    clearTimeout(soon);
    hold();
    sent = true;
  });
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
})();
