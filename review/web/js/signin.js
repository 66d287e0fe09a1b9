// The form to sign in.
import { h } from "./dom.js";
import * as api from "./api.js";

// signInView draws the form and calls then once the person is in.
export function signInView(then) {
  const failed = h("p", { class: "failed", role: "alert" });
  const button = h("button", { type: "submit", class: "main" }, "Sign in");
  const form = h("form", {
    class: "signin",
    onsubmit: async (event) => {
      event.preventDefault();
      button.disabled = true;
      failed.textContent = "";
      try {
        await api.signIn(form.elements.name.value, form.elements.password.value);
        then();
      } catch (error) {
        failed.textContent = error.status === 401 ? "Name or password is wrong." : `${error.message}.`;
        form.elements.password.select();
      } finally {
        button.disabled = false;
      }
    },
  }, h("h2", {}, "Sign in"), h("label", {}, "Name", h("input", { name: "name", autocomplete: "username", required: true, autocapitalize: "none" })),
  h("label", {}, "Password", h("input", { name: "password", type: "password", autocomplete: "current-password", required: true })), failed, button,
  h("p", { class: "hint" }, "The link that weir demo printed signs in by itself, once."));
  return form;
}
