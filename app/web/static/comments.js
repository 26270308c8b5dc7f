// A comment that is being written outlives a lost session: it is kept in this tab only, until it stands on the page.
"use strict";
for (const field of document.querySelectorAll("textarea[data-keep]")) {
  const name = field.dataset.keep;
  const kept = sessionStorage.getItem(name) ?? "";
  const said = [...field.closest(".comments").querySelectorAll(".said")].map((one) => one.textContent);
  if (said.includes(kept.trim())) sessionStorage.removeItem(name);
  else if (!field.value) field.value = kept;
  field.addEventListener("input", () => sessionStorage.setItem(name, field.value));
}
