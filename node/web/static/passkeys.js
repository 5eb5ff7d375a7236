// Passkeys: asks the browser's authenticator, and puts its answer into a form that is then sent like any other
// (node/coalition/passkeys/pages.py). Without script, or in a browser that has none, the buttons are not there.
"use strict";
if (window.PublicKeyCredential && PublicKeyCredential.parseCreationOptionsFromJSON) {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const told = form.querySelector("[data-fault]");
    const button = form.querySelector("button");
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      if (form.elements.passkey.value) return;
      event.preventDefault();
      told.hidden = true;
      button.disabled = true;
      try {
        const answer = await fetch(form.dataset.passkey, { credentials: "same-origin", cache: "no-store" });
        if (!answer.ok) throw new Error(answer.status);
        const asked = await answer.json();
        const made = "add" in form.dataset
          ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(asked) })
          : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(asked) });
        form.elements.passkey.value = JSON.stringify(made.toJSON());
        form.submit();
      } catch {
        told.hidden = false; // refused, interrupted or not possible: the browser has said more itself
        button.disabled = false;
        button.focus();
      }
    });
  }
}
