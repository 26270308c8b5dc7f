// What somebody writes outlives a lost session: it is kept in this tab only, until it stands on the page.
"use strict";
const said = [...document.querySelectorAll(".said, .note-text")].map((one) => one.textContent.trim());
for (const name of Object.keys(sessionStorage)) {
  if (said.includes(sessionStorage.getItem(name).trim())) sessionStorage.removeItem(name);
}
for (const field of document.querySelectorAll("textarea[data-keep]")) {
  const { form } = field;
  const told = form.querySelector(".kept");
  const name = field.dataset.keep;
  const kept = sessionStorage.getItem(name) ?? "";
  if (!field.value && kept) {
    field.value = kept;
    told.textContent = "You wrote this before and have not sent it.";
    if (field.closest("details")) field.closest("details").open = true;
  }
  field.addEventListener("input", () => sessionStorage.setItem(name, field.value));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const reply = await fetch("/account/alive").catch(() => null);
    if (reply?.status !== 401) return form.submit();
    const link = document.createElement("a");
    link.href = "/sign-in?next=" + encodeURIComponent(field.dataset.page);
    link.textContent = "Sign in again";
    told.replaceChildren("Your session has ended. What you wrote is kept in this tab: ", link, ", then send it.");
    link.focus();
  });
}
