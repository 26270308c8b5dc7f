// The upload page: files go a few at a time, each gets its row as soon as it is safe, and nothing that is safe is lost
// by a closed laptop, a lost connection or an ended session. Sending the same again stores nothing twice: all requests
// of a page name the same case, and a case holds the same pixels once.
"use strict";
import { whenChosen } from "./upload_choosing.js";
import { Problem, readable, send } from "./upload_sending.js";
import { shows } from "./upload_showing.js";

const AT_ONCE = 3;
const GROUP = { files: 4, bytes: 4e6 }; // small files share a request, which costs a browser more than they do
const LOST_MOST = 4; // times that one file may break a connection that is there again
const LONGEST_WAIT = 30;

const form = document.getElementById("upload");
const who = document.querySelector(".who a").textContent;
const limits = {
  files: Number(form.dataset.filesMost),
  image: Number(form.dataset.imageBytes),
  all: Number(form.dataset.uploadBytes),
};
const batch = { state: "empty", items: [], why: "", caseId: null, caseName: "", subject: "", left: 0 };
const view = shows(batch, form);
let calledOff = new AbortController();
let waits = 1;
let underWay = 0; // requests

function take(files) {
  const open = batch.items.filter((item) => item.state !== "done");
  const known = new Set(open.map((item) => item.key));
  const fresh = files
    .map(({ file, name }) => ({ file, name, key: `${name}|${file.size}|${file.lastModified}` }))
    .filter(({ key }) => !known.has(key) && known.add(key));
  batch.left = Math.max(0, open.length + fresh.length - limits.files);
  for (const one of fresh.slice(0, fresh.length - batch.left)) {
    batch.items.push({ ...one, state: "waiting", lines: [], share: 0, losses: 0 });
  }
  if (["empty", "done", "cancelled"].includes(batch.state) && batch.items.length) batch.state = "waiting";
  view.show();
  pump();
}

function begin() {
  if (batch.state === "running") return;
  if (!batch.items.some((item) => item.state === "waiting")) return view.nothingChosen();
  batch.caseName = form.elements.case.value.trim();
  batch.subject = form.elements.subject.value.trim();
  calledOff = new AbortController();
  go();
  view.attend();
}

function go() {
  batch.state = "running";
  batch.why = "";
  view.show();
  pump();
}

function pump() {
  while (batch.state === "running") {
    const group = nextGroup();
    if (!group.length && !underWay) return finish();
    if (!group.length || underWay >= AT_ONCE) return;
    start(group);
  }
}

function nextGroup() {
  const waiting = batch.items.filter((item) => item.state === "waiting");
  const group = [];
  let bytes = 0;
  for (const item of waiting) {
    const alone = item.alone || item.name.toLowerCase().endsWith(".zip");
    bytes += item.file.size;
    if (group.length && (alone || group.length === GROUP.files || bytes > GROUP.bytes)) break;
    group.push(item);
    if (alone) break;
  }
  return group;
}

// One image alone leads to its result, as it does without this script.
function finish() {
  const [only] = batch.items;
  batch.state = "done";
  if (batch.items.length === 1 && only.lines.length === 1 && only.lines[0].id) {
    const [told] = only.lines;
    return location.assign(`/screenings/${told.id}${told.new ? "" : "?already=true"}`);
  }
  view.show();
}

async function start(group) {
  underWay += 1;
  for (const item of group) {
    Object.assign(item, { state: "sending", share: 0 });
    view.forget(item);
  }
  await suffering(group, async () => {
    for (const item of group) await suffering([item], () => fit(item));
    const items = group.filter((item) => item.state === "sending");
    if (items.length) await sendAll(items);
  });
  underWay -= 1;
  view.showSoon();
  pump();
}

async function sendAll(items) {
  await send({
    items,
    fields: {
      csrf: form.elements.csrf.value,
      case: batch.caseName,
      subject: batch.subject,
      case_id: form.elements.case_id.value,
    },
    signal: calledOff.signal,
    onSent: (share) => items.forEach((item) => view.move(item, share / 2)),
    onLine: (line) => acknowledge(items[line.file], line),
  });
  if (items.some((item) => item.state === "sending")) throw new Problem("lost");
  waits = 1;
}

async function suffering(items, act) {
  try {
    await act();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    for (const item of items) if (item.state === "sending") suffer(item, problem, items.length > 1);
  }
}

async function fit(item) {
  refuseTooLarge(item);
  await readable(item.file);
}

function refuseTooLarge(item) {
  const most = item.name.toLowerCase().endsWith(".zip") ? limits.all : limits.image;
  if (item.file.size <= most) return;
  throw new Problem("refused", `The file has ${item.file.size.toLocaleString("en")} bytes; at most ${most.toLocaleString("en")} are taken.`);
}

function acknowledge(item, line) {
  if (line.case_id && line.case_id !== batch.caseId) {
    batch.caseId = line.case_id;
    history.replaceState(null, "", `/?case_id=${line.case_id}`); // reloaded, the page goes on with this case
  }
  view.add(item, line);
  view.move(item, 0.5 + line.done / 2);
  if (line.done === 1) item.state = "done";
}

// What went wrong with several files may be the fault of one: each is then sent alone.
function suffer(item, problem, together) {
  const failed = ["failed", "refused"].includes(problem.kind);
  if (together && (failed || problem.kind === "lost")) item.alone = true;
  if (together && failed) {
    item.state = "waiting";
    return;
  }
  if (failed || (problem.kind === "lost" && item.losses >= LOST_MOST)) {
    Object.assign(item, { state: "failed", again: problem.kind !== "refused" });
    return view.fail(item, problem.message || "The connection broke each time that this file was sent. Try it again.");
  }
  item.state = "waiting";
  if (problem.kind === "lost") item.losses += 1;
  if (batch.state !== "running") return;
  if (problem.kind === "lost" || problem.kind === "busy") {
    batch.state = problem.kind === "lost" ? "offline" : "busy";
    comeBack(problem.wait);
  } else {
    batch.state = problem.kind === "stop" ? "stopped" : problem.kind;
    batch.why = problem.message;
    view.show();
    view.attend();
  }
}

// Until the service answers again, at growing intervals; then the batch goes on by itself.
async function comeBack(wait) {
  const state = batch.state;
  for (;;) {
    await new Promise((over) => {
      setTimeout(over, 1000 * Math.max(wait, waits));
      addEventListener("online", over, { once: true });
    });
    if (batch.state !== state) return;
    waits = Math.min(waits * 2, LONGEST_WAIT);
    const reply = await fetch("/health/live", { cache: "no-store" }).catch(() => null);
    if (batch.state !== state) return;
    if (reply?.ok) return go();
  }
}

// After an ended session: with the token of the new one, and only if it is the same person's.
async function goOn() {
  const reply = await fetch("/", { headers: { accept: "text/html" } }).catch(() => null);
  const page = new DOMParser().parseFromString(reply?.ok ? await reply.text() : "", "text/html");
  const token = page.querySelector("#upload [name=csrf]")?.value;
  if (!token) batch.why = "You are not signed in yet.";
  else if (page.querySelector(".who a")?.textContent !== who) batch.why = "Somebody else is signed in now.";
  else {
    form.elements.csrf.value = token;
    return go();
  }
  view.show();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  begin();
});
view.buttons({
  goOn: () => (batch.state === "signed-out" ? goOn() : begin()),
  again: () => {
    for (const item of batch.items) {
      if (item.state === "failed" && item.again) Object.assign(item, { state: "waiting", losses: 0 });
    }
    begin();
  },
  cancel: () => {
    batch.state = "cancelled";
    calledOff.abort();
    view.show();
  },
  forget: () => {
    batch.items = batch.items.filter((item) => item.state !== "waiting");
    batch.state = batch.items.length ? "done" : "empty";
    view.show();
  },
});
addEventListener("beforeunload", (event) => {
  if (["running", "offline", "busy", "signed-out"].includes(batch.state)) event.preventDefault();
});
document.addEventListener("blastscreen:locked", () => view.locked());
whenChosen({ inputs: form.querySelectorAll("input[type=file]"), zone: form, take });
