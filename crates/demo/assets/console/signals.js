// The Signal API: the browser's and the phone's lists follow the site's.

/** Tells the browser that the site no longer knows a passkey. */
export function forgetUnknown(rpId, credentialId) {
  if (!credentialId) return;
  window.PublicKeyCredential?.signalUnknownCredential?.({ rpId, credentialId })?.catch(() => {});
}

/** Tells the browser which passkeys the site accepts, and what its user is called. */
export function signalAccepted(list) {
  const { rpId, user: userId, accepted, userName: name, displayName } = list.dataset;
  const allAcceptedCredentialIds = accepted.split(" ").filter(Boolean);
  const api = window.PublicKeyCredential;
  api?.signalAllAcceptedCredentials?.({ rpId, userId, allAcceptedCredentialIds })?.catch(() => {});
  api?.signalCurrentUserDetails?.({ rpId, userId, name, displayName })?.catch(() => {});
}
