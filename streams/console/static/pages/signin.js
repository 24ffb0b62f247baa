// Sign in with an API key. The key goes to the API once and is not kept; a cookie that scripts cannot read stands for it.
import { html, useState } from "../app/html.js";
import { signIn } from "../app/api.js";
import { personName } from "../app/settings.js";
import { Problem } from "../components/parts.js";

export function SignIn() {
  const [problem, setProblem] = useState(null);
  const [isBusy, setBusy] = useState(false);
  async function onSubmit(event) {
    event.preventDefault();
    const form = new FormData(event.target);
    setBusy(true);
    try {
      personName.set(String(form.get("name")).trim());
      await signIn(String(form.get("key")).trim());
    } catch (found) {
      setProblem(found);
      setBusy(false);
    }
  }
  return html`<main class="signin" id="main">
    <h1>mediasieve</h1>
    <p>The review console. Sign in with an API key that may <code>read</code>, and <code>moderate</code> to give verdicts.</p>
    <form onSubmit=${onSubmit}>
      <label><span>API key</span><input name="key" type="password" required autocomplete="current-password" autofocus spellcheck="false" placeholder="msk_…" /></label>
      <label><span>Your name, for your verdicts (optional)</span><input name="name" autocomplete="username" maxlength="64" value=${personName.get()} /></label>
      <button type="submit" class="primary" disabled=${isBusy}>${isBusy ? "Signing in …" : "Sign in"}</button>
    </form>
    <${Problem} problem=${problem} />
  </main>`;
}
