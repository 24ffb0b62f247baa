// Runs before the modules: says so if one of them does not come, which the modules themselves could not say.
(() => {
  const SLOW_MS = 8_000;
  const isStarted = () => !document.getElementById("starting");

  function tell(text) {
    const place = document.getElementById("starting");
    if (!place) return;
    place.setAttribute("role", "alert");
    place.textContent = `${text} `;
    const again = document.createElement("button");
    again.type = "button";
    again.className = "small";
    again.textContent = "Try again";
    again.addEventListener("click", () => location.reload());
    place.append(again);
  }

  // Failures to load do not bubble, so they are caught on their way down.
  addEventListener("error", (event) => {
    const isResource = event.target instanceof HTMLScriptElement;
    if (isStarted() || !(isResource || event.error)) return;
    const why = isResource ? "A part of the console could not be loaded." : "The console could not start.";
    document.readyState === "loading" ? addEventListener("DOMContentLoaded", () => tell(why)) : tell(why);
  }, true);
  setTimeout(() => isStarted() || tell("The console takes longer to load than usual."), SLOW_MS);
})();
