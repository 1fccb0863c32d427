// A form with data-once is sent once: its button rests until the page is shown again.
for (const form of document.querySelectorAll("form[data-once]")) {
  const buttons = form.querySelectorAll("button");
  form.addEventListener("submit", (event) => {
    if (form.classList.contains("busy")) event.preventDefault();
    form.classList.add("busy");
    buttons.forEach((button) => { button.disabled = true; });
  });
  addEventListener("pageshow", () => {
    form.classList.remove("busy");
    buttons.forEach((button) => { button.disabled = false; });
  });
}
