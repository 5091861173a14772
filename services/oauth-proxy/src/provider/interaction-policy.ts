import { interactionPolicy } from 'oidc-provider';

/**
 * When the owner is asked: to log in when there is no session, or one from before the passphrase or the second factor
 * were changed, and to consent for every single authorization. No earlier consent is ever taken for a new request, not
 * even for the same client: anybody may register under any name.
 *
 * @param loginHolds false for a login, by the version of the credentials in its `acr`, that does not count any more
 */
export function createInteractionPolicy(
  loginHolds: (version: string | undefined) => Promise<boolean>,
): interactionPolicy.DefaultPolicy {
  const policy = interactionPolicy.base();
  policy.get('login')?.checks.add(
    new interactionPolicy.Check(
      'login_outdated',
      'the login is from before the passphrase or the second factor were changed',
      'login_required',
      async (ctx) => {
        const { session } = ctx.oidc;
        // Who is not logged in at all is asked by another check.
        if (!session?.accountId || (await loginHolds(session.acr))) {
          return interactionPolicy.Check.NO_NEED_TO_PROMPT;
        }
        return interactionPolicy.Check.REQUEST_PROMPT;
      },
    ),
  );
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
