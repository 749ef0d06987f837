// The browser's own dialog, with its own QR code.

/** The credential of a phone, as JSON. */
export async function askThroughBrowser(operation, { publicKey }, signal) {
  if (!window.PublicKeyCredential?.parseRequestOptionsFromJSON) {
    throw new Error("This browser cannot do it: use the code on this page.");
  }
  try {
    const credential = operation === "register"
      ? await navigator.credentials.create({
          publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey), signal })
      : await navigator.credentials.get({
          publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey), signal });
    return credential.toJSON();
  } catch (error) {
    if (error.name === "InvalidStateError") {
      throw new Error("This phone has a passkey for the account already: use another phone.");
    }
    if (error.name === "NotAllowedError") {
      throw new Error("The dialog was closed, or time ran out. Try again.");
    }
    throw error;
  }
}
