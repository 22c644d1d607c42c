// What an administrator would click together in a fresh Glewlwyd, by its admin API: the fields of people, the scopes, the OpenID
// plugin with its keys, the people.
import { generateKeyPairSync } from 'node:crypto';

const SCOPES = ['openid', 'profile', 'email', 'groups'];

/** Signs in as the administrator of a new installation and gives back a function that makes calls. */
async function administrator(base) {
  const signedIn = await fetch(`${base}/api/auth/`, { method: 'POST', body: JSON.stringify({ username: 'admin', password: 'password' }), headers: { 'content-type': 'application/json' } });
  const cookie = signedIn.headers.get('set-cookie').split(';')[0];
  return async (method, path, body) => {
    const response = await fetch(`${base}/api${path}`, { method, body: body && JSON.stringify(body), headers: { cookie, 'content-type': 'application/json' } });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  };
}

function keySet(first) {
  const make = (alg, type, options) => ({ ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: `${alg}-1` });
  const keys = [make('RS256', 'rsa', { modulusLength: 2048 }), make('ES256', 'ec', { namedCurve: 'P-256' }), make('EdDSA', 'ed25519')];
  return keys.sort((a, b) => (b.alg === first) - (a.alg === first));
}

const claim = (name, property, scope, more) => ({ name, 'user-property': property, type: 'string', mandatory: false, 'on-demand': false, scope: [scope], ...more });

function plugin(base, keys, pkceRequired) {
  return {
    module: 'oidc', name: 'oidc', display_name: 'OIDC', enabled: true,
    parameters: {
      iss: `${base}/api/oidc`, 'jwks-private': JSON.stringify({ keys }), 'default-kid': keys[0].kid, 'jwks-show': true,
      'access-token-duration': 300, 'refresh-token-duration': 3600, 'code-duration': 60, 'refresh-token-rolling': true,
      'auth-type-code-enabled': true, 'auth-type-refresh-enabled': true, 'auth-type-token-enabled': false, 'auth-type-id-token-enabled': false,
      'auth-type-password-enabled': false, 'auth-type-client-enabled': false, 'auth-type-none-enabled': false, 'auth-type-device-enabled': false,
      'allow-non-oidc': false, 'subject-type': 'public', 'oauth-as-iss-id': true,
      'name-claim': 'mandatory', 'name-claim-scope': ['profile'], 'email-claim': 'mandatory', 'email-claim-scope': ['email'], 'scope-claim': 'no',
      claims: [
        claim('given_name', 'given', 'profile'), claim('family_name', 'family', 'profile'), claim('groups', 'groups', 'groups'),
        claim('email_verified', 'verified', 'email', { type: 'boolean', 'boolean-value-true': 'yes', 'boolean-value-false': 'no' }),
      ],
      'allowed-scope': SCOPES, 'pkce-allowed': true, 'pkce-required': pkceRequired, 'pkce-method-plain-allowed': true,
      'introspection-revocation-allowed': true, 'introspection-revocation-allow-target-client': true,
      'session-management-allowed': true, 'session-cookie-name': 'GLWD_OIDC', 'session-cookie-expiration': 3600,
      'front-channel-logout-allowed': true, 'back-channel-logout-allowed': true, 'request-parameter-allow': true,
      'client-jwks-parameter': 'jwks', 'client-jwks_uri-parameter': 'jwks_uri', 'client-pubkey-parameter': 'pubkey',
      'client-sign_kid-parameter': 'sign_kid', 'encrypt-out-token-allow': false,
    },
  };
}

async function addFields(call) {
  const user = await call('GET', '/mod/user/database');
  for (const name of ['groups', 'given', 'family', 'verified']) {
    user.parameters['data-format'][name] = { multiple: name === 'groups', read: true, write: true, 'profile-read': true, 'profile-write': false };
  }
  await call('PUT', '/mod/user/database', user);
  const client = await call('GET', '/mod/client/database');
  for (const name of ['backchannel_logout_uri', 'backchannel_logout_session_required', 'post_logout_redirect_uris']) {
    client.parameters['data-format'][name] ??= { multiple: name.endsWith('uris'), read: true, write: true };
  }
  await call('PUT', '/mod/client/database', client);
  await call('PUT', '/mod/reload/'); // the database modules take up their new fields
}

/** Turns a new installation at `base` into a provider for `people`. `env` holds ID_TOKEN_ALG and PKCE. */
export async function setUp(base, people, env) {
  const call = await administrator(base);
  await addFields(call);
  for (const name of SCOPES.slice(1)) {
    await call('POST', '/scope/', { name, display_name: name, description: name, password_required: true, scheme: {} });
  }
  const openid = await call('GET', '/scope/openid');
  await call('PUT', '/scope/openid', { ...openid, password_required: true, password_max_age: 0, scheme: {} });
  await call('POST', '/mod/plugin/', plugin(base, keySet(env.ID_TOKEN_ALG || 'RS256'), env.PKCE === 'required'));
  for (const [username, person] of Object.entries(people)) {
    await call('POST', '/user/', {
      username, name: person.name, email: person.email, password: person.password, enabled: true, scope: [...SCOPES, 'g_profile'],
      groups: person.groups, given: person.given, family: person.family, verified: person.email_verified ? 'yes' : 'no',
    });
  }
}
