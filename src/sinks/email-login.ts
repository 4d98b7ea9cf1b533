/** The code of {@link plainLogin}'s error; nodemailer keeps it as the `originalCode` of its own. */
export const NO_LOGIN = 'ENOLOGIN';

/** What nodemailer hands to a login of one's own. */
interface LoginContext {
  readonly auth: { readonly credentials: { readonly user: string; readonly pass: string } };
  /** What the server offers. */
  readonly authMethods: readonly string[];
  sendCommand(command: string): Promise<{ readonly status: number }>;
}

/**
 * AUTH PLAIN, which nodemailer takes where a server offers it, or offers nothing that it knows.
 *
 * A login that nobody offers is an error here: without it nodemailer either sends the mail without a login, or the password to a server
 * that does not want it, or not before there is TLS.
 */
export async function plainLogin({ auth, authMethods, sendCommand }: LoginContext): Promise<void> {
  if (!authMethods.includes('PLAIN')) throw Object.assign(new Error('no login is offered'), { code: NO_LOGIN });
  const { user, pass } = auth.credentials;
  const { status } = await sendCommand(`AUTH PLAIN ${Buffer.from(`\0${user}\0${pass}`).toString('base64')}`);
  if (status < 200 || status >= 300) throw new Error('the login was refused');
}
