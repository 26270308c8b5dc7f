// A page that nobody watches empties itself: patients must not stay on a screen whose reader has gone. The content is
// taken out of the document, not covered, and the session is ended, so that neither reload nor "back" brings it again.
// It says so a minute before, for who reads without touching anything, and any touch keeps it. While somebody is active
// the session is kept alive; one that has ended elsewhere empties the page too. Escape twice in a row does it at once,
// for when somebody steps up who must not see.
"use strict";
(() => {
  const { afterSeconds, posted } = document.currentScript.dataset;
  const patience = Number(afterSeconds) * 1000;
  const back = posted !== undefined && document.referrer ? new URL(document.referrer) : location; // the form's own page
  const WARN_BEFORE = Math.min(60_000, patience / 2);
  const ASK_EVERY = 60_000;
  const TWICE_WITHIN = 600;
  const tabs = new BroadcastChannel("blastscreen");
  let active = Date.now();
  let asked = Date.now();
  let escaped = 0;
  let locked = false;
  let warning = null;

  function lock({ endSession }) {
    if (locked) return;
    locked = true;
    const token = document.querySelector(".who [name=csrf]")?.value ?? "";
    const told = document.createElement("main");
    const title = document.createElement("h1");
    const why = document.createElement("p");
    const link = document.createElement("a");
    told.className = "narrow";
    title.textContent = "Locked: sign in again";
    title.tabIndex = -1;
    link.textContent = "Sign in";
    link.className = "button";
    link.href = "/sign-in?next=" + encodeURIComponent(back.pathname + back.search);
    why.textContent = "You have been signed out here. What this page showed is gone from it.";
    told.append(title, why, link);
    document.body.replaceChildren(told);
    document.title = "Locked – Blastscreen";
    title.focus(); // else a screen reader says nothing of it
    if (endSession) {
      fetch("/sign-out", { method: "POST", body: new URLSearchParams({ csrf: token }), redirect: "manual", keepalive: true });
    }
    document.dispatchEvent(new Event("blastscreen:locked"));
  }

  function warn() {
    if (warning) return;
    warning = document.createElement("p");
    warning.className = "banner soon";
    warning.setAttribute("role", "alert");
    document.body.append(warning);
    warning.textContent = "Nobody has touched this page for a while. In less than a minute it empties itself and signs you out: press a key or move the pointer to stay.";
  }

  function calm() {
    warning?.remove();
    warning = null;
  }

  async function keepAlive() {
    asked = Date.now();
    const reply = await fetch("/account/alive").catch(() => null);
    if (reply?.status === 401) lock({ endSession: false });
  }

  function look() {
    if (locked) return;
    const left = patience - (Date.now() - active);
    if (left <= 0) return lock({ endSession: true });
    if (left <= WARN_BEFORE) warn();
    else calm();
    if (active > asked && Date.now() - asked >= ASK_EVERY) keepAlive();
  }

  function note() {
    look(); // a machine that woke up locks before the first movement counts
    if (Date.now() - active >= 1000) tabs.postMessage("active");
    active = Date.now();
    calm();
  }

  function escape(event) {
    if (event.key !== "Escape" || event.repeat) return;
    if (Date.now() - escaped <= TWICE_WITHIN) lock({ endSession: true });
    escaped = Date.now();
  }

  document.addEventListener("keydown", escape, { capture: true });
  for (const act of ["pointermove", "pointerdown", "keydown", "scroll", "touchstart"]) {
    document.addEventListener(act, note, { capture: true, passive: true });
  }
  document.addEventListener("visibilitychange", look);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) keepAlive();
    look();
  });
  tabs.addEventListener("message", () => {
    if (!locked) active = Date.now();
  });
  setInterval(look, 1000);
})();
