// A few files to the service, and what comes back of them, line by line: each line says that an image is safe, or why it
// could not be opened.
"use strict";

// kind: lost (no connection), signed-out, busy (`wait` seconds), stop (no file would fare better), failed (may go well
// another time), refused (this file never will), cancelled
export class Problem extends Error {
  constructor(kind, message = "", wait = 0) {
    super(message);
    Object.assign(this, { kind, wait });
  }
}

export function send({ items, fields, signal, onSent, onLine }) {
  const body = new FormData();
  for (const [field, value] of Object.entries(fields)) body.append(field, value);
  for (const { file, name } of items) body.append("image", file, name);
  return new Promise((safe, lost) => {
    const request = new XMLHttpRequest();
    const lines = reader(onLine);
    request.open("POST", "/screenings/rows");
    request.upload.onprogress = (event) => onSent(event.loaded / event.total);
    request.onprogress = () => request.status === 200 && lines.read(request.responseText);
    request.onerror = () => lost(new Problem("lost"));
    request.onabort = () => lost(new Problem("cancelled"));
    request.onload = () => {
      if (request.status !== 200) return lost(problemOf(request));
      lines.read(request.responseText);
      if (lines.stop) lost(new Problem("stop", lines.stop));
      else if (lines.ended) safe();
      else lost(new Problem("lost"));
    };
    if (signal.aborted) return lost(new Problem("cancelled"));
    signal.addEventListener("abort", () => request.abort());
    request.send(body);
  });
}

// Raises a Problem where a file has gone since it was chosen, which looks like a lost connection once it is sent.
export async function readable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    throw new Problem("refused", "The file cannot be read any more: it was moved, changed or removed. Choose it again.");
  }
}

function reader(onLine) {
  const told = { ended: false, stop: null, read };
  let at = 0;
  function read(text) {
    for (let end = text.indexOf("\n", at); end >= 0; end = text.indexOf("\n", at)) {
      const line = JSON.parse(text.slice(at, end));
      at = end + 1;
      if (line.end) told.ended = true;
      else if (line.stop) told.stop = line.stop;
      else onLine(line);
    }
  }
  return told;
}

function problemOf(request) {
  let told = {};
  try {
    told = JSON.parse(request.responseText);
  } catch {
    // a proxy's page: the status says enough
  }
  const { status } = request;
  const message = told.detail ?? "The service did not take this file. Try it again.";
  if (status === 401 || told.code === "csrf_failed") return new Problem("signed-out");
  if ([408, 429, 502, 503, 504].includes(status)) {
    return new Problem("busy", message, Number(request.getResponseHeader("retry-after")) || 5);
  }
  if ([403, 409, 422].includes(status)) return new Problem("stop", message);
  return new Problem(status === 413 ? "refused" : "failed", message);
}
