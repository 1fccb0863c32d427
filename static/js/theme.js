// Light or dark, before the first paint: what the person chose, else what the system prefers.
// A classic script, because a module would run too late and let the page flash.
{
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;

  const show = (theme) => {
    root.dataset.theme = theme;
    root.dispatchEvent(new Event("theme-changed"));
  };

  show(localStorage.getItem("theme") ?? (dark.matches ? "dark" : "light"));
  dark.addEventListener("change", () => {
    if (!localStorage.getItem("theme")) show(dark.matches ? "dark" : "light");
  });
  document.addEventListener("click", ({ target }) => {
    if (!target.closest("[data-switch-theme]")) return;
    const theme = root.dataset.theme === "dark" ? "light" : "dark";
    localStorage.setItem("theme", theme);
    show(theme);
  });
}
