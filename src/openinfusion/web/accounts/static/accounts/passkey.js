// Asks the browser for a passkey when a button with data-oi-passkey is pressed, and sends its form with the answer.
// The server's question stands in data-oi-options, or is fetched from the address in data-oi-ask. Without this script
// the form is not sent: the server would refuse it for want of an answer.
const toBytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
const toText = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
const withBytes = (credentials) => credentials?.map((one) => ({ ...one, id: toBytes(one.id) }));

function question(said) {
  const asked = { ...said, challenge: toBytes(said.challenge) };
  if (said.user) asked.user = { ...said.user, id: toBytes(said.user.id) };
  if (said.allowCredentials) asked.allowCredentials = withBytes(said.allowCredentials);
  if (said.excludeCredentials) asked.excludeCredentials = withBytes(said.excludeCredentials);
  return asked;
}

function answer(credential) {
  const response = { clientDataJSON: toText(credential.response.clientDataJSON) };
  for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[part]) response[part] = toText(credential.response[part]);
  }
  if (credential.response.getTransports) response.transports = credential.response.getTransports();
  return {
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    response,
    clientExtensionResults: credential.getClientExtensionResults(),
    authenticatorAttachment: credential.authenticatorAttachment,
  };
}

async function options(button) {
  if (button.dataset.oiOptions) return JSON.parse(button.dataset.oiOptions);
  const reply = await fetch(button.dataset.oiAsk, {
    headers: { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" },
  });
  if (!reply.ok) throw new Error("The server did not answer. Try again in a minute.");
  return (await reply.json()).request_options;
}

async function ask(button) {
  const said = (await options(button)).publicKey;
  const passwordless = button.form.querySelector("[name=passwordless]");
  if (!said.user) return navigator.credentials.get({ publicKey: question(said) });
  if (passwordless?.checked) {
    said.authenticatorSelection = {
      ...said.authenticatorSelection,
      residentKey: "required",
      requireResidentKey: true,
      userVerification: "required",
    };
  }
  return navigator.credentials.create({ publicKey: question(said) });
}

for (const button of document.querySelectorAll("[data-oi-passkey]")) {
  button.addEventListener("click", async (event) => {
    event.preventDefault();
    const trouble = button.form.querySelector("[data-oi-passkey-trouble]");
    trouble.hidden = true;
    try {
      button.form.elements.credential.value = JSON.stringify(answer(await ask(button)));
      button.form.submit();
    } catch (error) {
      trouble.textContent =
        error.name === "NotAllowedError" ? "No passkey was given. Try again, or use another way." : error.message;
      trouble.hidden = false;
    }
  });
}
