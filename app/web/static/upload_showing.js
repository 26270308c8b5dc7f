// What the upload page shows of a batch. Rows come ready from the service; only what was never sent is told from here.
"use strict";

const SPEAK_EVERY = 10_000;
const SUM_EVERY = 100;
const TITLES = {
  running: "Screening",
  offline: "No connection",
  busy: "The service is busy",
  "signed-out": "Your session has ended",
  stopped: "Stopped",
  cancelled: "Cancelled",
};
const WHY = {
  offline: "The rest goes on by itself as soon as the service answers again.",
  busy: "The rest goes on by itself in a moment.",
  "signed-out": "Sign in again in another tab, then press Continue here.",
};
const UNDER_WAY = ["running", "offline", "busy", "signed-out"];

export function shows(batch, form) {
  const parts = Object.fromEntries(
    [...document.querySelectorAll("main [id]")].map((part) => [part.id, part]),
  );
  let spoken = { text: "", at: 0, state: "" };
  let locked = false;
  let soon = null;
  form.classList.add("scripted");

  function counts() {
    const lines = batch.items.flatMap((item) => item.lines);
    const stored = lines.filter((line) => line.id);
    const unusable = stored.filter((line) => line.band === "unusable").length;
    const failed = batch.items.filter((item) => item.state === "failed").length;
    return {
      files: batch.items.length,
      over: batch.items.filter((item) => ["done", "failed"].includes(item.state) || item.lines.at(-1)?.done === 1).length,
      screened: stored.length - unusable,
      unusable,
      already: stored.filter((line) => !line.new).length,
      unopened: lines.length - stored.length,
      failed,
      again: batch.items.filter((item) => item.state === "failed" && item.again).length,
      waiting: batch.items.filter((item) => item.state === "waiting").length,
    };
  }

  function summary({ screened, unusable, unopened, failed }) {
    const others = [unusable && `${unusable} not usable`, unopened && `${unopened} could not be opened`, failed && `${failed} not sent`];
    return [`${screened} screened`, ...others].filter(Boolean).join(", ");
  }

  function show() {
    const told = counts();
    const { state } = batch;
    const underWay = UNDER_WAY.includes(state);
    parts.choosing.hidden = underWay || ["done", "cancelled"].includes(state);
    parts.chosen.hidden = !told.waiting;
    parts.chosen.classList.remove("error");
    parts.chosen.textContent = chosen(told.waiting);
    parts.forget.hidden = !told.waiting;
    parts.batch.hidden = !TITLES[state] && !told.over;
    parts["batch-title"].textContent = TITLES[state] ?? summary(told);
    tell(told);
    progress();
    count();
    parts["batch-progress"].hidden = ["done", "stopped"].includes(state);
    parts["batch-files"].hidden = !parts["batch-rows"].childElementCount;
    parts.batch.classList.toggle("stopped", state === "stopped");
    parts["go-on"].hidden = !["signed-out", "cancelled"].includes(state);
    parts.again.hidden = !told.again || underWay;
    parts.again.textContent = `Try ${told.again === 1 ? "the failed one" : `the ${told.again} failed ones`} again`;
    parts.cancel.hidden = !underWay;
    parts.more.hidden = !["done", "cancelled"].includes(state);
    parts.more.href = batch.caseId ? `/?case_id=${batch.caseId}` : "/";
    speak(told);
  }

  // Rows come faster than anybody reads the sums above them. A timer, since no frame is drawn of a tab in the background.
  function showSoon() {
    soon ??= setTimeout(() => {
      soon = null;
      show();
    }, SUM_EVERY);
  }

  function chosen(waiting) {
    const bytes = batch.items.filter((item) => item.state === "waiting").reduce((sum, item) => sum + item.file.size, 0);
    const files = waiting === 1 ? "1 file" : `${waiting} files`;
    const left = batch.left ? ` ${batch.left} more were left out: send them after these.` : "";
    return `${files} chosen, ${(bytes / 1e6).toFixed(1)} MB.${left} Press Screen to send them.`;
  }

  function tell(told) {
    const why = [batch.why, WHY[batch.state], ""].filter((part) => part !== undefined).join(" ").trimStart();
    const safe = TITLES[batch.state] && (told.over || batch.state !== "stopped") ? `${told.over} of ${told.files} files done: ${summary(told)}. ` : "";
    const already = told.already ? `${told.already} of them had been screened in this case before; nothing is stored twice. ` : "";
    parts["batch-told"].classList.toggle("error", batch.state === "stopped" || Boolean(batch.why));
    parts["batch-told"].replaceChildren(why + safe, ...caseLink(), already);
  }

  function caseLink() {
    const leadsOn = batch.items.length === 1 && batch.state === "running"; // to the result of the one image
    if (!batch.caseId || leadsOn) return [];
    const link = document.createElement("a");
    link.href = `/cases/${batch.caseId}`;
    link.textContent = locked ? "their case" : batch.caseName || "an unnamed case";
    return ["They are in ", link, ". "];
  }

  function progress() {
    const weight = (item) => Math.max(item.file.size, 1);
    const share = (item) => (["done", "failed"].includes(item.state) ? 1 : item.state === "sending" ? item.share : 0);
    parts["batch-progress"].max = batch.items.reduce((sum, item) => sum + weight(item), 0) || 1;
    parts["batch-progress"].value = batch.items.reduce((sum, item) => sum + weight(item) * share(item), 0);
  }

  function count() {
    const bands = batch.items.flatMap((item) => item.lines.map((line) => line.band));
    for (const part of parts["batch-counts"].children) {
      const number = bands.filter((band) => band === part.dataset.band).length;
      part.hidden = !number;
      part.querySelector("b").textContent = number;
    }
  }

  // A screen reader hears each change of state at once, and how far it is now and then.
  function speak(told) {
    const text = `${parts["batch-title"].textContent}. ${parts["batch-told"].textContent}`;
    const due = batch.state !== spoken.state || Date.now() - spoken.at >= SPEAK_EVERY;
    if (parts.batch.hidden || text === spoken.text || !due) return;
    spoken = { text, at: Date.now(), state: batch.state };
    parts["batch-spoken"].textContent = text;
  }

  function add(item, line) {
    const holder = document.createElement("template");
    holder.innerHTML = line.row;
    const row = holder.content.firstElementChild;
    item.lines.push({ ...line, row });
    parts["batch-rows"].append(row);
    showSoon();
  }

  function fail(item, why) {
    const row = parts["not-sent"].content.firstElementChild.cloneNode(true);
    row.querySelector("bdi").textContent = item.name;
    row.lastElementChild.textContent = why;
    item.failedRow = row;
    parts["batch-rows"].append(row);
  }

  function forget(item) {
    for (const { row } of item.lines) row.remove();
    item.failedRow?.remove();
    item.lines = [];
  }

  return {
    show,
    showSoon,
    add,
    fail,
    forget,
    move(item, share) {
      item.share = share;
      progress();
    },
    attend: () => (batch.state === "stopped" ? form.elements.case : parts["batch-title"]).focus(),
    nothingChosen() {
      parts.chosen.hidden = false;
      parts.chosen.textContent = "Choose at least one image.";
      parts.chosen.classList.add("error");
      form.elements.image[0].focus();
    },
    buttons({ goOn, again, cancel, forget: forgetAll }) {
      parts["go-on"].addEventListener("click", goOn);
      parts.again.addEventListener("click", again);
      parts.cancel.addEventListener("click", cancel);
      parts.forget.addEventListener("click", forgetAll);
    },
    // The page has emptied itself: how far the batch is stays, without a name in it, and can be gone on with.
    locked() {
      locked = true;
      if (parts.batch.hidden) return;
      parts["batch-rows"].replaceChildren();
      document.querySelector("main").append(parts["batch-state"]);
      show();
    },
  };
}
