// A real OpenID provider (npm oidc-provider, certified) with the people of ../people.json. Not for production:
// passwords lie in a file and every session is in memory.
//
// Start:  node tests/idps/oidc-provider/server.mjs      prints one line, `READY <issuer>`, when it answers
// Stop:   SIGTERM or SIGINT; it also ends when the process that started it ends
//
//   HOST            address to listen on                                        127.0.0.21 (cookies ignore ports, so not Doorward's)
//   PORT            port; 0 takes a free one                                    0
//   ISSUER          the issuer, where it is not http://HOST:PORT (behind a container's port or a TLS proxy)
//   PEOPLE          file with the people                                        ../people.json
//   CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, POST_LOGOUT_URI   one client from the start; the URIs separated by commas
//   CONTROL=1       switches the /_ctl endpoints on (tests only: they need no credentials)
//   PKCE=optional   accepts clients without PKCE                                S256 is required
//   CLAIMS_IN_ID_TOKEN=1   puts all claims into the ID token                    by the book: at userinfo only
//
// The syntax stays within Node 12, which older Ubuntu releases carry.
import http from 'http';
import { readFileSync } from 'fs';
import { randomBytes } from 'crypto';
import { exportJWK, generateKeyPair } from 'jose';
import * as oidc from 'oidc-provider';
import { MemoryAdapter } from './memory.mjs';
import { control } from './control.mjs';
import { signInPage } from './page.mjs';

const env = process.env;
const Provider = oidc.Provider || oidc.default.Provider;
const list = (text) => (text ? text.split(',') : []);

const state = {
  issuer: env.ISSUER,
  people: JSON.parse(readFileSync(env.PEOPLE || new URL('../people.json', import.meta.url), 'utf8')),
  clients: new MemoryAdapter('Client'),
  keys: [],
  provider: undefined,
  build,
  newKeys,
};

async function newKeys() {
  const one = async (alg, options) => {
    const { privateKey } = await generateKeyPair(alg, { extractable: true, ...options });
    return { ...(await exportJWK(privateKey)), kid: `${alg}-${randomBytes(4).toString('hex')}`, alg, use: 'sig' };
  };
  return [await one('RS256', { modulusLength: 2048 }), await one('ES256'), await one('EdDSA', { crv: 'Ed25519' })];
}

// Sessions, codes, tokens and clients live in the adapter, so that a rebuild (new keys) loses none of them.
function build() {
  const provider = new Provider(state.issuer, {
    adapter: MemoryAdapter,
    jwks: { keys: state.keys },
    cookies: { keys: ['demo-and-tests-only'] },
    findAccount,
    claims: {
      openid: ['sub'], email: ['email', 'email_verified'],
      profile: ['name', 'given_name', 'family_name'], groups: ['groups'],
    },
    scopes: ['openid', 'offline_access', 'email', 'profile', 'groups'],
    acrValues: ['urn:acr:pwd'],
    conformIdTokenClaims: env.CLAIMS_IN_ID_TOKEN !== '1',
    extraClientMetadata: { properties: ['pkce_optional'] },
    pkce: { required: (ctx, client) => env.PKCE !== 'optional' && client.metadata().pkce_optional !== true },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: true },
      backchannelLogout: { enabled: true },
      revocation: { enabled: true },
      introspection: { enabled: true },
      jwtUserinfo: { enabled: true },
      encryption: { enabled: true },
    },
    interactions: { url: (ctx, interaction) => `/login/${interaction.uid}` },
    ttl: { AccessToken: 300, AuthorizationCode: 60, IdToken: 300, RefreshToken: 3600, Session: 3600, Grant: 3600, Interaction: 600 },
    // The library refuses to call loopback addresses (a client's jwks_uri, back-channel logout); here everything is loopback.
    ...(typeof fetch === 'function' && { fetch: (url, { dispatcher, ...options }) => fetch(url, options) }),
    loadExistingGrant,
  });
  provider.proxy = state.issuer.startsWith('https:');
  for (const event of ['server_error', 'backchannel.error', 'grant.error', 'authorization.error']) {
    provider.on(event, (ctx, error) => console.error(event, error && (error.error_description || error.message), (error && error.error_detail) || ''));
  }
  state.provider = provider;
  state.answer = provider.callback();
}

function findAccount(ctx, sub) {
  const person = Object.values(state.people).find((one) => one.sub === sub);
  return person && {
    accountId: sub,
    claims: () => ({
      sub, name: person.name, given_name: person.given, family_name: person.family,
      email: person.email, email_verified: person.email_verified, groups: person.groups,
    }),
  };
}

// A directory of one company asks nobody for consent.
async function loadExistingGrant(ctx) {
  const { client, session, params, provider } = ctx.oidc;
  const id = session.grantIdFor(client.clientId);
  const grant = (id && await provider.Grant.find(id)) || new provider.Grant({ accountId: session.accountId, clientId: client.clientId });
  grant.addOIDCScope(params.scope);
  await grant.save();
  return grant;
}

async function signIn(req, res) {
  const { provider, people } = state;
  const interaction = await provider.interactionDetails(req, res);
  if (interaction.prompt.name === 'consent') { // asked for by prompt=consent, which offline_access needs
    return provider.interactionFinished(req, res, { consent: {} }, { mergeWithLastSubmission: true });
  }
  if (req.method === 'GET') return send(res, 200, signInPage(interaction.uid, interaction.params.login_hint, ''));
  const form = new URLSearchParams(await body(req));
  if (form.get('go') === 'deny') {
    return provider.interactionFinished(req, res, { error: 'access_denied', error_description: 'the person refused' });
  }
  const person = people[form.get('login')];
  if (!person || person.password !== form.get('password')) {
    return send(res, 401, signInPage(interaction.uid, form.get('login'), 'Wrong name or password.'));
  }
  return provider.interactionFinished(req, res, { login: { accountId: person.sub, amr: ['pwd'], acr: 'urn:acr:pwd' } });
}

async function body(req) {
  let text = '';
  for await (const chunk of req) text += chunk;
  return text;
}

function send(res, status, text, type = 'text/html; charset=utf-8') {
  res.writeHead(status, { 'content-type': type });
  res.end(text);
}

async function route(req, res) {
  try {
    const url = new URL(req.url, state.issuer);
    if (url.pathname.startsWith('/login/')) return await signIn(req, res);
    if (url.pathname.startsWith('/_ctl/') && env.CONTROL === '1') {
      const [status, answer] = await control(state, req.method, url, await body(req));
      return send(res, status, JSON.stringify(answer), 'application/json');
    }
    return state.answer(req, res);
  } catch (error) {
    // A sign-in form that was left open too long, mostly.
    console.error(error.message);
    return send(res, 400, `<!doctype html><title>Not possible</title><p>${error.name}: start again from the application.`);
  }
}

async function main() {
  state.keys = await newKeys();
  const host = env.HOST || '127.0.0.21';
  const server = http.createServer(route);
  server.on('error', (error) => { console.error(error.message); process.exit(1); });
  server.listen(Number(env.PORT || 0), host, async () => {
    state.issuer = state.issuer || `http://${host}:${server.address().port}`;
    build();
    if (env.CLIENT_ID) {
      await state.clients.upsert(env.CLIENT_ID, {
        client_id: env.CLIENT_ID,
        client_secret: env.CLIENT_SECRET,
        redirect_uris: list(env.REDIRECT_URI),
        post_logout_redirect_uris: list(env.POST_LOGOUT_URI),
        response_types: ['code'],
        grant_types: ['authorization_code', 'refresh_token'],
      });
    }
    console.log(`READY ${state.issuer}`);
  });
}

for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0));
const parent = process.ppid; // changes when the parent dies, even by SIGKILL
setInterval(() => { if (process.ppid !== parent) process.exit(0); }, 1000).unref();
main().catch((error) => { console.error(error); process.exit(1); });
