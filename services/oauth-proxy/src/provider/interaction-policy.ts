import { interactionPolicy } from 'oidc-provider';

/**
 * When the owner is asked: to log in when there is no session, and to consent for every single authorization. No
 * earlier consent is ever taken for a new request, not even for the same client: anybody may register under any name.
 */
export function createInteractionPolicy(): interactionPolicy.DefaultPolicy {
  const policy = interactionPolicy.base();
  policy
    .get('consent')
    ?.checks.add(
      new interactionPolicy.Check(
        'always_asked',
        'consent is asked for each authorization',
        'consent_required',
        (ctx) =>
          ctx.oidc.result?.consent ? interactionPolicy.Check.NO_NEED_TO_PROMPT : interactionPolicy.Check.REQUEST_PROMPT,
      ),
    );
  return policy;
}
