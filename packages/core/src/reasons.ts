/** One line of the table of transport-level refusals. */
export interface ReasonEntry {
  /** The HTTP status of the response. */
  readonly status: number;
  /** What the caller is told when the place that refuses has nothing more precise to say. */
  readonly message: string;
  /** How to mend it, for the person who runs the site. */
  readonly hint?: string;
}

const reasons = {
  // What the caller sent.
  bad_json: { status: 400, message: 'The body is not valid JSON.' },
  batch_refused: { status: 400, message: 'Batches are not accepted: send one JSON-RPC message per request.' },
  bad_request: { status: 400, message: 'The request is malformed.' },
  unsupported_media_type: { status: 415, message: 'The content type must be application/json.' },
  body_too_large: { status: 413, message: 'The body is larger than this server accepts.' },
  method_not_allowed: { status: 405, message: 'This method is not allowed here.' },
  not_found: { status: 404, message: 'There is nothing at this address.' },
  bad_host: { status: 403, message: 'The Host header does not name this server.' },
  bad_origin: { status: 403, message: 'Requests from this origin are not accepted.' },
  rate_limited: { status: 429, message: 'Too many requests. Wait and try again.' },
  waf_blocked: {
    status: 403,
    message: 'The web application firewall took a part of this request for an attack.',
    hint: 'Look for the request id in /var/log/nginx/mcp.error.log: the rule and the argument stand there.',
  },
  caller_not_allowed: {
    status: 403,
    message: 'Requests from this address are not accepted.',
    hint: 'The addresses that are stand in /etc/nginx/arleo/callers.conf.',
  },
  request_timeout: { status: 408, message: 'The request did not arrive in time.' },

  // Who the caller is.
  token_missing: { status: 401, message: 'A bearer token is needed.' },
  token_invalid: { status: 401, message: 'The bearer token is not valid.' },
  actor_missing: { status: 401, message: 'The actor assertion is missing.' },
  actor_invalid: { status: 401, message: 'The actor assertion is not valid.' },
  actor_expired: {
    status: 401,
    message: 'The actor assertion has expired.',
    hint: 'The clocks of the two hosts may differ by more than a minute: check that both keep time (timedatectl).',
  },
  signature_invalid: { status: 401, message: 'The signature is missing or wrong.' },
  insufficient_scope: { status: 403, message: 'The token does not have the scope that this needs.' },

  // The next hop.
  connect_timeout: {
    status: 504,
    message: 'The next hop did not accept a connection in time.',
    hint: 'Packets are being dropped silently: check IPAddressDeny/IPAddressAllow of the systemd unit, the firewall, and that the machine is up.',
  },
  connect_refused: {
    status: 502,
    message: 'The next hop refused the connection.',
    hint: 'The service is not running or listens on another port: check its status with systemctl.',
  },
  upstream_unreachable: {
    status: 502,
    message: 'The next hop cannot be reached.',
    hint: 'There is no route to the address, or its name does not resolve: check UPSTREAM_URL and the network.',
  },
  first_byte_timeout: {
    status: 504,
    message: 'The next hop took the request and did not begin to answer in time.',
    hint: 'The service is up and hangs or is overloaded: look at its log with the request id.',
  },
  idle_timeout: { status: 504, message: 'The next hop stopped sending in the middle of its answer.' },
  call_timeout: { status: 504, message: 'The call took longer than the limit for a whole call.' },
  upstream_closed: {
    status: 502,
    message: 'The next hop closed the connection before its answer was complete.',
    hint: 'The service may have stopped or crashed: look at its log.',
  },
  upstream_invalid: { status: 502, message: 'The next hop sent something that is not a valid HTTP answer.' },
  upstream_auth: {
    status: 502,
    message: 'The next hop refused the credentials of this hop.',
    hint: 'The token or key between the hops was changed on one side only, or was revoked: compare both sides.',
  },
  pin_mismatch: {
    status: 502,
    message: 'The next hop showed another certificate than the pinned one. Nothing was sent to it.',
    hint: 'The certificate was renewed on one side only, or somebody stands between the machines: compare the SHA-256 on both sides.',
  },
  cert_expired: {
    status: 502,
    message: 'The certificate of the next hop is outside its period of validity. Nothing was sent to it.',
    hint: 'Renew the certificate and install it on both sides; check the clocks too.',
  },
  cert_host_mismatch: {
    status: 502,
    message: 'The certificate of the next hop is not made for its address. Nothing was sent to it.',
    hint: 'Make the certificate with the address of UPSTREAM_URL as a subject alternative name.',
  },
  tls_failed: {
    status: 502,
    message: 'The TLS handshake with the next hop failed. Nothing was sent to it.',
    hint: 'Something other than the expected service may listen at the address of UPSTREAM_URL.',
  },

  // This hop.
  not_ready: { status: 503, message: 'The service cannot do its job at the moment.' },
  state_unavailable: {
    status: 503,
    message: 'What this service has to remember cannot be reached. Try again in a moment.',
    hint: 'Redis is away, does not answer or refuses: see the log of the service, and /readyz on its host.',
  },
  shutting_down: { status: 503, message: 'The service is stopping. Try again in a moment.' },
  internal: {
    status: 500,
    message: 'Something went wrong in this service.',
    hint: 'Look for the request id in its log.',
  },
} as const satisfies Record<string, ReasonEntry>;

/** The stable name of a transport-level refusal: `error.data.reason` of an error body. */
export type Reason = keyof typeof reasons;

/** Every transport-level refusal of every hop, with its HTTP status and words. */
export const REASONS: Readonly<Record<Reason, ReasonEntry>> = reasons;

/** True if `value` is a key of {@link REASONS}. */
export function isReason(value: unknown): value is Reason {
  return typeof value === 'string' && Object.hasOwn(reasons, value);
}
