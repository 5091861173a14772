/** True for the hosts that lead to the machine the browser runs on. */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]';
}

/** RFC 3986: the characters of a URI, without those that parsers read differently (backslash, tab, anything not ASCII). */
const uriCharacters = /^[A-Za-z0-9\-._~:/?[\]@!$&'()*+,;=%#]+$/;

/** What stands in a host's place and is safe in a Content-Security-Policy too, where `;` and `'` have a meaning. */
const plainHost = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;

/**
 * What is wrong with the form of a redirect URI, or undefined: https, http on loopback, or a scheme of an app's own, written
 * out in full. A fragment, a user or a wildcard could send the code somewhere that the owner did not see.
 *
 * @see [RFC 9700 section 2.1](https://www.rfc-editor.org/rfc/rfc9700#section-2.1)
 * @see [RFC 8252 section 7](https://www.rfc-editor.org/rfc/rfc8252#section-7)
 */
export function redirectUriProblem(uri: unknown): string | undefined {
  if (typeof uri !== 'string' || uri.length > 1024) return 'must be a URI of at most 1,024 characters';
  if (!uriCharacters.test(uri)) return 'has characters that must be percent-encoded (an international host: xn--…)';
  if (!/^[a-z][a-z0-9+.-]*:/i.test(uri) || !URL.canParse(uri)) return 'is not an absolute URI';
  const { protocol, hostname, username, password } = new URL(uri);
  // Browsers read `https:host` and `https:///host` as `https://host`; nobody else does.
  if (/^https?:(?!\/\/[^/])/i.test(uri)) return 'is not an absolute URI';
  if (uri.includes('#')) return 'must not have a fragment';
  if (uri.includes('*')) return 'must not have a wildcard';
  // The pattern finds an empty one, which the parser drops.
  if (username !== '' || password !== '' || /^[^/]*\/\/[^/?]*@/.test(uri)) return 'must not have a user or password';
  if (protocol === 'https:' && !plainHost.test(hostname)) return 'must have a plain host name';
  if (protocol === 'https:') return isLoopbackHost(hostname) ? 'must use http on loopback' : undefined;
  if (protocol === 'http:' && isLoopbackHost(hostname)) return undefined;
  if (protocol !== 'http:' && isAppScheme(protocol.slice(0, -1))) return undefined;
  return "must use https, http on loopback (127.0.0.1, [::1], localhost), or a scheme of an app's own";
}

/** Schemes that browsers and systems handle themselves: what is sent there could run as a script, or go to anybody. */
const taken = new Set(
  `about afp android-app apt bitcoin blob callto cid content data dav doc facetime file filesystem ftp ftps geo ghelp git
  gopher hcp help http https im info intent irc ircs jar javascript jnlp ldap ldaps livescript magnet mailto man market matrix
  mhtml mid mk mms mocha news nfs nntp openpgp4fpr prefs rdp res resource rtsp sftp shell sip sms smb smsto ssh svn tag tel
  telnet tftp urn vbscript view-source vnc wais ws wss wtai wyciwyg x-man-page xmpp`.split(/\s+/),
);

/** The same by their beginning; `web+…` any page can have a browser send to itself (HTML, registerProtocolHandler). */
const takenPrefix = /^(?:chrome|edge|itms|moz-|ms-|opera|search|web\+|webcal|x-apple)/;

/** True for a scheme that an app may have claimed for itself (private-use URI scheme, RFC 8252 section 7.1). */
export function isAppScheme(scheme: string): boolean {
  return /^[a-z][a-z0-9+.-]{1,59}$/.test(scheme) && !taken.has(scheme) && !takenPrefix.test(scheme);
}
