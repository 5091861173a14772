/** Checks of the public suite that do not apply to Arleo, for one reason. */
export interface NotApplicable {
  reason: string;
  /** What the suite says where such a check does not hold; a check that fails with another message is not excused. */
  says: RegExp;
  /** `scenario:check-id`. */
  checks: readonly string[];
}

/** Every check that does not hold, with the reason. A check that is named here and holds fails the run. */
export const NOT_APPLICABLE: readonly NotApplicable[] = [
  {
    reason: "It calls a tool that only the suite's own example server has.",
    says: /\b(?:Tool|tool) '?(?:test_\w+|json_schema_2020_12_tool)'? not found|^Expected InputRequiredResult with|^Prerequisite failed: could not get initial InputRequiredResult/,
    checks: [
      'tools-call-simple-text:tools-call-simple-text',
      'tools-call-image:tools-call-image',
      'tools-call-audio:tools-call-audio',
      'tools-call-embedded-resource:tools-call-embedded-resource',
      'tools-call-mixed-content:tools-call-mixed-content',
      'tools-call-error:tools-call-error',
      'tools-call-with-progress:tools-call-with-progress',
      'tools-call-sampling:tools-call-sampling',
      'tools-call-elicitation:tools-call-elicitation',
      'json-schema-2020-12:json-schema-2020-12-tool-found',
      'elicitation-sep1034-defaults:elicitation-sep1034-general',
      'elicitation-sep1330-enums:elicitation-sep1330-general',
      'input-required-result-basic-elicitation:sep-2322-elicitation-incomplete',
      'input-required-result-basic-sampling:sep-2322-sampling-incomplete',
      'input-required-result-basic-list-roots:sep-2322-list-roots-incomplete',
      'input-required-result-request-state:sep-2322-request-state-incomplete',
      'input-required-result-multiple-input-requests:sep-2322-multiple-inputs-incomplete',
      'input-required-result-multi-round:sep-2322-multi-round-r1',
      'input-required-result-result-type:sep-2322-result-type-included',
      'input-required-result-tampered-state:sep-2322-reject-tampered-state',
      'input-required-result-capability-check:sep-2322-respect-client-capabilities',
      'input-required-result-ignore-extra-params:sep-2322-ignore-unexpected-params',
    ],
  },
  {
    reason:
      "It calls a tool that only the suite's own example server has, and takes the JSON-RPC error for an unknown tool as a warning.",
    says: /^Server returned JSON-RPC error instead of re-requesting via InputRequiredResult/,
    checks: ['input-required-result-missing-input-response:sep-2322-missing-response-rerequests'],
  },
  {
    reason: "It looks for a diagnostic tool of the suite's own example server, and counts its absence as a failure.",
    says: /^Not testable: server does not list the diagnostic tool 'test_\w+'/,
    checks: [
      'server-stateless:sep-2575-server-rejects-undeclared-capability',
      'server-stateless:sep-2575-missing-capability-http-400',
      'server-stateless:sep-2575-http-server-no-independent-requests-on-stream',
      'server-stateless:sep-2575-server-no-log-without-loglevel',
    ],
  },
  {
    reason: 'Custom headers are for tools that declare `x-mcp-header`; no tool of Arleo does.',
    says: /^Not testable: server exposes no tool with x-mcp-header annotations/,
    checks: [
      'http-custom-header-server-validation:sep-2243-server-no-xmcp-tool',
      'http-custom-header-server-validation:sep-2243-server-decode-base64',
      'http-custom-header-server-validation:sep-2243-server-validate-param-match',
      'http-custom-header-server-validation:sep-2243-server-reject-invalid-param-chars',
      'http-custom-header-server-validation:sep-2243-server-reject-param-mismatch',
    ],
  },
  {
    reason: "It gets a prompt that only the suite's own example server has.",
    says: /Prompt test_\w+ not found/,
    checks: [
      'prompts-get-simple:prompts-get-simple',
      'prompts-get-with-args:prompts-get-with-args',
      'prompts-get-embedded-resource:prompts-get-embedded-resource',
      'prompts-get-with-image:prompts-get-with-image',
      'completion-complete:completion-complete',
      'input-required-result-non-tool-request:sep-2322-non-tool-incomplete',
    ],
  },
  {
    reason: "It reads a resource that only the suite's own example server has.",
    says: /Resource not found: test:\/\//,
    checks: [
      'resources-read-text:resources-read-text',
      'resources-read-binary:resources-read-binary',
      'resources-templates-read:resources-templates-read',
    ],
  },
  {
    reason:
      'An optional capability (`logging`, `resources.subscribe`) that Arleo does not declare: the method does not exist.',
    says: /Method not found/,
    checks: [
      'logging-set-level:logging-set-level',
      'tools-call-with-logging:tools-call-with-logging',
      'resources-subscribe:resources-subscribe',
      'resources-unsubscribe:resources-unsubscribe',
    ],
  },
  {
    reason: 'Arleo declares no `listChanged`: its tools and prompts change with a release of it, never while it runs.',
    says: /^$/,
    checks: [
      'server-stateless:sep-2575-server-sends-prompts-list-changed-on-subscription',
      'server-stateless:sep-2575-server-sends-tools-list-changed-on-subscription',
    ],
  },
  {
    reason: 'Arleo is stateless in every revision: no session, and no stream that is resumed (both are optional).',
    says: /^$|^Server did not send (?:priming event|retry field)/,
    checks: [
      'server-sse-multiple-streams:server-sse-multiple-streams-session',
      'server-sse-polling:server-sse-polling-session',
      'server-sse-polling:server-sse-priming-event',
      'server-sse-polling:server-sse-retry-field',
    ],
  },
];

/** Scenarios of protocol extensions that Arleo does not offer (it declares none in `capabilities.extensions`). */
export const EXTENSIONS_NOT_OFFERED: readonly RegExp[] = [/^tasks-/, /^sep-2640-skills-/];
