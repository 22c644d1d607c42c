// Glewlwyd, an OpenID provider in C that shares no code with the other one, set up anew at each start: own folder, own SQLite
// database, own keys, the people of tests/idps/people.json.
//
// Start:  node tests/idps/glewlwyd/start.mjs       prints one line, `READY <base>`; the issuer is <base>/api/oidc
// Stop:   SIGTERM or SIGINT; it also ends when the process that started it ends. Its folder goes with it.
// Needs:  Node 18, the packages glewlwyd and sqlite3
//
//   HOST            address to listen on           127.0.0.22
//   PORT            port; 0 takes a free one       0
//   PEOPLE          file with the people           tests/idps/people.json
//   ID_TOKEN_ALG    RS256, ES256 or EdDSA          RS256
//   PKCE=required   refuses clients without it     optional, S256 and plain
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { queueBefore } from './queue.mjs';
import { setUp } from './setup.mjs';

const env = process.env;
const host = env.HOST || '127.0.0.22';
const inner = { host, port: await freePort() };
const outer = await listen(queueBefore(inner), Number(env.PORT || 0));
const base = `http://${host}:${outer.address().port}`;
const folder = mkdtempSync(join(tmpdir(), 'doorward-glewlwyd-'));
let child;

function listen(server, port) {
  return new Promise((resolve, reject) => { server.on('error', reject).listen(port, host, () => resolve(server)); });
}

async function freePort() {
  const probe = await listen(createServer(), 0);
  const { port } = probe.address();
  await new Promise((resolve) => { probe.close(resolve); });
  return port;
}

function stop(status) {
  child?.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
  process.exit(status);
}

// The packaged web application is the login page; its settings are a dangling link in some releases, so they come from the template.
function lay() {
  const share = '/usr/share/glewlwyd';
  cpSync(`${share}/webapp`, join(folder, 'web'), { recursive: true, dereference: true, filter: (path) => !path.endsWith('config.json') });
  cpSync(`${share}/templates/config.json`, join(folder, 'web/config.json'));
  const schema = readFileSync('/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3');
  execFileSync('sqlite3', [join(folder, 'db')], { input: schema });
  const settings = readFileSync(new URL('glewlwyd.conf', import.meta.url), 'utf8');
  const values = { HOST: host, PORT: inner.port, BASE: base, FOLDER: folder };
  writeFileSync(join(folder, 'conf'), settings.replace(/@(\w+)@/g, (_, name) => values[name]));
}

async function answers(url) {
  for (let i = 0; i < 150; i += 1) {
    const status = await fetch(url).then((response) => response.status, () => 0);
    if (status === 200) return;
    await sleep(100);
  }
  throw new Error(`glewlwyd does not answer at ${url}`);
}

for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => stop(0));
const parent = process.ppid; // changes when the parent dies, even by SIGKILL
setInterval(() => { if (process.ppid !== parent) stop(0); }, 1000).unref();

try {
  lay();
  child = spawn('glewlwyd', [`--config-file=${join(folder, 'conf')}`], { stdio: ['ignore', 'inherit', 'inherit'] });
  child.on('exit', (status) => { console.error(`glewlwyd ended (${status})`); child = undefined; stop(1); });
  child.on('error', (error) => { console.error(error.message); stop(1); });
  await answers(`${base}/config`);
  const people = JSON.parse(readFileSync(env.PEOPLE || new URL('../people.json', import.meta.url), 'utf8'));
  await setUp(base, people, env);
  await answers(`${base}/api/oidc/.well-known/openid-configuration`);
  console.log(`READY ${base}`);
} catch (error) {
  console.error(error);
  stop(1);
}
