// A comment that is being written outlives a lost session: it is kept in this tab only, until it stands on the page.
"use strict";
for (const field of document.querySelectorAll("textarea[data-keep]")) {
  const { form } = field;
  const told = form.querySelector(".kept");
  const name = field.dataset.keep;
  const kept = sessionStorage.getItem(name) ?? "";
  const said = [...field.closest(".comments").querySelectorAll(".said")].map((one) => one.textContent);
  if (said.includes(kept.trim())) sessionStorage.removeItem(name);
  else if (!field.value && kept) {
    field.value = kept;
    told.textContent = "You wrote this before and have not sent it.";
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
