// Redoc shows its maker's logo from another host, which the page's policy forbids: such images stay empty.
const isOurs = (url) => url.startsWith("data:") || new URL(url, location.href).origin === location.origin;
const set = Element.prototype.setAttribute;
const source = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, "src");

HTMLImageElement.prototype.setAttribute = function (name, value) {
  if (name !== "src" || isOurs(value)) set.call(this, name, value);
};
Object.defineProperty(HTMLImageElement.prototype, "src", {
  ...source,
  set(value) {
    if (isOurs(value)) source.set.call(this, value);
  },
});
