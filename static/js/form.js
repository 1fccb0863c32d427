// The form of a new back-test: what a choice brings with it fits the choice, and the form is sent once.

// A choice made before htmx was ready, or restored by the browser, has not fetched its part yet.
function fitParts() {
  for (const choice of document.querySelectorAll("select[hx-target]")) {
    const part = document.querySelector(choice.getAttribute("hx-target"));
    if (part.dataset.of !== choice.value) window.htmx.trigger(choice, "change");
  }
}

for (const form of document.querySelectorAll("form[data-once]")) {
  const buttons = form.querySelectorAll("button");
  const rest = (isBusy) => {
    form.classList.toggle("busy", isBusy);
    buttons.forEach((button) => { button.disabled = isBusy; });
  };
  form.addEventListener("submit", (event) => {
    if (form.classList.contains("busy")) event.preventDefault();
    rest(true);
  });
  addEventListener("pageshow", () => { rest(false); fitParts(); });
}
