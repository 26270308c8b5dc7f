// Files that somebody chooses, drops or pastes, whole folders too. What file managers leave in folders is left out.
"use strict";

const THE_SYSTEMS = /(^|\/)(\.[^/]*|thumbs\.db|desktop\.ini|__MACOSX\/.*)$/i;

export function whenChosen({ inputs, zone, take }) {
  for (const input of inputs) {
    const empty = () => {
      if (!input.files.length) return;
      take(wanted([...input.files].map((file) => ({ file, name: file.webkitRelativePath || file.name }))));
      input.value = ""; // so that the same can be chosen again
    };
    input.addEventListener("change", empty);
    empty(); // of what was chosen before this script was there
  }
  document.addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files];
    if (!files.length) return;
    event.preventDefault();
    take(wanted(files.map((file) => ({ file, name: file.name }))));
  });
  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    zone.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) zone.classList.remove("over");
  });
  document.addEventListener("drop", async (event) => {
    zone.classList.remove("over");
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry()).filter(Boolean);
    take(wanted((await Promise.all(entries.map(within))).flat()));
  });
}

function wanted(files) {
  return files.filter(({ name }) => !THE_SYSTEMS.test(name));
}

async function within(entry) {
  if (entry.isFile) {
    const file = await new Promise((found, lost) => entry.file(found, lost)).catch(() => null);
    return file ? [{ file, name: entry.fullPath.slice(1) }] : [];
  }
  const reader = entry.createReader();
  const files = [];
  for (;;) { // a reader gives a hundred entries at a time
    const some = await new Promise((found, lost) => reader.readEntries(found, lost)).catch(() => []);
    if (!some.length) return files;
    files.push(...(await Promise.all(some.map(within))).flat());
  }
}
