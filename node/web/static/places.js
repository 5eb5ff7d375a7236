// Towns offered while one types a place: a convenience over a form that works without it (node/web/placing.py).
"use strict";
for (const field of document.querySelectorAll("input[data-places]")) {
  const list = document.getElementById(field.getAttribute("list"));
  let asked = "";
  let waiting = 0;
  const ask = async () => {
    const typed = field.value.trim();
    if (typed.length < 2 || typed === asked) return;
    asked = typed;
    const answer = await fetch(`/places?q=${encodeURIComponent(typed)}`, { credentials: "same-origin" });
    if (!answer.ok || typed !== asked) return;
    const labels = await answer.json();
    list.replaceChildren(...labels.map((label) => {
      const option = document.createElement("option");
      option.value = label;
      return option;
    }));
  };
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, 150);
  });
}
