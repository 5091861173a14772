/** The languages that the pages speak. */
export type Language = 'en' | 'fr';

/** The language of `Accept-Language` (RFC 9110 section 12.5.4) that the pages speak; English when none is. */
export function preferredLanguage(header: string | undefined): Language {
  const wanted = (header ?? '')
    .slice(0, 500)
    .split(',')
    .map((part) => {
      const [tag = '', ...parameters] = part.trim().toLowerCase().split(';');
      const quality = parameters.map((parameter) => /^\s*q=([\d.]+)$/.exec(parameter)?.[1]).find(Boolean);
      return { language: tag.split('-')[0], quality: quality === undefined ? 1 : Number(quality) };
    })
    .filter(({ language, quality }) => (language === 'fr' || language === 'en') && quality > 0)
    .sort((a, b) => b.quality - a.quality);
  return wanted[0]?.language === 'fr' ? 'fr' : 'en';
}

const en = {
  loginTitle: 'Log in',
  loginLead: 'This page belongs to your site. Only its owner can log in.',
  passphrase: 'Passphrase',
  logIn: 'Log in',
  wrongPassphrase: 'That is not the passphrase. Check it and try again.',
  wrongPassphraseOrCode:
    'The passphrase or the code is not right. A code works once: type the next one that the app shows.',
  code: 'Code',
  codeHelp: 'The six digits that your authenticator app shows now.',
  noPhone: 'I cannot use the app',
  recoveryCode: 'Recovery code',
  recoveryHelp: 'One of those that you got when you set the app up. Each works once, in the place of a code.',
  waitBeforeTrying:
    'Your passphrase was not looked at: there are too many wrong attempts, perhaps by somebody else. Wait a moment, then try again.',
  consentTitle: 'Allow access to your site?',
  whoAsks: 'Who asks',
  byDocument: 'It is known by the document at its own address:',
  byOwner: 'The client that you set up',
  byOwnerHelp: 'It gets the access only with the secret from this server’s configuration.',
  byItself: 'An app that registered itself',
  byItselfHelp: 'Nobody has checked who it is. Go by where the access is sent.',
  sentTo: 'Where the access is sent',
  otherHost: 'This is another host than the one that asks.',
  selfNamed: (name: string) => `It calls itself “${name}”.`,
  notVerified: 'This name is its own claim; nobody has checked it.',
  onThisMachine: 'That is a program on the computer of this browser.',
  toAnApp: (scheme: string) =>
    `The app on this device that opens addresses beginning with “${scheme}” gets the access. Any app may claim them: approve only if you have just started this in an app that you trust.`,
  wants: 'What it may do',
  untick: 'Untick what it should not be able to do.',
  forHowLong: 'For how long',
  howLong:
    'Until you end it (arleo connections revoke), or until it was not used for 60 days. You are asked each time anew.',
  besideEarlier:
    'What you approved for it before stays valid beside this, and whatever you untick here. To narrow it, end that first.',
  approve: 'Approve',
  deny: 'Deny',
  scopes: {
    'content:read': { name: 'Read', means: 'read every page of the site, drafts too' },
    'content:write': { name: 'Write', means: 'create, change and delete pages and files, and publish them' },
    'site:admin': { name: 'Administer', means: 'build the site, put it live, go back to an earlier release' },
    mcp: { name: 'Read and write', means: 'read, create, change and delete pages and files, and publish them' },
    offline_access: { name: 'Stay connected', means: 'use this access while you are away' },
  } as Readonly<Record<string, { name: string; means: string }>>,
  errorTitle: 'This did not work',
  expired: 'This page is too old, or was opened in another browser. Go back to the app and connect again.',
  foreign: 'This form was sent from another site. Nothing was done. If you did not do this, you can ignore it.',
  unknownClient:
    'The app that sent you here is not known on this server, perhaps because it was registered long ago and never used. Remove the connection in the app and add it again.',
  clientDocument:
    'The app says who it is by a document on the web, and this server could not use that document. Try again in a minute; if it stays so, its developers have to mend it.',
  wrongRedirect: 'The app asked to be answered at an address that it has not registered. Nothing was sent there.',
  brokenRequest: 'The app sent a request that this server cannot accept.',
  unavailable: 'The server cannot do this at the moment. Nothing is lost: try again in a minute.',
  details: 'Details for the app’s developers',
  ownerUnreadable: 'The server cannot read the owner’s passphrase. See its log.',
};

/** All texts of the pages in one language. */
export type Texts = typeof en;

const fr: Texts = {
  loginTitle: 'Se connecter',
  loginLead: 'Cette page appartient à votre site. Seul son propriétaire peut se connecter.',
  passphrase: 'Phrase de passe',
  logIn: 'Se connecter',
  wrongPassphrase: 'Ce n’est pas la phrase de passe. Vérifiez-la et réessayez.',
  wrongPassphraseOrCode:
    'La phrase de passe ou le code n’est pas bon. Un code ne sert qu’une fois\u00a0: tapez le prochain que l’application affiche.',
  code: 'Code',
  codeHelp: 'Les six chiffres que votre application d’authentification affiche en ce moment.',
  noPhone: 'Je ne peux pas utiliser l’application',
  recoveryCode: 'Code de secours',
  recoveryHelp:
    'L’un de ceux que vous avez reçus en configurant l’application. Chacun sert une fois, à la place d’un code.',
  waitBeforeTrying:
    'Votre phrase de passe n’a pas été examinée\u00a0: il y a trop d’essais erronés, peut-être de quelqu’un d’autre. Attendez un instant, puis réessayez.',
  consentTitle: 'Autoriser l’accès à votre site\u00a0?',
  whoAsks: 'Qui demande',
  byDocument: 'Elle est connue par le document à sa propre adresse\u00a0:',
  byOwner: 'Le client que vous avez configuré',
  byOwnerHelp: 'Il n’obtient l’accès qu’avec le secret inscrit dans la configuration de ce serveur.',
  byItself: 'Une application qui s’est enregistrée elle-même',
  byItselfHelp: 'Personne n’a vérifié qui elle est. Fiez-vous à l’adresse où l’accès est envoyé.',
  sentTo: 'Où l’accès est envoyé',
  otherHost: 'C’est un autre hôte que celui qui demande.',
  selfNamed: (name) => `L’application se nomme elle-même «\u00a0${name}\u00a0».`,
  notVerified: 'Ce nom est sa propre déclaration\u00a0; personne ne l’a vérifié.',
  onThisMachine: 'C’est un programme sur l’ordinateur de ce navigateur.',
  toAnApp: (scheme) =>
    `L’application de cet appareil qui ouvre les adresses commençant par «\u00a0${scheme}\u00a0» reçoit l’accès. N’importe quelle application peut les revendiquer\u00a0: n’approuvez que si vous venez de lancer ceci dans une application de confiance.`,
  wants: 'Ce que l’accès permettra',
  untick: 'Décochez ce qu’il ne doit pas permettre.',
  forHowLong: 'Pour combien de temps',
  howLong:
    'Jusqu’à ce que vous y mettiez fin (arleo connections revoke), ou qu’il n’ait pas servi pendant 60 jours. La question est posée à chaque fois.',
  besideEarlier:
    'Ce que vous lui avez accordé auparavant reste valable à côté de ceci, quoi que vous décochiez ici. Pour le restreindre, mettez-y d’abord fin.',
  approve: 'Approuver',
  deny: 'Refuser',
  scopes: {
    'content:read': { name: 'Lire', means: 'lire toutes les pages du site, brouillons compris' },
    'content:write': {
      name: 'Écrire',
      means: 'créer, modifier et supprimer des pages et des fichiers, et les publier',
    },
    'site:admin': {
      name: 'Administrer',
      means: 'construire le site, le mettre en ligne, revenir à une version antérieure',
    },
    mcp: {
      name: 'Lire et écrire',
      means: 'lire, créer, modifier et supprimer des pages et des fichiers, et les publier',
    },
    offline_access: { name: 'Rester connectée', means: 'utiliser cet accès en votre absence' },
  },
  errorTitle: 'Cela n’a pas fonctionné',
  expired:
    'Cette page est trop ancienne, ou a été ouverte dans un autre navigateur. Retournez à l’application et reconnectez-vous.',
  foreign:
    'Ce formulaire a été envoyé depuis un autre site. Rien n’a été fait. Si ce n’est pas vous, vous pouvez l’ignorer.',
  unknownClient:
    'L’application qui vous envoie ici n’est pas connue de ce serveur, peut-être parce qu’elle a été enregistrée il y a longtemps sans jamais servir. Supprimez la connexion dans l’application et ajoutez-la de nouveau.',
  clientDocument:
    'L’application se présente par un document sur le web, que ce serveur n’a pas pu utiliser. Réessayez dans une minute\u00a0; si cela persiste, c’est à ses développeurs de le corriger.',
  wrongRedirect:
    'L’application a demandé une réponse à une adresse qu’elle n’a pas enregistrée. Rien n’y a été envoyé.',
  brokenRequest: 'L’application a envoyé une demande que ce serveur ne peut pas accepter.',
  unavailable: 'Le serveur ne peut pas le faire pour le moment. Rien n’est perdu : réessayez dans une minute.',
  details: 'Détails pour les développeurs de l’application',
  ownerUnreadable: 'Le serveur ne peut pas lire la phrase de passe du propriétaire. Voir son journal.',
};

/** The texts of each language. */
export const TEXTS: Readonly<Record<Language, Texts>> = { en, fr };
