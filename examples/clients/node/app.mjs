// Signs people in through Doorward, with openid-client 6 on plain Node.
//
//   npm install
//   ISSUER=https://sso.example.com/t/acme CLIENT_ID=… CLIENT_SECRET=… PORT=3000 node app.mjs
//
// With the issuer of the installation, ORGANIZATION=acme names the tenant; without it Doorward asks for the e-mail address.
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import * as oidc from 'openid-client';

const missing = ['ISSUER', 'CLIENT_ID', 'CLIENT_SECRET'].filter((name) => !process.env[name]);
if (missing.length > 0) stop(`not set: ${missing.join(', ')}`);
const { ISSUER, CLIENT_ID, CLIENT_SECRET, PORT = '3000', ORGANIZATION } = process.env;
const APP = `http://127.0.0.1:${PORT}`;
const REDIRECT_URI = `${APP}/callback`;

const execute = [oidc.enableNonRepudiationChecks]; // the ID token's signature counts, not only where it came from
const local = /^http:\/\/(localhost|127\.0\.0\.1)(:\d+)?(\/|$)/.test(ISSUER); // a Doorward on this machine
if (local) execute.push(oidc.allowInsecureRequests);
const authentication = oidc.ClientSecretBasic(CLIENT_SECRET);
const doorward = await oidc.discovery(new URL(ISSUER), CLIENT_ID, {}, authentication, { execute }).catch((error) => {
  while (error.cause instanceof Error) error = error.cause; // the innermost says most
  stop(`no Doorward answers at ${ISSUER}: ${error.message || error.code}`);
});

// By cookie: the login under way, then the tokens and who it is. Your application has a database for this.
const sessions = new Map();

function whoAmI(request, response, session) {
  if (!session?.tokens) return answer(response, 200, { signed_in: false });
  return answer(response, 200, { signed_in: true, user: session.user, expires_at: session.expiresAt });
}

async function login(request, response, session = open()) {
  const verifier = oidc.randomPKCECodeVerifier();
  session.login = { verifier, state: oidc.randomState(), nonce: oidc.randomNonce() };
  const url = oidc.buildAuthorizationUrl(doorward, {
    redirect_uri: REDIRECT_URI,
    scope: 'openid profile email groups offline_access',
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state: session.login.state,
    nonce: session.login.nonce,
    ...(ORGANIZATION && { tenant: ORGANIZATION }),
  });
  return redirect(response, url, session);
}

// Checks state, iss (RFC 9207), the ID token and its nonce; sends the PKCE verifier.
async function callback(request, response, session) {
  if (!session?.login) return answer(response, 400, { error: 'no_login_under_way' });
  const { verifier, state, nonce } = session.login;
  delete session.login;
  const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true };
  const tokens = await oidc.authorizationCodeGrant(doorward, new URL(request.url, APP), checks);
  const signedIn = { tokens, ...(await person(tokens, tokens.claims().sub)) };
  sessions.delete(session.id);
  return redirect(response, '/', open(signedIn)); // under a new id: whoever knew the old one gains nothing
}

// Each refresh token is good for one use: the session is put aside meanwhile, and gone if Doorward refuses.
async function refresh(request, response, session) {
  if (!session?.tokens) return redirect(response, '/login');
  sessions.delete(session.id);
  const fresh = await oidc.refreshTokenGrant(doorward, session.tokens.refresh_token);
  Object.assign(session.tokens, fresh); // the new refresh token with it
  Object.assign(session, await person(fresh, session.user.sub));
  sessions.set(session.id, session);
  return redirect(response, '/');
}

// Ends the session here, and then at Doorward.
function logout(request, response, session) {
  if (!session?.tokens) return redirect(response, '/');
  sessions.delete(session.id);
  const url = oidc.buildEndSessionUrl(doorward, {
    id_token_hint: session.tokens.id_token,
    post_logout_redirect_uri: `${APP}/`,
  });
  return redirect(response, url);
}

// Who it is as Doorward knows them now, which must be `sub`, and until when that access token is good.
async function person(tokens, sub) {
  const user = await oidc.fetchUserInfo(doorward, tokens.access_token, sub);
  return { user, expiresAt: Math.floor(Date.now() / 1000) + tokens.expiresIn() };
}

// A new session under an unguessable id.
function open(content) {
  const session = { ...content, id: randomBytes(32).toString('base64url') };
  sessions.set(session.id, session);
  return session;
}

function stop(reason) {
  console.error(reason);
  process.exit(1);
}

function redirect(response, url, session) {
  const cookie = session && { 'set-cookie': `app=${session.id}; Path=/; HttpOnly; SameSite=Lax` }; // and Secure, on https
  response.writeHead(303, { location: String(url), ...cookie }).end();
}

function answer(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(body));
}

const routes = { '/': whoAmI, '/login': login, '/callback': callback, '/refresh': refresh, '/logout': logout };

const server = http.createServer(async (request, response) => {
  const route = request.method === 'GET' && routes[new URL(request.url, APP).pathname];
  if (!route) return answer(response, 404, { error: 'not_found' });
  const id = /(?:^|; )app=([\w-]+)/.exec(request.headers.cookie)?.[1];
  try {
    return await route(request, response, sessions.get(id));
  } catch (error) { // refused by Doorward (error, error_description) or by a check of openid-client (code)
    return answer(response, 400, { error: error.error ?? error.code ?? 'failed' });
  }
});
server.listen(Number(PORT), '127.0.0.1', () => console.log(`READY ${APP}`));
